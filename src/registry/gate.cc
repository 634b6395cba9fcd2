#include "registry/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace millwright::registry {
namespace {

constexpr std::string_view kParityCheck = "parity";
constexpr std::string_view kScanCheck = "scan";

std::string Number(double value) {
  std::string text;
  AppendJsonDouble(value, &text);
  return text;
}

// Says what a value is not, before the number that it is compared with.
std::string Shortfall(const MetricBound& bound) {
  const double gain = *bound.better_than_champion;
  if (gain == 0) return bound.lower_is_better ? "is above" : "is below";
  if (gain < 0) return fmt::format("is more than {} worse than", Number(-gain));
  return fmt::format("is not {} better than", Number(gain));
}

GateVerdict JudgeMetric(const MetricBound& bound, const GateRequest& request) {
  GateVerdict verdict{.gate = "metric " + bound.name};
  const auto found = request.metrics.find(bound.name);
  if (found == request.metrics.end()) {
    verdict.reason = fmt::format("{} was not logged by the run of version {}", bound.name,
                                 request.candidate.version);
    return verdict;
  }
  const double value = found->second;
  // Written so that NaN fails.
  if (bound.min && !(value >= *bound.min)) {
    verdict.reason =
        fmt::format("{} {} is below the minimum {}", bound.name, Number(value), Number(*bound.min));
    return verdict;
  }
  if (bound.max && !(value <= *bound.max)) {
    verdict.reason =
        fmt::format("{} {} is above the maximum {}", bound.name, Number(value), Number(*bound.max));
    return verdict;
  }
  if (bound.better_than_champion && request.holder) {
    const auto held = request.holder_metrics.find(bound.name);
    if (held == request.holder_metrics.end()) {
      verdict.reason = fmt::format(
          "{} {} has nothing to be compared with: the run of version {}, "
          "{}, did not log it",
          bound.name, Number(value), request.holder->version, request.holder_words);
      return verdict;
    }
    // Compared as sums, so that 0.71 is 0.01 better than 0.7; NaN is never better.
    const bool better = bound.lower_is_better ? value <= held->second - *bound.better_than_champion
                                              : value >= held->second + *bound.better_than_champion;
    if (!better) {
      verdict.reason =
          fmt::format("{} {} {} {} of version {}, {}", bound.name, Number(value), Shortfall(bound),
                      Number(held->second), request.holder->version, request.holder_words);
      return verdict;
    }
    verdict.passed = true;
    verdict.reason = fmt::format("{} is {}, against {} of version {}", bound.name, Number(value),
                                 Number(held->second), request.holder->version);
    return verdict;
  }
  verdict.passed = true;
  verdict.reason = fmt::format("{} is {}", bound.name, Number(value));
  return verdict;
}

const Check* FindCheck(std::string_view name, const GateRequest& request) {
  const auto found = std::find_if(request.checks.begin(), request.checks.end(),
                                  [&](const Check& other) { return other.name == name; });
  return found == request.checks.end() ? nullptr : &*found;
}

GateVerdict JudgeCheck(std::string_view name, const GateRequest& request) {
  const Check* check = FindCheck(name, request);
  GateVerdict verdict{.gate = fmt::format("check {}", name)};
  if (check == nullptr) {
    verdict.reason =
        fmt::format("check {} was not run on version {}", name, request.candidate.version);
    return verdict;
  }
  verdict.passed = check->passed;
  verdict.reason =
      fmt::format("check {} {}: {}", name, check->passed ? "passed" : "failed", check->summary);
  return verdict;
}

GateVerdict JudgeParity(const ParityRule& rule, const GateRequest& request) {
  GateVerdict verdict = JudgeCheck(kParityCheck, request);
  if (!verdict.passed || !rule.max) return verdict;
  const Json* found = FindCheck(kParityCheck, request)->details.Find("max_abs_difference");
  if (found == nullptr || !found->is_number()) {
    verdict.passed = false;
    verdict.reason = "check parity does not say by how much the outputs differ";
    return verdict;
  }
  verdict.passed = found->AsDouble() <= *rule.max;
  verdict.reason = fmt::format("outputs differ by {} at most, {} is allowed",
                               Number(found->AsDouble()), Number(*rule.max));
  return verdict;
}

GateVerdict JudgeApprovals(const ApprovalRule& rule, const GateRequest& request) {
  std::set<std::string> people;
  for (const Approval& approval : request.approvals) {
    if (approval.gate != request.spec.name) continue;
    if (!rule.author_counts && approval.who == request.author) continue;
    const bool counts =
        rule.by.empty() || std::find(rule.by.begin(), rule.by.end(), approval.who) != rule.by.end();
    if (counts) people.insert(approval.who);
  }
  GateVerdict verdict{.gate = "approvals"};
  verdict.passed = std::ssize(people) >= rule.count;
  verdict.reason = fmt::format(
      "version {} has {} of {} approvals{}", request.candidate.version, people.size(), rule.count,
      people.empty() ? "" : fmt::format(", by {}", fmt::join(people, ", ")));
  return verdict;
}

}  // namespace

std::string NameOf(const GateTarget& target) {
  if (target.stage) return fmt::format("stage '{}'", StageName(*target.stage));
  return fmt::format("alias '{}'", target.alias);
}

std::vector<GateVerdict> JudgeSpec(const GateRequest& request) {
  const GateSpec& spec = request.spec;
  std::vector<GateVerdict> verdicts;
  for (const auto& bound : spec.metrics) verdicts.push_back(JudgeMetric(bound, request));
  for (const auto& check : spec.checks) verdicts.push_back(JudgeCheck(check, request));
  if (spec.parity) verdicts.push_back(JudgeParity(*spec.parity, request));
  if (spec.scan) verdicts.push_back(JudgeCheck(kScanCheck, request));
  if (spec.approvals) verdicts.push_back(JudgeApprovals(*spec.approvals, request));
  return verdicts;
}

std::string Refusals(const std::vector<GateVerdict>& verdicts) {
  std::string text;
  for (const auto& verdict : verdicts) {
    if (verdict.passed) continue;
    if (!text.empty()) text += "; ";
    if (!verdict.gate_name.empty()) text += fmt::format("{}: ", verdict.gate_name);
    text += verdict.reason;
  }
  return text;
}

Json VerdictsToJson(const std::vector<GateVerdict>& verdicts) {
  Json list = Json::MakeArray();
  for (const auto& verdict : verdicts) {
    Json item =
        Json::Of({{"gate", verdict.gate}, {"passed", verdict.passed}, {"reason", verdict.reason}});
    if (!verdict.gate_name.empty()) item.Set("gate_name", verdict.gate_name);
    if (!verdict.details.is_null()) item.Set("details", verdict.details);
    list.Append(std::move(item));
  }
  return list;
}

}  // namespace millwright::registry
