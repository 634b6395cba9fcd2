#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "monitoring/row_facts.h"

// The Parquet files of the prediction log, by their names, and what is kept beside each:
//   <first segment>-<last segment>.parquet   its rows
//   <first segment>-<last segment>.ids       what they are like, and of which ids they are
// Predictions lie in folders by when they were asked: an hour ("2026-03-04-07"), or a day or a
// month ("2026-03-04", "2026-03") of small files that were merged.
namespace millwright::monitoring {

struct SegmentRange {
  int64_t first = 0;
  int64_t last = 0;
  bool Covers(const SegmentRange& other) const {
    return first <= other.first && last >= other.last;
  }
  auto operator<=>(const SegmentRange&) const = default;
};
std::string ParquetName(const SegmentRange& segments);
// Nothing for another name.
std::optional<SegmentRange> SegmentsOf(const std::filesystem::path& parquet);

// Hours of the wall clock, counted since 1970.
struct Period {
  int64_t first_hour = 0;
  int64_t hours = 1;
  int64_t end_hour() const { return first_hour + hours; }
  int64_t start_ms() const { return first_hour * kHourMs; }
  int64_t end_ms() const { return end_hour() * kHourMs; }
  bool Covers(const Period& other) const {
    return first_hour <= other.first_hour && end_hour() >= other.end_hour();
  }
  auto operator<=>(const Period&) const = default;
};
Period DayOf(int64_t hour);
Period MonthOf(int64_t hour);
std::string FolderName(const Period& period);
// Nothing for another name.
std::optional<Period> PeriodOf(const std::filesystem::path& folder);

// What the rows of a file are like. Times are of the first and the last, by their size; outcomes
// have asked_* alone: when they became known.
struct FileFacts {
  int64_t rows = 0;
  int64_t asked_first_ms = std::numeric_limits<int64_t>::max();
  int64_t asked_last_ms = std::numeric_limits<int64_t>::min();
  int64_t happened_first_ms = std::numeric_limits<int64_t>::max();
  int64_t happened_last_ms = std::numeric_limits<int64_t>::min();
  OutcomeTraits traits;

  void Add(const FileFacts& other);
};

// A number for an id, the same on every machine and for ever.
uint64_t HashId(std::string_view id);

// What is kept beside a Parquet file. Holds the file mapped, so keep few.
class IdFile {
 public:
  // Throws kNotFound when it is absent, kInternal for what Write did not write.
  explicit IdFile(const std::filesystem::path& file);

  const FileFacts& facts() const { return facts_; }
  // Of the ids of its rows, rising; an outcome by a key has none.
  std::span<const uint64_t> hashes() const { return hashes_; }

  // The bytes of a file; `hashes` in any order.
  static std::string Encode(const FileFacts& facts, std::vector<uint64_t> hashes);
  static std::filesystem::path Beside(const std::filesystem::path& parquet);

 private:
  MappedFile file_;
  FileFacts facts_;
  std::span<const uint64_t> hashes_;
};

// Whether both have a number; each rises.
bool HaveCommon(std::span<const uint64_t> a, std::span<const uint64_t> b);

}  // namespace millwright::monitoring
