#include "quality/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "quality/report_findings.h"
#include "quality/report_html.h"
#include "quality/report_remarks.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

// Failed expectations whose rows are unfolded at first; a longer report keeps the others folded.
constexpr size_t kUnfoldedMax = 12;
constexpr size_t kParametersMax = 20;
constexpr size_t kNoteCharactersMax = 400;
// Parts of kReportBytesMax; the head, the style and the foot share what is left.
constexpr size_t kFailuresBytesMax = 550'000;
constexpr size_t kPassedBytesMax = 230'000;

std::string TextAt(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return "";
  return Clip(ValueText(*value), kWordsTextMax);
}

// "21 November 2026, 09:13 UTC".
std::string TimeText(int64_t time_ms) {
  static constexpr const char* kMonths[] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};
  const auto seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "";
  return fmt::format("{} {} {}, {:02}:{:02} UTC", parts.tm_mday, kMonths[parts.tm_mon],
                     int64_t{parts.tm_year} + 1900, parts.tm_hour, parts.tm_min);
}

struct Tally {
  int64_t met = 0, not_met = 0, not_judged = 0, rows = 0;

  int64_t all() const { return met + not_met + not_judged; }
};

Tally TallyOf(const ValidationResult& validation) {
  Tally tally;
  for (const ExpectationResult& result : validation.results) {
    int64_t& count = result.success ? tally.met : result.raised ? tally.not_judged : tally.not_met;
    ++count;
    const Extent extent = ExtentOf(result);
    if (extent.known()) tally.rows = std::max(tally.rows, extent.judged + extent.missing);
  }
  return tally;
}

std::string VerdictText(const Tally& tally) {
  const auto all = CountText(tally.all());
  if (tally.all() == 0) return "The suite has no expectations.";
  if (tally.met == tally.all()) {
    return tally.all() == 1 ? "The one expectation is met."
                            : fmt::format("All {} expectations are met.", all);
  }
  const std::string of = fmt::format("of {}", CountOf(tally.all(), "expectation"));
  const auto are = [](int64_t count) { return count == 1 ? "is" : "are"; };
  std::string text;
  if (tally.not_met > 0) {
    text = fmt::format("{} {} {} not met", CountText(tally.not_met), of, are(tally.not_met));
  }
  if (tally.not_judged > 0) {
    text += text.empty() ? fmt::format("{} {} could not be judged", CountText(tally.not_judged), of)
                         : fmt::format("; {} could not be judged", CountText(tally.not_judged));
  }
  return text + ".";
}

// What somebody wrote beside an expectation: its description and the notes of its meta.
std::string NoteHtml(const Expectation& expectation) {
  std::string html;
  const auto add = [&](const std::string& text) {
    if (text.empty()) return;
    html += "<p class=\"note\">" + Escape(Clip(text, kNoteCharactersMax)) + "</p>";
  };
  add(expectation.description);
  for (const char* key : {"why", "notes"}) {
    const Json* note = expectation.meta.Find(key);
    if (note != nullptr && note->is_object()) note = note->Find("content");
    if (note != nullptr && note->is_array() && !note->AsArray().empty()) {
      note = &note->AsArray().front();
    }
    if (note != nullptr && note->is_string()) add(note->AsString());
  }
  return html;
}

class Page {
 public:
  Page(const ValidationResult& validation, const ReportNotes& notes)
      : validation_(validation),
        tally_(TallyOf(validation)),
        keys_(ExpectationKeys(ExpectationsOf(validation))),
        remarks_(notes) {}

  std::string Render() {
    Head();
    Summary();
    Failures("not-met", "Not met", tally_.not_met, false);
    Failures("not-judged", "Could not be judged", tally_.not_judged, true);
    Passed();
    html_ += "</main>\n</body>\n</html>\n";
    return std::move(html_);
  }

 private:
  std::string Suite() const {
    return Clip(validation_.suite.empty() ? TextAt(validation_.meta, "suite") : validation_.suite,
                kWordsTextMax);
  }

