#include "monitoring/log_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

namespace millwright::monitoring {
namespace {

constexpr std::string_view kMagic = "MWIDS\x01\r\n";
constexpr size_t kNumberBytes = sizeof(uint64_t);
constexpr int64_t kHoursPerDay = 24;

std::chrono::sys_days DayAt(int64_t hour) {
  return std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::hours(hour)));
}

int64_t HourOfDay(std::chrono::sys_days day) {
  return int64_t{day.time_since_epoch().count()} * kHoursPerDay;
}

void AppendNumber(uint64_t number, std::string* out) {
  for (size_t i = 0; i < kNumberBytes; ++i) *out += static_cast<char>(number >> (8 * i));
}

Json ToJson(const FileFacts& facts) {
  Json inputs = Json::MakeArray();
  for (const std::string& input : facts.traits.key_inputs) inputs.Append(input);
  return Json::Of({{"rows", facts.rows},
                   {"asked_first_ms", facts.asked_first_ms},
                   {"asked_last_ms", facts.asked_last_ms},
                   {"happened_first_ms", facts.happened_first_ms},
                   {"happened_last_ms", facts.happened_last_ms},
                   {"key_inputs", inputs},
                   {"has_feedback", facts.traits.has_feedback},
                   {"has_sources", facts.traits.has_sources}});
}

FileFacts FactsFrom(const Json& json) {
  FileFacts facts{.rows = json.At("rows").AsInt(),
                  .asked_first_ms = json.At("asked_first_ms").AsInt(),
                  .asked_last_ms = json.At("asked_last_ms").AsInt(),
                  .happened_first_ms = json.At("happened_first_ms").AsInt(),
                  .happened_last_ms = json.At("happened_last_ms").AsInt(),
                  .traits = {}};
  for (const Json& input : json.At("key_inputs").AsArray()) {
    facts.traits.key_inputs.insert(input.AsString());
  }
  facts.traits.has_feedback = json.At("has_feedback").AsBool();
  facts.traits.has_sources = json.At("has_sources").AsBool();
  return facts;
}

}  // namespace

std::string ParquetName(const SegmentRange& segments) {
  return fmt::format("{:08d}-{:08d}.parquet", segments.first, segments.last);
}

std::optional<SegmentRange> SegmentsOf(const std::filesystem::path& parquet) {
  SegmentRange range;
  int end = 0;
  const std::string name = parquet.filename().string();
  if (std::sscanf(name.c_str(), "%18ld-%18ld.parquet%n", &range.first, &range.last, &end) != 2) {
    return std::nullopt;
  }
  return end == static_cast<int>(name.size()) ? std::optional(range) : std::nullopt;
}

Period DayOf(int64_t hour) {
  return {HourOfDay(DayAt(hour)), kHoursPerDay};
}

Period MonthOf(int64_t hour) {
  const std::chrono::year_month_day date(DayAt(hour));
  const auto month = date.year() / date.month();
  const int64_t first = HourOfDay(std::chrono::sys_days(month / 1));
  return {first, HourOfDay(std::chrono::sys_days((month + std::chrono::months(1)) / 1)) - first};
}

std::string FolderName(const Period& period) {
  std::string name = FormatTime(period.start_ms()).substr(0, 13);  // 2026-03-04T07
  name[10] = '-';
  if (period.hours > kHoursPerDay) return name.substr(0, 7);
  return period.hours > 1 ? name.substr(0, 10) : name;
}

std::optional<Period> PeriodOf(const std::filesystem::path& folder) {
  const std::string name = folder.filename().string();
  int year = 0, month = 0, day = 1, hour = 0, end = 0;
  // Each number that is read says where the name may end.
  int ends[3] = {0, 0, 0};
  const int parts = std::sscanf(name.c_str(), "%4d-%2d%n-%2d%n-%2d%n", &year, &month, &ends[0],
                                &day, &ends[1], &hour, &ends[2]);
  if (parts < 2 || parts > 4) return std::nullopt;
  end = ends[parts - 2];
  if (end != static_cast<int>(name.size())) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour < 0 || hour >= kHoursPerDay) return std::nullopt;
  const int64_t first = HourOfDay(std::chrono::sys_days(date)) + hour;
  return parts == 4 ? Period{first, 1} : parts == 3 ? DayOf(first) : MonthOf(first);
}

void FileFacts::Add(const FileFacts& other) {
  rows += other.rows;
  asked_first_ms = std::min(asked_first_ms, other.asked_first_ms);
  asked_last_ms = std::max(asked_last_ms, other.asked_last_ms);
  happened_first_ms = std::min(happened_first_ms, other.happened_first_ms);
  happened_last_ms = std::max(happened_last_ms, other.happened_last_ms);
  traits.Add(other.traits);
}

// FNV-1a, then the finalizer of splitmix64: ids that differ in their last digit lie far apart.
uint64_t HashId(std::string_view id) {
  uint64_t hash = 0xCBF29CE484222325U;
  for (char c : id) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3U;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9U;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBU;
  return hash ^ (hash >> 31);
}

std::string IdFile::Encode(const FileFacts& facts, std::vector<uint64_t> hashes) {
  std::sort(hashes.begin(), hashes.end());
  std::string head = ToJson(facts).Dump();
  head.resize((head.size() + kNumberBytes - 1) / kNumberBytes * kNumberBytes, ' ');
  std::string bytes(kMagic);
  AppendNumber(head.size(), &bytes);
  bytes += head;
  bytes.append(reinterpret_cast<const char*>(hashes.data()), hashes.size() * kNumberBytes);
  return bytes;
}

std::filesystem::path IdFile::Beside(const std::filesystem::path& parquet) {
  std::filesystem::path file = parquet;
  return file.replace_extension(".ids");
}

IdFile::IdFile(const std::filesystem::path& file) : file_(file) {
  const std::string_view bytes = file_.bytes();
  const size_t fixed = kMagic.size() + kNumberBytes;
  uint64_t head = 0;
  const bool has_head = bytes.starts_with(kMagic) && bytes.size() >= fixed;
  if (has_head) std::memcpy(&head, bytes.data() + kMagic.size(), kNumberBytes);
  if (!has_head || head > bytes.size() - fixed || (bytes.size() - fixed - head) % kNumberBytes) {
    throw Internal("This is no file of ids: {}", file.string());
  }
  facts_ = FactsFrom(ParseJson(bytes.substr(fixed, head)));
  const std::string_view rest = bytes.substr(fixed + head);
  hashes_ = {reinterpret_cast<const uint64_t*>(rest.data()), rest.size() / kNumberBytes};
}

// Goes through the shorter and looks ahead in the longer, in steps that double.
bool HaveCommon(std::span<const uint64_t> a, std::span<const uint64_t> b) {
  if (a.size() > b.size()) std::swap(a, b);
  size_t at = 0;
  for (uint64_t wanted : a) {
    size_t step = 1;
    while (at + step < b.size() && b[at + step] < wanted) {
      at += step;
      step *= 2;
    }
    const auto end = b.begin() + static_cast<ptrdiff_t>(std::min(b.size(), at + step + 1));
    const auto found = std::lower_bound(b.begin() + static_cast<ptrdiff_t>(at), end, wanted);
    if (found == b.end()) return false;
    if (*found == wanted) return true;
    at = static_cast<size_t>(found - b.begin());
  }
  return false;
}

}  // namespace millwright::monitoring
