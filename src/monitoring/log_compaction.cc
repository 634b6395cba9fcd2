#include "monitoring/log_compaction.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <tuple>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/valid_text.h"
#include "monitoring/log_sql.h"

namespace millwright::monitoring {

namespace fs = std::filesystem;
using analytics::QuoteText;

namespace {

// Files are merged with those of at most so many rows; larger ones only with larger ones, so that a
// row is written anew once for each of these, however much comes after it.
// And none becomes so large that looking into it for a few ids takes long.
constexpr int64_t kLevelRows[] = {1 << 15, 1 << 18};
constexpr int64_t kRunRowsMax = kMergedRowsMax;
constexpr char kCopyOptions[] = " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 61440)";

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

// What to call columns that SQL takes for another one of the schema.
using Spellings = std::map<std::string, std::string>;

Spellings SpellingsOf(const Schema& schema) {
  std::vector<const std::string*> names;
  for (const auto& [name, type] : schema) names.push_back(&name);
  std::stable_sort(names.begin(), names.end(), [](const std::string* a, const std::string* b) {
    return strcasecmp(a->c_str(), b->c_str()) < 0;
  });
  Spellings spellings;
  const std::string* first = nullptr;
  for (const std::string* name : names) {
    if (first != nullptr && strcasecmp(first->c_str(), name->c_str()) == 0) {
      spellings.emplace(*name, *first);
    } else {
      first = name;
    }
  }
  return spellings;
}

// A row has only one of the spellings, see MakeColumnsUnique.
std::string Spelled(const std::string& line, const Spellings& spellings) {
  Json row = ParseJson(line);
  for (auto& [name, value] : row.AsObject()) {
    if (const auto found = spellings.find(name); found != spellings.end()) name = found->second;
  }
  return row.Dump();
}

std::string FolderOf(RecordKind kind) {
  return kind == RecordKind::kPrediction ? "predictions" : "outcomes";
}

// Where a prediction of an hour is written to: what is settled goes where it would be merged to, so
// that a history of years that is added makes no thousands of files.
Period PeriodFor(int64_t hour, const MergeRules& rules) {
  const auto is_settled = [&](const Period& period) {
    return period.end_hour() + kSettledHours <= HourAt(rules.now_ms);
  };
  if (rules.has_months && is_settled(MonthOf(hour))) return MonthOf(hour);
  return is_settled(DayOf(hour)) ? DayOf(hour) : Period{hour, 1};
}

void Sync(const fs::path& path, int flags) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (descriptor < 0) throw Internal("Cannot open {}", path.string());
  const int failure = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  // What is not on the disk must not take the place of the rows that are.
  if (failure != 0) throw ResourceExhausted("Cannot keep {}: {}", path.string(), strerror(failure));
}

// Without a rename: the caller renames both.
void WriteBeside(const fs::path& written, const FileFacts& facts, std::vector<uint64_t> hashes) {
  const fs::path file = IdFile::Beside(written);
  const std::string bytes = IdFile::Encode(facts, std::move(hashes));
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw ResourceExhausted("Cannot write {}", file.string());
  Sync(file, 0);
}

SegmentRange AllSegments(const LogFiles& files) {
  SegmentRange segments = files.front()->segments;
  for (const LogFilePtr& file : files) {
    segments.first = std::min(segments.first, file->segments.first);
    segments.last = std::max(segments.last, file->segments.last);
  }
  return segments;
}

// The longest row of neighbours of at most so many rows, where it is long enough. Neighbours only:
// a merged file stands for all segments between its first and its last.
LogFiles RunOf(const LogFiles& files, int64_t rows_max) {
  LogFiles run;
  int64_t rows = 0;
  for (size_t i = 0; i <= files.size(); ++i) {
    const int64_t more = i < files.size() ? files[i]->facts.rows : rows_max;
    if (more < rows_max && rows + more <= kRunRowsMax && run.size() < kMergedFilesMax) {
      run.push_back(files[i]);
      rows += more;
    } else if (run.size() >= kSmallFilesMax) {
      return run;
    } else {
      run.clear();
      rows = 0;
    }
  }
  return {};
}

// The name of a merged file takes the place of every file of its folder, or of a narrower one, with
// segments within its own, so there may be none that is not merged. (There is one where hours were
// written to a day's folder before their day was settled: the clock went back, or another limit of
// age was set.)
bool CoversOthers(const MergePlan& plan, const LogFiles& files) {
  const SegmentRange merged = AllSegments(plan.files);
  const std::optional<Period> period = PeriodOf(plan.folder);
  return std::any_of(files.begin(), files.end(), [&](const LogFilePtr& file) {
    const bool is_inside = file->path.parent_path() == plan.folder ||
                           (period && file->period && period->Covers(*file->period));
    return is_inside && merged.Covers(file->segments) &&
           std::find(plan.files.begin(), plan.files.end(), file) == plan.files.end();
  });
}

std::string RefusalKey(const MergePlan& plan) {
  int64_t newest = 0;
  for (const LogFilePtr& file : plan.files) newest = std::max(newest, file->number);
  return fmt::format("{} {}", plan.folder.string(), newest);
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

std::string EndpointOf(const fs::path& path) {
  const std::string folder = path.filename();
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

void SyncFolder(const fs::path& folder) {
  Sync(folder, O_DIRECTORY);
}

std::string WriteTable(RecordKind kind, const Schema& schema,
                       const std::vector<const TailRow*>& rows, const fs::path& file) {
  const Spellings spellings = SpellingsOf(schema);
  if (spellings.empty()) {
    WriteLines(file, rows);
    return LinesSql(kind, file, schema);
  }
  Schema folded;
  for (const auto& [name, type] : schema) {
    const auto found = spellings.find(name);
    MergeSchema({{found == spellings.end() ? name : found->second, type}}, folded);
  }
  std::vector<TailRow> spelled;
  std::vector<const TailRow*> pointers;
  spelled.reserve(rows.size());
  for (const TailRow* row : rows) {
    spelled.push_back(*row);
    spelled.back().line = Spelled(row->line, spellings);
    pointers.push_back(&spelled.back());
  }
  WriteLines(file, pointers);
  return LinesSql(kind, file, folded);
}

LogCompaction::Written LogCompaction::Write(int64_t segment, const Tail& tail,
                                            const MergeRules& rules) {
  std::map<std::tuple<RecordKind, std::string, std::optional<Period>>, std::vector<const TailRow*>>
      groups;
  for (const TailRow& row : tail.rows) {
    std::optional<Period> period;
    if (row.kind == RecordKind::kPrediction) period = PeriodFor(HourAt(row.time_ms), rules);
    groups[{row.kind, row.endpoint, period}].push_back(&row);
  }
  Written answer;
  for (const auto& [key, all_rows] : groups) {
    const auto& [kind, endpoint, period] = key;
    Pending one{.place = {kind, endpoint}, .file = {}, .written = {}};
    one.written = folder_ / "work" / fmt::format("{}.parquet", answer.files.size());
    std::vector<const TailRow*> rows = all_rows;
    try {
      CopyRows(kind, tail.schemas.at({kind, endpoint}), rows, one.written);
    } catch (const Error& error) {
      // Of memory or the disk; the rows are not to blame.
      if (error.code() != Code::kInvalidArgument) throw;
      rows = SalvageRows(one.place, segment, all_rows, one.written);
      answer.set_aside[one.place] += static_cast<int64_t>(all_rows.size() - rows.size());
      if (rows.empty()) continue;
    }
    Sync(one.written, 0);
    FileFacts& facts = one.file.facts;
    std::vector<uint64_t> hashes;
    for (const TailRow* row : rows) {
      const bool is_outcome = kind == RecordKind::kOutcome;
      const int64_t happened_ms = is_outcome ? row->time_ms : row->happened_ms;
      facts.Add({1, row->time_ms, row->time_ms, happened_ms, happened_ms, {}});
      if (row->about != 0) hashes.push_back(row->about);
    }
    if (kind == RecordKind::kOutcome) facts.traits = tail.traits.at(endpoint);
    WriteBeside(one.written, facts, std::move(hashes));
    fs::path folder = folder_ / FolderOf(kind) / EndpointFolder(endpoint);
    if (period) folder /= FolderName(*period);
    one.file.segments = {segment, segment};
    one.file.path = folder / ParquetName(one.file.segments);
    one.file.period = period;
    one.file.has_ids = true;
    answer.files.push_back(std::move(one));
  }
  return answer;
}

void LogCompaction::CopyRows(RecordKind kind, const Schema& schema,
                             const std::vector<const TailRow*>& rows, const fs::path& written) {
  const fs::path lines = folder_ / "work" / "rows.ndjson";
  session_->Execute("COPY (SELECT * FROM " + WriteTable(kind, schema, rows, lines) + ") TO " +
                    QuoteText(written.string()) + kCopyOptions);
  fs::remove(lines);
}

std::vector<const TailRow*> LogCompaction::SalvageRows(const LogCatalogue::Place& place_of,
                                                       int64_t segment,
                                                       const std::vector<const TailRow*>& rows,
                                                       const fs::path& written) {
  const auto& [kind, endpoint] = place_of;
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
  std::vector<const TailRow*> good, kept;
  const std::function<void(size_t, size_t)> sort = [&](size_t from, size_t to) {
    if (from == to) return;
    std::vector<const TailRow*> part;
    for (size_t i = from; i < to; ++i) part.push_back(&repaired[i]);
    if (++copies <= kSalvageCopiesMax) {
      try {
        CopyRows(kind, schema, part, written);
        good.insert(good.end(), part.begin(), part.end());
        for (size_t i = from; i < to; ++i) kept.push_back(rows[place[i]]);
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
    Sync(file, 0);
    Log(LogLevel::kError, "monitoring",
        "Rows of the prediction log that cannot be read were set aside",
        {{"endpoint", endpoint},
         {"rows", std::to_string(bad.size())},
         {"file", file.string()},
         {"error", reason}});
  }
  return kept;
}

std::optional<MergePlan> LogCompaction::Plan(const LogCatalogue& catalogue,
                                             const MergeRules& rules) const {
  for (const auto& [place, files] : catalogue.all()) {
    std::map<fs::path, LogFiles> folders;
    for (const LogFilePtr& file : files) folders[file->path.parent_path()].push_back(file);
    for (const auto& [folder, in_folder] : folders) {
      for (int64_t rows_max : kLevelRows) {
        MergePlan plan{place, RunOf(in_folder, rows_max), folder};
        if (!plan.files.empty() && !CoversOthers(plan, files)) return plan;
      }
    }
    if (place.kind != RecordKind::kPrediction) continue;
    // What is in narrower folders goes into the widest that it is not too many for.
    for (const bool is_month : {true, false}) {
      if (is_month && !rules.has_months) continue;
      std::map<Period, LogFiles> wide;
      for (const LogFilePtr& file : files) {
        if (!file->period || (!is_month && file->period->hours > DayOf(0).hours)) continue;
        const int64_t hour = file->period->first_hour;
        wide[is_month ? MonthOf(hour) : DayOf(hour)].push_back(file);
      }
      for (auto& [period, inside] : wide) {
        const bool is_settled = period.end_hour() + kSettledHours <= HourAt(rules.now_ms);
        const bool has_narrow = std::any_of(
            inside.begin(), inside.end(),
            [&, &period = period](const LogFilePtr& file) { return *file->period != period; });
        if (!is_settled || !has_narrow || inside.size() < 2 || inside.size() > kMergedFilesMax ||
            RowsOf(inside) > (is_month ? kMonthRowsMax : kMergedRowsMax)) {
          continue;
        }
        const fs::path folder = folder_ / FolderOf(place.kind) / EndpointFolder(place.endpoint);
        MergePlan plan{place, std::move(inside), folder / FolderName(period)};
        if (refused_.count(RefusalKey(plan)) == 0 && !CoversOthers(plan, files)) return plan;
      }
    }
  }
  return std::nullopt;
}

bool LogCompaction::HasMixedTypes(const LogFiles& files) {
  const analytics::Table table = session_->Query(
      "SELECT name FROM parquet_schema(" + ListSql(PathsOf(files)) +
      ") WHERE type IS NOT NULL GROUP BY name HAVING count(DISTINCT type) > 1 LIMIT 1");
  return table.row_count() > 0;
}

std::optional<LogCompaction::Pending> LogCompaction::Merge(const MergePlan& plan) {
  const bool is_wider = plan.files.front()->path.parent_path() != plan.folder ||
                        plan.files.back()->path.parent_path() != plan.folder;
  if (is_wider && HasMixedTypes(plan.files)) {
    refused_.insert(RefusalKey(plan));
    return std::nullopt;
  }
  Pending merged{.place = plan.place, .file = {}, .written = folder_ / "work" / "merged.parquet"};
  merged.file.segments = AllSegments(plan.files);
  bool has_ids = true;
  for (const LogFilePtr& file : plan.files) {
    merged.file.facts.Add(file->facts);
    has_ids = has_ids && file->has_ids;
  }
  session_->Execute("COPY (SELECT * FROM read_parquet(" + ListSql(PathsOf(plan.files)) +
                    ", union_by_name = true)) TO " + QuoteText(merged.written.string()) +
                    kCopyOptions);
  Sync(merged.written, 0);
  std::vector<uint64_t> hashes;
  if (has_ids) {
    for (const LogFilePtr& file : plan.files) {
      const IdFile ids(IdFile::Beside(file->path));
      hashes.insert(hashes.end(), ids.hashes().begin(), ids.hashes().end());
    }
  } else {
    hashes = ReadIds(plan.place.kind, merged.written);
  }
  WriteBeside(merged.written, merged.file.facts, std::move(hashes));
  merged.file.path = plan.folder / ParquetName(merged.file.segments);
  if (plan.place.kind == RecordKind::kPrediction) merged.file.period = PeriodOf(plan.folder);
  merged.file.has_ids = true;
  return merged;
}

std::optional<LogCompaction::Pending> LogCompaction::Trim(const LogCatalogue::Place& place,
                                                          const LogFile& file, int64_t from_ms) {
  Pending trimmed{.place = place, .file = file, .written = folder_ / "work" / "trimmed.parquet"};
  session_->Execute("COPY (SELECT * FROM read_parquet(" + QuoteText(file.path.string()) +
                    ") WHERE time_ms >= " + std::to_string(from_ms) + ") TO " +
                    QuoteText(trimmed.written.string()) + kCopyOptions);
  trimmed.file.facts = ReadFacts(place.kind, {trimmed.written}).front();
  if (trimmed.file.facts.rows == file.facts.rows) {
    fs::remove(trimmed.written);
    return std::nullopt;
  }
  Sync(trimmed.written, 0);
  WriteBeside(trimmed.written, trimmed.file.facts, ReadIds(place.kind, trimmed.written));
  trimmed.file.has_ids = true;
  trimmed.file.has_sums = false;
  return trimmed;
}

std::vector<uint64_t> LogCompaction::ReadIds(RecordKind kind, const fs::path& parquet) {
  const std::string id = kind == RecordKind::kPrediction ? "id" : "prediction_id";
  std::vector<uint64_t> hashes;
  session_->Stream("SELECT " + id + " FROM read_parquet(" + QuoteText(parquet.string()) +
                       ") WHERE " + id + " IS NOT NULL",
                   [&](const analytics::Table& table) {
                     for (size_t row = 0; row < table.row_count(); ++row) {
                       hashes.push_back(HashId(std::get<std::string>(table.At(row, 0))));
                     }
                     return true;
                   });
  return hashes;
}

void LogCompaction::WriteIds(const LogCatalogue::Place& place, const LogFile& file) {
  WriteFileDurably(IdFile::Beside(file.path),
                   IdFile::Encode(file.facts, ReadIds(place.kind, file.path)));
}

// By the ends of the files alone, except for what outcomes are like.
std::vector<FileFacts> LogCompaction::ReadFacts(RecordKind kind,
                                                const std::vector<fs::path>& files) {
  if (files.empty()) return {};
  std::map<std::string, FileFacts> facts;
  const auto ends = [](const std::string& column) {
    const std::string of = " FILTER (WHERE path_in_schema = '" + column + "')";
    return ", min(TRY_CAST(stats_min_value AS BIGINT))" + of +
           ", max(TRY_CAST(stats_max_value AS BIGINT))" + of;
  };
  // A row group's rows stand beside each of its columns.
  const analytics::Table table = session_->Query(
      "SELECT file_name, sum(row_group_num_rows) FILTER (WHERE column_id = 0)" + ends("time_ms") +
      ends("event_time_ms") + " FROM parquet_metadata(" + ListSql(files) + ") GROUP BY 1");
  constexpr int64_t kEver[] = {std::numeric_limits<int64_t>::min(),
                               std::numeric_limits<int64_t>::max()};
  for (size_t row = 0; row < table.row_count(); ++row) {
    // What a file does not say may be anything.
    const auto end = [&](size_t column, bool is_last) {
      return table.IsNull(row, column) ? kEver[is_last] : table.Int(row, column);
    };
    FileFacts& one = facts[table.Text(row, 0)];
    one = {table.Int(row, 1), end(2, false), end(3, true), end(4, false), end(5, true), {}};
  }
  if (kind == RecordKind::kOutcome) {
    const analytics::Table traits = session_->Query(
        "SELECT DISTINCT filename, key_input, kind, source IS NOT NULL FROM (SELECT "
        "* FROM read_parquet(" +
        ListSql(files) +
        ", union_by_name = true, filename = true) UNION ALL BY NAME SELECT * FROM " +
        NoRowsSql(kind) + ")");
    for (size_t row = 0; row < traits.row_count(); ++row) {
      OutcomeTraits& of = facts[traits.Text(row, 0)].traits;
      if (!traits.IsNull(row, 1)) of.key_inputs.insert(traits.Text(row, 1));
      of.has_feedback |= traits.Text(row, 2) == OutcomeKindName(OutcomeKind::kFeedback);
      of.has_sources |= traits.Text(row, 3) == "true";
    }
  }
  std::vector<FileFacts> answer;
  for (const fs::path& file : files) answer.push_back(facts[file.string()]);
  return answer;
}

}  // namespace millwright::monitoring