  std::string Dataset() const {
    const std::string dataset = TextAt(validation_.meta, "dataset");
    const std::string version = TextAt(validation_.meta, "version");
    return dataset.empty() || version.empty() ? dataset : dataset + "@" + version;
  }

  void Head() {
    const std::string suite = Suite().empty() ? "Validation" : Suite();
    const std::string dataset = Dataset();
    const std::string title = suite + (dataset.empty() ? "" : " on " + dataset);
    html_ += PageHeadHtml(title, "", "Data validation") + "<h1>" + Escape(suite);
    if (!dataset.empty()) html_ += " <span>on</span> " + Escape(dataset);
    html_ += "</h1>\n";
    const Json* created = validation_.meta.Find("created_ms");
    if (created != nullptr && created->is_int()) {
      html_ += "<p class=\"when\">" + TimeText(created->AsInt()) + "</p>\n";
    }
    html_ += "</header>\n";
  }

  void Summary() {
    html_ += fmt::format("<section class=\"verdict {}\">\n<p><strong>{}</strong> {}</p>\n",
                         validation_.success ? "passed" : "failed",
                         validation_.success ? "Passed." : "Failed.", VerdictText(tally_));
    if (tally_.all() > 0) {
      html_ += "<div class=\"share-bar\" aria-hidden=\"true\">";
      Stripe("met", tally_.met);
      Stripe("not-met", tally_.not_met);
      Stripe("not-judged", tally_.not_judged);
      html_ += "</div>\n<dl>";
      const double share = static_cast<double>(tally_.met) / static_cast<double>(tally_.all());
      Figure("met", "Met", CountText(tally_.met));
      Figure("not-met", "Not met", CountText(tally_.not_met));
      if (tally_.not_judged > 0) {
        Figure("not-judged", "Not judged", CountText(tally_.not_judged));
      }
      Figure("", "Success", PercentText(share));
      if (tally_.rows > 0) Figure("", "Rows", CountText(tally_.rows));
      html_ += "</dl>\n";
    }
    Parameters();
    html_ += "</section>\n";
  }

  void Stripe(std::string_view kind, int64_t count) {
    if (count == 0) return;
    html_ += fmt::format("<i class=\"{}\" style=\"flex-grow:{}\"></i>", kind, count);
  }

  void Figure(std::string_view kind, std::string_view label, const std::string& text) {
    html_ += fmt::format("<div class=\"{}\"><dt>{}</dt><dd>{}</dd></div>", kind, label, text);
  }

  void Parameters() {
    if (!validation_.parameters.is_object() || validation_.parameters.AsObject().empty()) return;
    const Json::Object& parameters = validation_.parameters.AsObject();
    html_ += "<p class=\"parameters\">With ";
    const size_t shown = std::min(parameters.size(), kParametersMax);
    for (size_t i = 0; i < shown; ++i) {
      html_ += i == 0 ? "" : ", ";
      html_ += Escape(Clip(parameters[i].first, kWordsTextMax)) + " = ";
      html_ += ValueHtml(parameters[i].second);
    }
    if (shown < parameters.size()) {
      html_ +=
          fmt::format(" and {} more", CountText(static_cast<int64_t>(parameters.size() - shown)));
    }
    html_ += "</p>\n";
  }

  void Heading(std::string_view id, std::string_view title, int64_t count) {
    html_ += fmt::format("<section id=\"{}\">\n<h2>{} <span class=\"count\">{}</span></h2>\n", id,
                         title, CountText(count));
  }

