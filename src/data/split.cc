#include "data/split.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "data/dataset.h"

namespace millwright::data {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::QuoteText;

struct KindRow {
  SplitKind kind;
  std::string_view name;
};

constexpr KindRow kKinds[] = {
    {SplitKind::kTime, "time"},
    {SplitKind::kRandom, "random"},
    {SplitKind::kStratified, "stratified"},
    {SplitKind::kGroup, "group"},
};

// Shares are cut in millionths of the hash's range.
constexpr int64_t kBuckets = 1'000'000;
constexpr double kShareTolerance = 1e-9;

PartSpec PartFromJson(SplitKind kind, const Json& json) {
  PartSpec part;
  part.name = json.At("name").AsString("parts.name");
  RequireName(part.name, "parts.name");
  if (kind == SplitKind::kTime) {
    part.from_ms = ParseTime(json.At("from").AsString("parts.from"));
    part.to_ms = ParseTime(json.At("to").AsString("parts.to"));
    if (part.from_ms >= part.to_ms)
      throw InvalidArgument("Part ends before it starts: {}", part.name).WithField("parts.to");
  } else {
    part.share = json.At("share").AsDouble("parts.share");
    if (!(part.share > 0 && part.share <= 1))
      throw InvalidArgument("Share must be above 0 and at most 1: {}", part.name)
          .WithField("parts.share");
  }
  return part;
}

void RequireApart(const SplitSpec& spec) {
  double shares = 0;
  for (size_t i = 0; i < spec.parts.size(); ++i) {
    const PartSpec& part = spec.parts[i];
    shares += part.share;
    for (size_t j = 0; j < i; ++j) {
      const PartSpec& other = spec.parts[j];
      if (part.name == other.name)
        throw InvalidArgument("Two parts have the same name: {}", part.name).WithField("parts");
      if (part.from_ms < other.to_ms && other.from_ms < part.to_ms)
        throw InvalidArgument("Parts overlap: {} and {}", other.name, part.name).WithField("parts");
    }
  }
  if (shares > 1 + kShareTolerance)
    throw InvalidArgument("Shares of the parts sum up to more than 1: {}", shares)
        .WithField("parts");
}

const Column& FindColumn(const SplitSpec& spec, const std::vector<Column>& columns) {
  for (const auto& column : columns)
    if (column.name == spec.column) return column;
  throw InvalidArgument("Dataset has no column to split by: {}", spec.column).WithField("column");
}

std::string TimestampSql(const Column& column, int64_t time_ms) {
  // "2001-06-01T05:30:00.000Z" is a TIMESTAMPTZ of DuckDB with it and a TIMESTAMP without the Z.
  std::string text = FormatTime(time_ms);
  const bool has_zone = column.sql_type == "TIMESTAMP WITH TIME ZONE";
  if (!has_zone) text.pop_back();
  return fmt::format("{} {}", has_zone ? "TIMESTAMPTZ" : "TIMESTAMP", QuoteText(text));
}

std::vector<std::string> TimePredicates(const SplitSpec& spec, const Column& column) {
  if (column.type != ColumnType::kTimestamp && column.type != ColumnType::kDate)
    throw InvalidArgument("Column to split by time is no date or timestamp: {} is {}", column.name,
                          column.sql_type)
        .WithField("column");
  std::vector<std::string> predicates;
  const std::string name = QuoteName(column.name);
  for (const auto& part : spec.parts)
    predicates.push_back(fmt::format("{} >= {} AND {} < {}", name,
                                     TimestampSql(column, part.from_ms), name,
                                     TimestampSql(column, part.to_ms)));
  return predicates;
}

// A number that only depends on the seed and the key, whatever the library's version.
std::string HashSql(int64_t seed, const std::string& key) {
  return fmt::format("md5_number_lower(concat('{}|', {}))", seed, key);
}

// Calls write(from, to) with each part's range of 0…kBuckets.
template <typename F>
std::vector<std::string> ByShares(const SplitSpec& spec, const F& write) {
  std::vector<std::string> predicates;
  double start = 0;
  for (const auto& part : spec.parts) {
    const auto bucket = [](double share) {
      return std::min<int64_t>(std::llround(share * kBuckets), kBuckets);
    };
    predicates.push_back(write(bucket(start), bucket(start + part.share)));
    start += part.share;
  }
  return predicates;
}

std::vector<std::string> HashPredicates(const SplitSpec& spec, const std::string& key) {
  const std::string hash = HashSql(spec.seed, key);
  return ByShares(spec, [&](int64_t from, int64_t to) {
    return fmt::format("{0} % {1} >= {2} AND {0} % {1} < {3}", hash, kBuckets, from, to);
  });
}

// Ranks the rows of each class by their hash and cuts the ranks, so that shares hold to a row.
std::vector<std::string> StratifiedPredicates(const SplitSpec& spec, const Column& column) {
  const std::string name = QuoteName(column.name);
  return ByShares(spec, [&](int64_t from, int64_t to) {
    return fmt::format(
        "file_row_number IN (SELECT n FROM (SELECT file_row_number AS n, "
        "(row_number() OVER (PARTITION BY {0} ORDER BY {1}, file_row_number) * 2 - 1) * {2} AS "
        "place, "
        "count(*) OVER (PARTITION BY {0}) * 2 AS size FROM {3}) "
        "WHERE place >= {4} * size AND place < {5} * size)",
        name, HashSql(spec.seed, "file_row_number"), kBuckets, kTableMark, from, to);
  });
}

}  // namespace

