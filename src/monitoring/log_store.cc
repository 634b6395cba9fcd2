#include "monitoring/log_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/valid_text.h"
#include "monitoring/prediction.h"

namespace millwright::monitoring {

namespace fs = std::filesystem;
using analytics::QuoteText;

namespace {

// This many small files of one folder are merged into one.
constexpr size_t kFilesMax = 16;
// When rows happened of which a file does not say it.
constexpr TimeRange kAnyTime;

constexpr std::pair<const char*, const char*> kPredictionColumns[] = {
    {"id", "VARCHAR"},           {"endpoint", "VARCHAR"},  {"model_version", "VARCHAR"},
    {"revision", "VARCHAR"},     {"role", "VARCHAR"},      {"time_ms", "BIGINT"},
    {"event_time_ms", "BIGINT"}, {"latency_us", "BIGINT"}, {"caller", "VARCHAR"},
    {"error", "VARCHAR"},        {"cached", "BOOLEAN"},    {"trace_id", "VARCHAR"},
};
constexpr std::pair<const char*, const char*> kOutcomeColumns[] = {
    {"prediction_id", "VARCHAR"}, {"endpoint", "VARCHAR"},  {"time_ms", "BIGINT"},
    {"who", "VARCHAR"},           {"number", "DOUBLE"},     {"text", "VARCHAR"},
    {"sequence", "BIGINT"},       {"kind", "VARCHAR"},      {"comment", "VARCHAR"},
    {"key_input", "VARCHAR"},     {"key_value", "VARCHAR"}, {"within_ms", "BIGINT"},
    {"source", "VARCHAR"},
};

template <typename F>
void ForEachFixedColumn(RecordKind kind, F&& each) {
  if (kind == RecordKind::kPrediction) {
    for (const auto& [name, type] : kPredictionColumns) each(name, type);
  } else {
    for (const auto& [name, type] : kOutcomeColumns) each(name, type);
  }
}

std::string ColumnsSql(RecordKind kind, const Schema& schema) {
  std::string sql = "{";
  const auto add = [&](std::string_view name, std::string_view type) {
    if (sql.size() > 1) sql += ", ";
    sql += QuoteText(name) + ": " + QuoteText(type);
  };
  ForEachFixedColumn(kind, add);
  for (const auto& [name, type] : schema) add(name, type);
  return sql + "}";
}

std::string ReadLinesSql(const fs::path& file, RecordKind kind, const Schema& schema) {
  return "read_json(" + QuoteText(file.string()) +
         ", format = 'newline_delimited', columns = " + ColumnsSql(kind, schema) + ")";
}

// Has all fixed columns, also those that files of earlier releases lack.
std::string NoRowsSql(RecordKind kind) {
  std::string columns;
  ForEachFixedColumn(kind, [&](const char* name, const char* type) {
    if (!columns.empty()) columns += ", ";
    columns += std::string("CAST(NULL AS ") + type + ") AS " + name;
  });
  return "(SELECT " + columns + " WHERE FALSE)";
}

// What a source told first counts; what it tells again was told already.
std::string OncePerSource(const std::string& outcomes) {
  return "(SELECT * FROM " + outcomes + " WHERE source IS NULL UNION ALL BY NAME SELECT * FROM " +
         outcomes +
         " WHERE source IS NOT NULL QUALIFY row_number() OVER (PARTITION BY source ORDER " +
         "BY sequence) = 1)";
}

void SyncPath(const fs::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Internal("Cannot open {}", path.string());
  fsync(descriptor);
  close(descriptor);
}

std::string FileName(int64_t first, int64_t last) {
  return fmt::format("{:08d}-{:08d}.parquet", first, last);
}

struct Range {
  int64_t first = 0;
  int64_t last = 0;
};

// Reads "00000001-00000011.parquet"; nothing for another name.
std::optional<Range> RangeOf(const fs::path& file) {
  Range range;
  int end = 0;
  const std::string name = file.filename().string();
  if (std::sscanf(name.c_str(), "%8ld-%8ld.parquet%n", &range.first, &range.last, &end) != 2) {
    return std::nullopt;
  }
  return end == static_cast<int>(name.size()) ? std::optional(range) : std::nullopt;
}

// Parquet files of a folder, in order, without those that a merged file replaces.
std::vector<fs::path> ParquetFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (RangeOf(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<fs::path> kept;
  for (const fs::path& file : files) {
    const Range range = *RangeOf(file);
    const bool replaced = std::any_of(files.begin(), files.end(), [&](const fs::path& other) {
      const Range wider = *RangeOf(other);
      return other != file && wider.first <= range.first && wider.last >= range.last;
    });
    if (!replaced) kept.push_back(file);
  }
  return kept;
}

std::vector<fs::path> FoldersOf(const fs::path& folder) {
  std::vector<fs::path> folders;
  if (!fs::exists(folder)) return folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// The folder of predictions that were asked in an hour: "2026-03-04-07".
std::string HourFolder(int64_t hour) {
  std::string name = FormatTime(hour * kHourMs).substr(0, 13);
  name[10] = '-';
  return name;
}

// The hour of a folder; nothing for another name.
std::optional<int64_t> HourOf(const fs::path& folder) {
  const std::string name = folder.filename().string();
  int year = 0, month = 0, day = 0, hour = 0, end = 0;
  if (std::sscanf(name.c_str(), "%4d-%2d-%2d-%2d%n", &year, &month, &day, &hour, &end) != 4 ||
      end != static_cast<int>(name.size())) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 24 + hour;
}

bool Overlaps(const TimeRange& range, int64_t first_ms, int64_t last_ms) {
  return last_ms >= range.from_ms && first_ms < range.to_ms;
}

std::string ListSql(const std::vector<fs::path>& files) {
  std::string sql = "[";
  for (const fs::path& file : files) {
    if (sql.size() > 1) sql += ", ";
    sql += QuoteText(file.string());
  }
  return sql + "]";
}

std::string FilesSql(RecordKind kind, const std::vector<fs::path>& files) {
  return "(SELECT * FROM read_parquet(" + ListSql(files) +
         ", union_by_name = true) UNION ALL BY NAME SELECT * FROM " + NoRowsSql(kind) + ")";
}

std::string Unescaped(const std::string& folder) {
  std::string name;
  for (size_t i = 0; i < folder.size(); ++i) {
    if (folder[i] == '%' && i + 2 < folder.size()) {
      name += static_cast<char>(std::stoi(folder.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      name += folder[i];
    }
  }
  return name;
}

// Each further search for a bad row costs two or more copies; what is left after these is set aside
// unseen.
constexpr int kSalvageCopiesMax = 200;

// A row with every column once and in valid text.
std::string Repaired(const TailRow& row) {
  const Json fields = ParseJson(ValidText(row.line));
  NamedValues columns;
  for (const auto& [name, value] : fields.AsObject()) columns.emplace_back(name, ToValue(value));
  MakeColumnsUnique(&columns);
  Json repaired = Json::MakeObject();
  size_t at = 0;
  for (const auto& field : fields.AsObject()) repaired.Set(columns[at++].first, field.second);
  return repaired.Dump();
}

void WriteLines(const fs::path& file, const std::vector<const TailRow*>& rows) {
  std::ofstream out(file, std::ios::binary);
  for (const TailRow* row : rows) out << row->line << '\n';
  out.close();
  if (!out) throw ResourceExhausted("Cannot write {}", file.string());
}

}  // namespace

std::string EndpointFolder(std::string_view endpoint) {
  std::string folder;
  for (char c : endpoint) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') {
      folder += c;
    } else {
      folder += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return folder.empty() ? "%" : folder;
}

LogStore::LogStore(fs::path folder) : folder_(std::move(folder)) {
  for (const char* part : {"segments", "predictions", "outcomes", "aside", "work"}) {
    fs::create_directories(folder_ / part);
  }
  for (const auto& entry : fs::directory_iterator(folder_ / "work")) fs::remove(entry.path());
  ReadSegments();
  CountParquet();
}

void LogStore::ReadSegments() {
  std::set<int64_t> numbers;
  for (const auto& entry : fs::directory_iterator(folder_ / "segments")) {
    if (entry.path().extension() == ".log") numbers.insert(std::stoll(entry.path().stem()));
  }
  DropParquetOf(numbers);
  for (int64_t number : numbers) {
    std::vector<TailRow> rows;
    RowFacts facts;
    lost_bytes_ += ReadSegment(SegmentFile(number), [&](RecordKind kind, std::string_view bytes) {
      const std::string line = ValidText(bytes);  // earlier releases wrote bytes as they came
      const Json fields = ParseJson(line);
      rows.push_back({kind, fields.GetString("endpoint"), fields.GetInt("time_ms"), line});
      facts.AddStored(kind, fields);
    });
    last_segment_ = std::max(last_segment_.load(), number);
    Publish(number, std::move(rows), facts);
  }
  if (lost_bytes_ > 0) {
    Log(LogLevel::kWarning, "monitoring", "A torn tail of the prediction log was left out",
        {{"bytes", std::to_string(lost_bytes_)}});
  }
}

// A segment that is still there was not done with: its rows are read from it, not from Parquet.
void LogStore::DropParquetOf(const std::set<int64_t>& segments) {
  const auto drop = [&](const fs::path& folder) {
    const std::vector<fs::path> kept = ParquetFiles(folder);
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::optional<Range> range = RangeOf(entry.path());
      if (!range) continue;
      const bool replaced = std::find(kept.begin(), kept.end(), entry.path()) == kept.end();
      if (replaced || (range->first == range->last && segments.count(range->first) > 0)) {
        fs::remove(entry.path());
      } else {
        last_segment_ = std::max(last_segment_.load(), range->last);
      }
    }
  };
  for (const fs::path& endpoint : FoldersOf(folder_ / "outcomes")) drop(endpoint);
  for (const fs::path& endpoint : FoldersOf(folder_ / "predictions")) {
    for (const fs::path& hour : FoldersOf(endpoint)) drop(hour);
  }
}

// By the ends of the files alone, all in one question: a log of a year has thousands.
void LogStore::CountParquet() {
  std::vector<fs::path> files;
  for (const fs::path& folder : FoldersOf(folder_ / "outcomes")) {
    const std::vector<fs::path> outcomes = ParquetFiles(folder);
    if (outcomes.empty()) continue;
    files.insert(files.end(), outcomes.begin(), outcomes.end());
    const analytics::Table table =
        session_->Query("SELECT DISTINCT key_input, kind, source IS NOT NULL FROM " +
                        FilesSql(RecordKind::kOutcome, outcomes));
    OutcomeTraits& traits = traits_[Unescaped(folder.filename())];
    for (size_t row = 0; row < table.row_count(); ++row) {
      if (!table.IsNull(row, 0)) traits.key_inputs.insert(table.Text(row, 0));
      traits.has_feedback |= table.Text(row, 1) == OutcomeKindName(OutcomeKind::kFeedback);
      traits.has_sources |= table.Text(row, 2) == "true";
    }
  }
  for (const fs::path& endpoint : FoldersOf(folder_ / "predictions")) {
    for (const fs::path& hour : FoldersOf(endpoint)) {
      for (fs::path& file : ParquetFiles(hour)) files.push_back(std::move(file));
    }
  }
  if (files.empty()) return;
  // A row group's rows stand beside each of its columns.
  const std::string of_times = " FILTER (WHERE path_in_schema = 'event_time_ms')";
  const analytics::Table table = session_->Query(
      "SELECT file_name, sum(row_group_num_rows) FILTER (WHERE column_id = 0), "
      "min(TRY_CAST(stats_min_value AS BIGINT))" +
      of_times + ", max(TRY_CAST(stats_max_value AS BIGINT))" + of_times +
      " FROM parquet_metadata(" + ListSql(files) + ") GROUP BY 1");
  for (size_t row = 0; row < table.row_count(); ++row) {
    const fs::path folder = fs::path(table.Text(row, 0)).parent_path();
    const int64_t rows = table.Int(row, 1);
    if (folder.parent_path().filename() == "outcomes") {
      counts_[Unescaped(folder.filename())].outcomes += rows;
      continue;
    }
    const std::string endpoint = Unescaped(folder.parent_path().filename());
    counts_[endpoint].predictions += rows;
    const auto hour = HourOf(folder);
    if (!hour) continue;
    const bool has_times = !table.IsNull(row, 2) && !table.IsNull(row, 3);
    hours_[endpoint][*hour].Add(rows, has_times ? table.Int(row, 2) : kAnyTime.from_ms,
                                has_times ? table.Int(row, 3) : kAnyTime.to_ms - 1);
  }
}

int64_t LogStore::NewSegment() {
  return ++last_segment_;
}

fs::path LogStore::SegmentFile(int64_t number) const {
  return folder_ / "segments" / fmt::format("{:08d}.log", number);
}

void LogStore::Publish(int64_t segment, std::vector<TailRow> rows, const RowFacts& facts) {
  std::lock_guard lock(mutex_);
  for (const auto& [endpoint, more] : facts.traits) {
    traits_[endpoint].key_inputs.insert(more.key_inputs.begin(), more.key_inputs.end());
    traits_[endpoint].has_feedback |= more.has_feedback;
    traits_[endpoint].has_sources |= more.has_sources;
  }
  for (const auto& [place, more] : facts.hours) {
    hours_[place.first][place.second].Add(more.rows, more.happened_first_ms, more.happened_last_ms);
  }
  for (const auto& [place, count] : facts.rows) {
    LogCounts& counts = counts_[place.second];
    (place.first == RecordKind::kPrediction ? counts.predictions : counts.outcomes) += count;
  }
  std::shared_ptr<Tail>& tail = tails_[segment];
  if (!tail) tail = std::make_shared<Tail>();
  for (const auto& [place, schema] : facts.schemas) MergeSchema(schema, tail->schemas[place]);
  std::move(rows.begin(), rows.end(), std::back_inserter(tail->rows));
}

std::vector<int64_t> LogStore::Waiting(int64_t before) const {
  std::lock_guard lock(mutex_);
  std::vector<int64_t> segments;
  for (const auto& entry : tails_) {
    if (entry.first < before) segments.push_back(entry.first);
  }
  return segments;
}

std::vector<LogStore::Pending> LogStore::WriteParquet(int64_t segment, const Tail& tail) {
  std::map<std::tuple<RecordKind, std::string, std::string>, std::vector<const TailRow*>> groups;
  for (const TailRow& row : tail.rows) {
    const std::string hour =
        row.kind == RecordKind::kPrediction ? HourFolder(HourAt(row.time_ms)) : "";
    groups[{row.kind, row.endpoint, hour}].push_back(&row);
  }
  std::vector<Pending> pending;
  for (const auto& [key, rows] : groups) {
    const auto& [kind, endpoint, hour] = key;
    const fs::path written = folder_ / "work" / fmt::format("{}.parquet", pending.size());
    try {
      CopyRows(kind, tail.schemas.at({kind, endpoint}), rows, written);
    } catch (const Error& error) {
      // Of memory or the disk; the rows are not to blame.
      if (error.code() != Code::kInvalidArgument) throw;
      if (SalvageRows(kind, endpoint, segment, rows, written) == 0) continue;
    }
    SyncPath(written);
    const bool predictions = kind == RecordKind::kPrediction;
    fs::path place =
        folder_ / (predictions ? "predictions" : "outcomes") / EndpointFolder(endpoint);
    if (predictions) place /= hour;
    fs::create_directories(place);
    pending.push_back({written, place / FileName(segment, segment)});
  }
  return pending;
}

void LogStore::CopyRows(RecordKind kind, const Schema& schema,
                        const std::vector<const TailRow*>& rows, const fs::path& written) {
  const fs::path lines = folder_ / "work" / "rows.ndjson";
  WriteLines(lines, rows);
  session_->Execute("COPY (SELECT * FROM " + ReadLinesSql(lines, kind, schema) + ") TO " +
                    QuoteText(written.string()) + " (FORMAT parquet, COMPRESSION zstd)");
  fs::remove(lines);
}

size_t LogStore::SalvageRows(RecordKind kind, const std::string& endpoint, int64_t segment,
                             const std::vector<const TailRow*>& rows, const fs::path& written) {
  std::vector<TailRow> repaired;
  RowFacts facts;
  std::vector<const TailRow*> bad;
  std::vector<size_t> place;  // of each repaired row in `rows`
  for (size_t i = 0; i < rows.size(); ++i) {
    try {
      TailRow row = *rows[i];
      row.line = Repaired(row);
      facts.AddStored(kind, ParseJson(row.line));
      repaired.push_back(std::move(row));
      place.push_back(i);
    } catch (const Error&) {
      bad.push_back(rows[i]);
    }
  }
  const Schema schema = facts.schemas[{kind, endpoint}];
  int copies = 0;
  std::string reason;
  // Halves what cannot be read together until the bad rows stand alone.
  std::vector<const TailRow*> good;
  const std::function<void(size_t, size_t)> sort = [&](size_t from, size_t to) {
    if (from == to) return;
    std::vector<const TailRow*> part;
    for (size_t i = from; i < to; ++i) part.push_back(&repaired[i]);
    if (++copies <= kSalvageCopiesMax) {
      try {
        CopyRows(kind, schema, part, written);
        good.insert(good.end(), part.begin(), part.end());
        return;
      } catch (const Error& error) {
        if (error.code() != Code::kInvalidArgument) throw;
        reason = error.message();
      }
      if (to - from > 1) {
        sort(from, (from + to) / 2);
        sort((from + to) / 2, to);
        return;
      }
    }
    for (size_t i = from; i < to; ++i) bad.push_back(rows[place[i]]);
  };
  sort(0, repaired.size());
  if (!good.empty()) CopyRows(kind, schema, good, written);
  if (!bad.empty()) {
    const fs::path file =
        folder_ / "aside" / fmt::format("{}-{:08d}.jsonl", EndpointFolder(endpoint), segment);
    WriteLines(file, bad);
    SyncPath(file);
    set_aside_ += static_cast<int64_t>(bad.size());
    std::lock_guard lock(mutex_);
    LogCounts& counts = counts_[endpoint];
    (kind == RecordKind::kPrediction ? counts.predictions : counts.outcomes) -=
        static_cast<int64_t>(bad.size());
    for (const TailRow* row : bad) {
      if (kind == RecordKind::kPrediction) --hours_[endpoint][HourAt(row->time_ms)].rows;
    }
    Log(LogLevel::kError, "monitoring",
        "Rows of the prediction log that cannot be read were set "
        "aside",
        {{"endpoint", endpoint},
         {"rows", std::to_string(bad.size())},
         {"file", file.string()},
         {"error", reason}});
  }
  return good.size();
}

void LogStore::Compact(int64_t segment) {
  std::shared_ptr<Tail> tail;
  {
    std::lock_guard lock(mutex_);
    const auto found = tails_.find(segment);
    if (found == tails_.end()) return;
    tail = found->second;
  }
  try {
    const std::vector<Pending> pending = WriteParquet(segment, *tail);
    {
      std::unique_lock files(files_mutex_);
      for (const Pending& file : pending) {
        fs::rename(file.written, file.place);
        SyncPath(file.place.parent_path());
      }
      fs::remove(SegmentFile(segment));
      std::lock_guard lock(mutex_);
      tails_.erase(segment);
    }
    for (const Pending& file : pending) {
      // Files that cannot be one stay several; the next segment tries again.
      try {
        MergeLarge(file.place.parent_path());
      } catch (const Error& error) {
        Log(LogLevel::kError, "monitoring", "Files of the prediction log could not be merged",
            {{"folder", file.place.parent_path().string()}, {"error", error.message()}});
      }
    }
  } catch (const fs::filesystem_error& failure) {
    throw Internal("Cannot move the prediction log to Parquet: {}", failure.what());
  }
}

void LogStore::MergeLarge(const fs::path& folder) {
  const std::vector<fs::path> files = ParquetFiles(folder);
  if (files.size() < kFilesMax) return;
  const fs::path written = folder_ / "work" / "merged.parquet";
  session_->Execute("COPY (SELECT * FROM read_parquet(" + ListSql(files) +
                    ", union_by_name = true)) TO " + QuoteText(written.string()) +
                    " (FORMAT parquet, COMPRESSION zstd)");
  SyncPath(written);
  std::unique_lock lock(files_mutex_);
  fs::rename(written,
             folder / FileName(RangeOf(files.front())->first, RangeOf(files.back())->last));
  SyncPath(folder);
  for (const fs::path& file : files) fs::remove(file);
}

LogCounts LogStore::RemoveBefore(int64_t wall_ms) {
  LogCounts removed;
  try {
    for (const fs::path& endpoint : FoldersOf(folder_ / "predictions")) {
      for (const fs::path& folder : FoldersOf(endpoint)) {
        const std::optional<int64_t> hour = HourOf(folder);
        if (!hour || (*hour + 1) * kHourMs > wall_ms) continue;
        std::unique_lock files(files_mutex_);
        fs::remove_all(folder);
        std::lock_guard lock(mutex_);
        const std::string name = Unescaped(endpoint.filename());
        // Those that wait for compaction stay until a later call.
        const int64_t waiting = RowsInTails(name, *hour);
        const int64_t rows = hours_[name][*hour].rows - waiting;
        hours_[name][*hour].rows = waiting;
        if (waiting == 0) hours_[name].erase(*hour);
        counts_[name].predictions -= rows;
        removed.predictions += rows;
      }
    }
    for (const fs::path& folder : FoldersOf(folder_ / "outcomes")) {
      removed.outcomes += RemoveOldOutcomes(wall_ms, folder);
    }
  } catch (const fs::filesystem_error& failure) {
    throw Internal("Cannot remove old rows of the prediction log: {}", failure.what());
  }
  return removed;
}

int64_t LogStore::RowsInTails(const std::string& endpoint, int64_t hour) const {
  int64_t rows = 0;
  for (const auto& entry : tails_) {
    for (const TailRow& row : entry.second->rows) {
      rows += row.kind == RecordKind::kPrediction && row.endpoint == endpoint &&
              HourAt(row.time_ms) == hour;
    }
  }
  return rows;
}

int64_t LogStore::RemoveOldOutcomes(int64_t wall_ms, const fs::path& folder) {
  int64_t removed = 0;
  for (const fs::path& file : ParquetFiles(folder)) {
    const analytics::Table table = session_->Query(
        "SELECT count(*), max(time_ms) FROM read_parquet(" + QuoteText(file.string()) + ")");
    const int64_t rows = table.Int(0, 0);
    if (rows > 0 && table.Int(0, 1) >= wall_ms) continue;
    std::unique_lock files(files_mutex_);
    fs::remove(file);
    std::lock_guard lock(mutex_);
    counts_[Unescaped(folder.filename())].outcomes -= rows;
    removed += rows;
  }
  return removed;
}

std::optional<TimeRange> LogStore::Happened(const std::string& endpoint) const {
  std::lock_guard lock(mutex_);
  const auto found = hours_.find(endpoint);
  if (found == hours_.end() || found->second.empty()) return std::nullopt;
  HourOfRows all;
  for (const auto& entry : found->second) {
    const HourOfRows& hour = entry.second;
    all.Add(hour.rows, hour.happened_first_ms, hour.happened_last_ms);
  }
  return TimeRange{all.happened_first_ms, all.happened_last_ms + 1};
}

int64_t LogStore::NewestFrom(const std::string& endpoint, int64_t rows) const {
  std::lock_guard lock(mutex_);
  const auto found = hours_.find(endpoint);
  if (found == hours_.end()) return kAnyTime.from_ms;
  for (auto hour = found->second.rbegin(); hour != found->second.rend(); ++hour) {
    rows -= hour->second.rows;
    if (rows <= 0) return hour->first * kHourMs;
  }
  return kAnyTime.from_ms;
}

int64_t LogStore::NewestHappenedFrom(const std::string& endpoint, int64_t rows) const {
  std::lock_guard lock(mutex_);
  const auto found = hours_.find(endpoint);
  if (found == hours_.end()) return kAnyTime.from_ms;
  std::vector<HourOfRows> hours;
  for (const auto& entry : found->second) hours.push_back(entry.second);
  std::sort(hours.begin(), hours.end(), [](const HourOfRows& a, const HourOfRows& b) {
    return a.happened_first_ms > b.happened_first_ms;
  });
  for (const HourOfRows& hour : hours) {
    rows -= hour.rows;
    if (rows <= 0) return hour.happened_first_ms;
  }
  return kAnyTime.from_ms;
}

bool LogStore::IsAskedFor(const std::string& endpoint, const fs::path& folder,
                          const LogRange& range) const {
  const std::optional<int64_t> hour = HourOf(folder);
  if (!hour) return true;
  const int64_t start_ms = *hour * kHourMs;
  if (!Overlaps(range.asked, start_ms, start_ms + kHourMs - 1)) return false;
  std::lock_guard lock(mutex_);
  const auto hours = hours_.find(endpoint);
  if (hours == hours_.end()) return true;
  const auto rows = hours->second.find(*hour);
  return rows == hours->second.end() ||
         Overlaps(range.happened, rows->second.happened_first_ms, rows->second.happened_last_ms);
}

std::string LogStore::TableOf(RecordKind kind, const std::string& endpoint, const LogRange& range,
                              LogSnapshot& snapshot) const {
  std::vector<fs::path> files;
  const fs::path folder = folder_ / (kind == RecordKind::kPrediction ? "predictions" : "outcomes") /
                          EndpointFolder(endpoint);
  if (kind == RecordKind::kOutcome) files = ParquetFiles(folder);
  if (kind == RecordKind::kPrediction) {
    for (const fs::path& hour : FoldersOf(folder)) {
      if (!IsAskedFor(endpoint, hour, range)) continue;
      for (fs::path& file : ParquetFiles(hour)) files.push_back(std::move(file));
    }
  }
  std::vector<const TailRow*> rows;
  Schema schema;
  std::lock_guard lock(mutex_);
  for (const auto& entry : tails_) {
    const Tail& tail = *entry.second;
    const auto found = tail.schemas.find({kind, endpoint});
    if (found == tail.schemas.end()) continue;
    MergeSchema(found->second, schema);
    for (const TailRow& row : tail.rows) {
      if (row.kind == kind && row.endpoint == endpoint) rows.push_back(&row);
    }
  }
  for (const fs::path& file : files) snapshot.files.push_back(file.string());
  std::string sql;
  if (!files.empty()) sql = "SELECT * FROM " + FilesSql(kind, files);
  if (!rows.empty()) {
    const fs::path lines =
        snapshot.tail->path() / (kind == RecordKind::kPrediction ? "p.ndjson" : "o.ndjson");
    WriteLines(lines, rows);
    snapshot.files.push_back(lines.string());
    if (!sql.empty()) sql += " UNION ALL BY NAME ";
    sql += "SELECT * FROM " + ReadLinesSql(lines, kind, schema);
  }
  return sql.empty() ? NoRowsSql(kind) : "(" + sql + ")";
}

LogSnapshot LogStore::Open(const std::string& endpoint, const LogRange& range) const {
  LogSnapshot snapshot;
  snapshot.lock = std::shared_lock(files_mutex_);
  snapshot.tail = std::make_unique<TempDir>();
  snapshot.predictions = TableOf(RecordKind::kPrediction, endpoint, range, snapshot);
  snapshot.outcomes = TableOf(RecordKind::kOutcome, endpoint, range, snapshot);
  std::lock_guard lock(mutex_);
  if (const auto found = traits_.find(endpoint); found != traits_.end()) {
    snapshot.traits = found->second;
  }
  if (snapshot.traits.has_sources) snapshot.outcomes = OncePerSource(snapshot.outcomes);
  return snapshot;
}

LogCounts LogStore::Counts(const std::string& endpoint) const {
  std::lock_guard lock(mutex_);
  const auto found = counts_.find(endpoint);
  return found == counts_.end() ? LogCounts() : found->second;
}

LogCounts LogStore::Totals() const {
  std::lock_guard lock(mutex_);
  LogCounts totals;
  for (const auto& entry : counts_) {
    totals.predictions += entry.second.predictions;
    totals.outcomes += entry.second.outcomes;
  }
  return totals;
}

std::set<std::string> LogStore::Endpoints() const {
  std::lock_guard lock(mutex_);
  std::set<std::string> endpoints;
  for (const auto& entry : counts_) endpoints.insert(entry.first);
  return endpoints;
}

}  // namespace millwright::monitoring
