#include "quality/report_remarks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "quality/report_html.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

constexpr int kBarWidth = 7;
constexpr int kBarHeight = 18;
constexpr size_t kRemarkCharactersMax = 600;

// How many points of a history are shown, and the first of them.
size_t FirstShown(const CheckHistory& history) {
  const size_t count = history.points.size();
  return count > kHistoryShownMax ? count - kHistoryShownMax : 0;
}

std::string PointText(const CheckPoint& point) {
  std::string text =
      point.version > 0 ? fmt::format("version {}", point.version) : FormatTime(point.created_ms);
  text += point.standing == Standing::kMet      ? ": met"
          : point.standing == Standing::kNotMet ? ": not met"
                                                : ": could not be judged";
  if (point.share) text += ", " + PercentText(*point.share) + " unexpected";
  if (!point.observed.is_null()) text += ", observed " + FigureText(point.observed);
  return text;
}

// A bar a validation: as high as the greatest share of unexpected values, at least a stub.
std::string BarsHtml(const CheckHistory& history) {
  double greatest = 0;
  for (size_t i = FirstShown(history); i < history.points.size(); ++i)
    greatest = std::max(greatest, history.points[i].share.value_or(0));
  const size_t count = history.points.size() - FirstShown(history);
  std::string html = fmt::format(
      "<svg class=\"history-bars\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "role=\"img\" aria-label=\"The last {2} validations\">",
      count * kBarWidth, kBarHeight, count);
  for (size_t i = 0; i < count; ++i) {
    const CheckPoint& point = history.points[FirstShown(history) + i];
    const bool is_whole = !point.share && point.standing != Standing::kMet;
    const double part = greatest > 0 ? point.share.value_or(0) / greatest : 0;
    const int height = is_whole ? kBarHeight : 3 + static_cast<int>(part * (kBarHeight - 3));
    html += fmt::format(
        "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
        point.standing == Standing::kMet      ? "met"
        : point.standing == Standing::kNotMet ? "not-met"
                                              : "not-judged",
        i * kBarWidth, kBarHeight - height, kBarWidth - 2, height, Escape(PointText(point)));
  }
  return html + "</svg>";
}

std::string HistoryText(const CheckHistory& history) {
  int met = 0;
  const size_t first = FirstShown(history);
  for (size_t i = first; i < history.points.size(); ++i)
    met += history.points[i].standing == Standing::kMet ? 1 : 0;
  return fmt::format("met {} of the last {} times", met, history.points.size() - first);
}

bool IsMixed(const CheckHistory& history) {
  return std::any_of(history.points.begin(), history.points.end(), [](const CheckPoint& point) {
    return point.standing != Standing::kMet || point.share.value_or(0) > 0;
  });
}

// "2026-11-21 09:13", in UTC.
std::string MinuteText(int64_t time_ms) {
  std::string text = FormatTime(time_ms).substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string Said(std::string_view who, int64_t time_ms, const std::string& text) {
  return fmt::format("<li><b>{}</b> <time>{}</time> {}</li>", Escape(Clip(who, kWordsTextMax)),
                     MinuteText(time_ms), Escape(Clip(text, kRemarkCharactersMax)));
}

std::string ProposalText(const SuiteProposal& proposal) {
  std::string text =
      "holds this to be wrong: " + proposal.change.Words(proposal.base) + ". " + proposal.reason;
  if (proposal.state == SuiteProposal::State::kOpen) return text + " (open)";
  return text + fmt::format(" ({} by {}{})", ProposalStateName(proposal.state), proposal.decided_by,
                            proposal.decision.empty() ? "" : ": " + proposal.decision);
}

}  // namespace

ReportRemarks::ReportRemarks(const ReportNotes& notes) {
  for (const auto& history : notes.histories) histories_.emplace(history.key, &history);
  for (const auto& comment : notes.comments) comments_.emplace(comment.expectation, &comment);
  for (const auto& proposal : notes.proposals) proposals_.emplace(proposal.expectation, &proposal);
}

std::string ReportRemarks::Html(const std::string& key) {
  std::string html;
  const auto history = histories_.find(key);
  if (history != histories_.end() && history->second->points.size() > 1) {
    html += "<p class=\"history\">";
    if (bytes_ < kReportRemarksBytesMax && IsMixed(*history->second))
      html += BarsHtml(*history->second);
    html += "<span class=\"remark\">" + HistoryText(*history->second) + "</span></p>";
  }
  std::string said;
  size_t count = 0;
  for (auto [at, end] = proposals_.equal_range(key); at != end && count < kReportRemarksMax; ++at)
    said += Said(at->second->who, at->second->created_ms, ProposalText(*at->second)), ++count;
  for (auto [at, end] = comments_.equal_range(key); at != end && count < kReportRemarksMax; ++at)
    said += Said(at->second->who, at->second->created_ms, at->second->text), ++count;
  if (!said.empty() && bytes_ < kReportRemarksBytesMax)
    html += "<ul class=\"said\">" + said + "</ul>";
  bytes_ += html.size();
  return html;
}

}  // namespace millwright::quality