  void Failures(std::string_view id, std::string_view title, int64_t count, bool raised) {
    if (count == 0) return;
    Heading(id, title, count);
    int64_t shown = 0;
    for (const ExpectationResult& result : validation_.results) {
      if (result.success || result.raised != raised) continue;
      if (shown == static_cast<int64_t>(kReportFailuresMax)) break;
      const std::string article = Article(result, id);
      if (failure_bytes_ + article.size() > kFailuresBytesMax) break;
      failure_bytes_ += article.size();
      html_ += article;
      ++shown;
    }
    if (shown < count) {
      html_ += fmt::format("<p class=\"more\">… and {} more</p>\n", CountText(count - shown));
    }
    html_ += "</section>\n";
  }

  std::string Article(const ExpectationResult& result, std::string_view kind) {
    const Rows rows = articles_++ < kUnfoldedMax ? Rows::kOpen : Rows::kFolded;
    return fmt::format(
        "<article class=\"{}\">\n<h3>{}</h3>\n<p class=\"type\">{}</p>\n{}{}{}\n</article>\n", kind,
        SentenceHtml(DescribeExpectation(result.expectation, validation_.parameters)),
        Escape(Clip(result.expectation.type, kWordsTextMax)), NoteHtml(result.expectation),
        FindingsHtml(result, rows), remarks_.Html(KeyOf(result)));
  }

  const std::string& KeyOf(const ExpectationResult& result) const {
    return keys_[static_cast<size_t>(&result - validation_.results.data())];
  }

  // Names the group of a passed expectation: its column, the table, or several columns.
  static std::string GroupOf(const Expectation& expectation) {
    const std::vector<std::string> columns = ColumnsOf(expectation);
    return columns.size() == 1 ? "column " + columns[0] : columns.empty() ? "Table" : "Rows";
  }

  static std::string GroupHtml(const std::string& group) {
    static constexpr std::string_view kColumn = "column ";
    if (!group.starts_with(kColumn)) return group;
    return "<b class=\"column\">" + Escape(Clip(group.substr(kColumn.size()), kWordsTextMax)) +
           "</b>";
  }

  std::string Item(const ExpectationResult& result) {
    const std::string remark = PassedRemarkHtml(result);
    return "<li>" + SentenceHtml(DescribeExpectation(result.expectation, validation_.parameters)) +
           (remark.empty() ? "" : "<span class=\"remark\">" + remark + "</span>") +
           remarks_.Html(KeyOf(result)) + "</li>\n";
  }

  void Passed() {
    if (tally_.met == 0) return;
    Heading("met", "Met", tally_.met);
    std::vector<std::string> order;
    std::map<std::string, std::vector<const ExpectationResult*>> groups;
    for (const ExpectationResult& result : validation_.results) {
      if (!result.success) continue;
      const std::string group = GroupOf(result.expectation);
      if (groups.count(group) == 0) order.push_back(group);
      groups[group].push_back(&result);
    }
    std::stable_partition(order.begin(), order.end(), [](const std::string& group) {
      return group == "Table" || group == "Rows";
    });
    int64_t shown = 0;
    size_t bytes = 0;
    html_ += "<dl class=\"groups\">\n";
    for (const std::string& group : order) {
      if (bytes > kPassedBytesMax) break;
      std::string html = "<div><dt>" + GroupHtml(group) + "</dt><dd><ul>\n";
      for (const ExpectationResult* result : groups[group]) {
        if (bytes + html.size() > kPassedBytesMax) break;
        html += Item(*result);
        ++shown;
      }
      html += "</ul></dd></div>\n";
      bytes += html.size();
      html_ += html;
    }
    html_ += "</dl>\n";
    if (shown < tally_.met) {
      html_ += fmt::format("<p class=\"more\">… and {} more</p>\n", CountText(tally_.met - shown));
    }
    html_ += "</section>\n";
  }

  const ValidationResult& validation_;
  const Tally tally_;
  const std::vector<std::string> keys_;
  ReportRemarks remarks_;
  std::string html_;
  size_t failure_bytes_ = 0;
  size_t articles_ = 0;
};

}  // namespace

std::string RenderReport(const ValidationResult& result, const ReportNotes& notes) {
  return Page(result, notes).Render();
}

}  // namespace millwright::quality