std::string_view SplitKindName(SplitKind kind) {
  for (const auto& row : kKinds)
    if (row.kind == kind) return row.name;
  return "";
}

SplitKind ParseSplitKind(std::string_view name) {
  for (const auto& row : kKinds)
    if (row.name == name) return row.kind;
  throw InvalidArgument("Kind of a split must be time, random, stratified or group: {}", name)
      .WithField("kind");
}

SplitSpec SplitSpec::FromJson(const Json& json) {
  SplitSpec spec;
  spec.kind = ParseSplitKind(json.At("kind").AsString("kind"));
  spec.column = json.GetString("column");
  spec.seed = json.GetInt("seed");
  if (spec.column.empty() && spec.kind != SplitKind::kRandom)
    throw InvalidArgument("Split by {} needs a column", SplitKindName(spec.kind))
        .WithField("column");
  const auto& parts = json.At("parts").AsArray("parts");
  if (parts.empty() || parts.size() > kPartsMax)
    throw InvalidArgument("Split needs 1 to {} parts: {}", kPartsMax, parts.size())
        .WithField("parts");
  for (const Json& part : parts) spec.parts.push_back(PartFromJson(spec.kind, part));
  RequireApart(spec);
  return spec;
}

Json SplitSpec::ToJson() const {
  Json list = Json::MakeArray();
  for (const auto& part : parts) {
    Json item = Json::Of({{"name", part.name}});
    if (kind == SplitKind::kTime) {
      item.Set("from", FormatTime(part.from_ms)).Set("to", FormatTime(part.to_ms));
    } else {
      item.Set("share", part.share);
    }
    list.Append(std::move(item));
  }
  return Json::Of(
      {{"kind", SplitKindName(kind)}, {"column", column}, {"seed", seed}, {"parts", list}});
}

std::vector<std::string> PartPredicates(const SplitSpec& spec, const std::vector<Column>& columns) {
  switch (spec.kind) {
    case SplitKind::kTime:
      return TimePredicates(spec, FindColumn(spec, columns));
    case SplitKind::kStratified:
      return StratifiedPredicates(spec, FindColumn(spec, columns));
    case SplitKind::kGroup:
      return HashPredicates(spec, QuoteName(FindColumn(spec, columns).name));
    case SplitKind::kRandom:
      break;
  }
  if (spec.column.empty()) return HashPredicates(spec, "file_row_number");
  return HashPredicates(spec, QuoteName(FindColumn(spec, columns).name));
}

}  // namespace millwright::data
