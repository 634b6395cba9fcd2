#include "quality/check_history.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/option.h"
#include "quality/expectation_type.h"
#include "quality/report_findings.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

constexpr size_t kObservedBytesMax = 100;
constexpr size_t kKeyColumnsMax = 8;

struct StandingRow {
  Standing standing;
  std::string_view name;
};
constexpr StandingRow kStandings[] = {
    {Standing::kMet, "met"}, {Standing::kNotMet, "not_met"}, {Standing::kNotJudged, "not_judged"}};

Standing ParseStanding(const std::string& name) {
  for (const auto& row : kStandings)
    if (row.name == name) return row.standing;
  throw Internal("Unknown standing of a check: {}", name);
}

std::string BareKey(const Expectation& expectation) {
  const ExpectationType* type = FindExpectationType(expectation.type);
  std::string key(type != nullptr ? type->brief : Clip(expectation.type, kWordsTextMax));
  const std::vector<std::string> columns = ColumnsOf(expectation);
  if (columns.empty()) return key;
  std::string list;
  for (size_t i = 0; i < std::min(columns.size(), kKeyColumnsMax); ++i)
    list += (i == 0 ? "" : ", ") + Clip(columns[i], kWordsTextMax);
  if (columns.size() > kKeyColumnsMax) list += ", …";
  return key + "(" + list + ")";
}

Standing StandingOf(const ExpectationResult& result) {
  if (result.success) return Standing::kMet;
  return result.raised ? Standing::kNotJudged : Standing::kNotMet;
}

Json ObservedOf(const ExpectationResult& result) {
  const Json* observed = result.result.Find("observed_value");
  if (observed == nullptr || observed->is_array() || observed->is_object()) return {};
  if (observed->is_string() && observed->AsString().size() > kObservedBytesMax) return {};
  return *observed;
}

}  // namespace

std::vector<std::string> ExpectationKeys(const std::vector<Expectation>& expectations) {
  std::vector<std::string> keys;
  std::map<std::string, int> seen;
  for (const auto& expectation : expectations) {
    std::string key = BareKey(expectation);
    const int number = ++seen[key];
    if (number > 1) key += "#" + std::to_string(number);
    keys.push_back(std::move(key));
  }
  return keys;
}

std::vector<Expectation> ExpectationsOf(const ValidationResult& result) {
  std::vector<Expectation> expectations;
  for (const auto& one : result.results) expectations.push_back(one.expectation);
  return expectations;
}

size_t FindExpectation(const Suite& suite, const std::string& key) {
  const std::vector<std::string> keys = ExpectationKeys(suite.expectations);
  const auto found = std::find(keys.begin(), keys.end(), key);
  if (found != keys.end()) return static_cast<size_t>(found - keys.begin());
  const std::string nearest = NearestName(key, {keys.begin(), keys.end()});
  throw Error(Code::kNotFound,
              fmt::format("Suite {} has no expectation {}{}", suite.name, key,
                          nearest.empty() ? "" : " (did you mean " + nearest + "?)"));
}

std::string_view StandingName(Standing standing) {
  for (const auto& row : kStandings)
    if (row.standing == standing) return row.name;
  return "";
}

Json OutcomesOf(const ValidationResult& result) {
  const std::vector<std::string> keys = ExpectationKeys(ExpectationsOf(result));
  Json outcomes = Json::MakeArray();
  for (size_t i = 0; i < keys.size(); ++i) {
    const Extent extent = ExtentOf(result.results[i]);
    outcomes.Append(Json(Json::Array{keys[i], StandingName(StandingOf(result.results[i])),
                                     extent.known() ? Json(extent.share()) : Json(),
                                     ObservedOf(result.results[i])}));
  }
  return outcomes;
}

void AddOutcomes(const Json& outcomes, const CheckPoint& point,
                 std::vector<CheckHistory>* histories) {
  std::map<std::string_view, size_t> places;
  for (size_t i = 0; i < histories->size(); ++i) places.emplace((*histories)[i].key, i);
  std::vector<std::pair<size_t, CheckPoint>> points;
  std::vector<CheckHistory> added;
  for (const Json& outcome : outcomes.AsArray("outcomes")) {
    const Json::Array& fields = outcome.AsArray("outcome");
    CheckPoint one = point;
    one.standing = ParseStanding(fields.at(1).AsString());
    if (fields.at(2).is_number()) one.share = fields.at(2).AsDouble();
    one.observed = fields.at(3);
    const std::string& key = fields.at(0).AsString();
    if (const auto found = places.find(key); found != places.end()) {
      points.emplace_back(found->second, std::move(one));
    } else {
      added.push_back({key, {std::move(one)}});
    }
  }
  for (auto& [place, one] : points) {
    auto& list = (*histories)[place].points;
    list.insert(list.begin(), std::move(one));
  }
  for (auto& history : added) histories->push_back(std::move(history));
}

std::vector<CheckHistory> Until(std::vector<CheckHistory> histories, int64_t time_ms) {
  for (auto& history : histories)
    std::erase_if(history.points,
                  [&](const CheckPoint& point) { return point.created_ms > time_ms; });
  std::erase_if(histories, [](const CheckHistory& history) { return history.points.empty(); });
  return histories;
}

}  // namespace millwright::quality
