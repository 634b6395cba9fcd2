#include "monitoring/log_store.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/valid_text.h"
#include "monitoring/known_predictions.h"
#include "monitoring/log_sql.h"
#include "monitoring/prediction.h"
#include "monitoring/segment.h"

namespace millwright::monitoring {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kNoSegment = 0;  // they are counted from 1
constexpr RecordKind kKinds[] = {RecordKind::kPrediction, RecordKind::kOutcome};

// A Parquet file as it lies in a folder.
struct FoundFile {
  fs::path path;
  SegmentRange segments;
  std::optional<Period> period;
};

std::vector<fs::path> FoldersOf(const fs::path& folder) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  return folders;
}

void AddFiles(const fs::path& folder, const std::optional<Period>& period,
              std::vector<FoundFile>* found) {
  std::vector<fs::path> strays;  // what lies beside rows that a crash kept from coming, or took
  for (const auto& entry : fs::directory_iterator(folder)) {
    fs::path file = entry.path();
    if (const auto segments = SegmentsOf(file)) {
      found->push_back({std::move(file), *segments, period});
    } else if (file.filename().string().find(".tmp-") != std::string::npos ||
               (entry.is_regular_file() && !fs::exists(file.replace_extension(".parquet")))) {
      strays.push_back(entry.path());
    }
  }
  for (const fs::path& stray : strays) fs::remove(stray);
}

std::vector<FoundFile> FilesOf(RecordKind kind, const fs::path& endpoint) {
  std::vector<FoundFile> found;
  if (kind == RecordKind::kOutcome) {
    AddFiles(endpoint, std::nullopt, &found);
    return found;
  }
  for (const fs::path& folder : FoldersOf(endpoint)) AddFiles(folder, PeriodOf(folder), &found);
  return found;
}

// Takes out those that were merged into another one.
std::vector<FoundFile> TakeReplaced(std::vector<FoundFile>* found) {
  std::map<std::optional<Period>, std::vector<SegmentRange>> folders;
  for (const FoundFile& file : *found) folders[file.period].push_back(file.segments);
  const auto has_wider = [&](const std::optional<Period>& folder, const SegmentRange& segments,
                             bool is_own) {
    const auto inside = folders.find(folder);
    if (inside == folders.end()) return false;
    return std::any_of(inside->second.begin(), inside->second.end(), [&](const auto& other) {
      return other.Covers(segments) && !(is_own && other == segments);
    });
  };
  const auto is_replaced = [&](const FoundFile& file) {
    if (has_wider(file.period, file.segments, true)) return true;
    if (!file.period) return false;
    for (const Period& wide : {DayOf(file.period->first_hour), MonthOf(file.period->first_hour)}) {
      if (wide.hours > file.period->hours && has_wider(wide, file.segments, false)) return true;
    }
    return false;
  };
  const auto kept = std::stable_partition(
      found->begin(), found->end(), [&](const FoundFile& file) { return !is_replaced(file); });
  std::vector<FoundFile> replaced(kept, found->end());
  found->erase(kept, found->end());
  return replaced;
}

// Files are joined with outcomes anew for a twentieth of the time.
constexpr int64_t kRestsPerJoin = 19;

bool Overlaps(const TimeRange& range, int64_t first_ms, int64_t last_ms) {
  return last_ms >= range.from_ms && first_ms < range.to_ms;
}

bool IsAskedFor(const FileFacts& facts, const LogRange& range) {
  return Overlaps(range.asked, facts.asked_first_ms, facts.asked_last_ms) &&
         Overlaps(range.happened, facts.happened_first_ms, facts.happened_last_ms);
}

bool IsAskedFor(const TailRow& row, const LogRange& range) {
  if (range.ids && row.about != 0 &&
      !std::binary_search(range.ids->begin(), range.ids->end(), row.about)) {
    return false;
  }
  return row.kind == RecordKind::kOutcome ||
         (Overlaps(range.asked, row.time_ms, row.time_ms) &&
          Overlaps(range.happened, row.happened_ms, row.happened_ms));
}

}  // namespace

LogStore::LogStore(fs::path folder) : folder_(std::move(folder)), compaction_(folder_) {
  for (const char* part : {"segments", "predictions", "outcomes", "aside", "work"}) {
    fs::create_directories(folder_ / part);
  }
  for (const auto& entry : fs::directory_iterator(folder_ / "work")) fs::remove(entry.path());
  ReadSegments();
}

void LogStore::ReadSegments() {
  std::set<int64_t> numbers;
  for (const auto& entry : fs::directory_iterator(folder_ / "segments")) {
    if (entry.path().extension() == ".log") numbers.insert(std::stoll(entry.path().stem()));
  }
  ReadParquet(numbers);
  for (int64_t number : numbers) {
    std::vector<TailRow> rows;
    RowFacts facts;
    lost_bytes_ += ReadSegment(SegmentFile(number), [&](RecordKind kind, std::string_view bytes) {
      const std::string line = ValidText(bytes);  // earlier releases wrote bytes as they came
      const Json fields = ParseJson(line);
      const int64_t time_ms = fields.GetInt("time_ms");
      const std::string id =
          fields.GetString(kind == RecordKind::kPrediction ? "id" : "prediction_id");
      const bool is_by_key = kind == RecordKind::kOutcome && fields.Find("key_input") != nullptr;
      rows.push_back({.kind = kind,
                      .endpoint = fields.GetString("endpoint"),
                      .time_ms = time_ms,
                      .happened_ms = fields.GetInt("event_time_ms", time_ms),
                      .about = is_by_key ? 0 : HashId(id),
                      .line = line});
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
void LogStore::ReadParquet(const std::set<int64_t>& segments) {
  for (RecordKind kind : kKinds) {
    std::vector<std::pair<std::string, FoundFile>> unknown;  // by endpoint
    for (const fs::path& folder :
         FoldersOf(folder_ / (kind == RecordKind::kPrediction ? "predictions" : "outcomes"))) {
      const std::string endpoint = EndpointOf(folder);
      std::vector<FoundFile> found = FilesOf(kind, folder);
      std::vector<FoundFile> gone = TakeReplaced(&found);
      const auto undone =
          std::stable_partition(found.begin(), found.end(), [&](const FoundFile& file) {
            return file.segments.first != file.segments.last ||
                   segments.count(file.segments.first) == 0;
          });
      gone.insert(gone.end(), undone, found.end());
      found.erase(undone, found.end());
      for (const FoundFile& file : gone) {
        LogSums::Remove(file.path);
        fs::remove(IdFile::Beside(file.path));
        fs::remove(file.path);
      }
      for (FoundFile& file : found) {
        last_segment_ = std::max(last_segment_.load(), file.segments.last);
        try {
          const FileFacts facts = IdFile(IdFile::Beside(file.path)).facts();
          catalogue_.Add({kind, endpoint}, {.number = 0,
                                            .path = file.path,
                                            .segments = file.segments,
                                            .period = file.period,
                                            .facts = facts,
                                            .has_ids = true,
                                            .has_sums = LogSums::HasRows(file.path)});
        } catch (const Error&) {  // of an earlier release, or damaged
          unknown.emplace_back(endpoint, std::move(file));
        }
      }
    }
    std::vector<fs::path> paths;
    for (const auto& [endpoint, file] : unknown) paths.push_back(file.path);
    const std::vector<FileFacts> facts = compaction_.ReadFacts(kind, paths);
    for (size_t i = 0; i < unknown.size(); ++i) {
      const auto& [endpoint, file] = unknown[i];
      catalogue_.Add({kind, endpoint}, {.number = 0,
                                        .path = file.path,
                                        .segments = file.segments,
                                        .period = file.period,
                                        .facts = facts[i],
                                        .has_ids = false,
                                        .has_sums = LogSums::HasRows(file.path)});
    }
  }
  for (const auto& [place, files] : catalogue_.all()) {
    LogCounts& counts = counts_[place.endpoint];
    (place.kind == RecordKind::kPrediction ? counts.predictions : counts.outcomes) += RowsOf(files);
    for (const LogFilePtr& file : files) traits_[place.endpoint].Add(file->facts.traits);
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
  std::shared_ptr<Tail>& tail = tails_[segment];
  if (!tail) tail = std::make_shared<Tail>();
  for (const auto& [endpoint, more] : facts.traits) {
    traits_[endpoint].Add(more);
    tail->traits[endpoint].Add(more);
  }
  for (const auto& [place, more] : facts.hours) {
    tail->hours[place].Add(more.rows, more.happened_first_ms, more.happened_last_ms);
  }
  for (const auto& [place, count] : facts.rows) {
    LogCounts& counts = counts_[place.second];
    (place.first == RecordKind::kPrediction ? counts.predictions : counts.outcomes) += count;
  }
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

void LogStore::Swap(const std::vector<LogCompaction::Pending>& added,
                    const LogCatalogue::Place& place, const LogFiles& removed, int64_t segment) {
  std::set<fs::path> folders;
  for (const auto& one : added) {
    const fs::path folder = one.file.path.parent_path();
    if (fs::create_directories(folder)) SyncFolder(folder.parent_path());
    // Rows first: without ids beside them they are read anew after a crash, and other rows' ids
    // would be believed.
    fs::rename(one.written, one.file.path);
    fs::rename(IdFile::Beside(one.written), IdFile::Beside(one.file.path));
    folders.insert(folder);
  }
  for (const fs::path& folder : folders) SyncFolder(folder);
  std::lock_guard lock(mutex_);
  catalogue_.Remove(place, removed);
  for (const auto& one : added) catalogue_.Add(one.place, one.file);
  tails_.erase(segment);
}

void LogStore::RemoveFiles(const LogFiles& files) {
  std::set<fs::path> folders;
  for (const LogFilePtr& file : files) {
    LogSums::Remove(file->path);
    fs::remove(file->path);
    fs::remove(IdFile::Beside(file->path));
    if (file->period) folders.insert(file->path.parent_path());
  }
  std::error_code still_used;
  for (const fs::path& folder : folders) fs::remove(folder, still_used);
}

void LogStore::Compact(int64_t segment, const MergeRules& rules) {
  std::shared_ptr<Tail> tail;
  {
    std::lock_guard lock(mutex_);
    const auto found = tails_.find(segment);
    if (found == tails_.end()) return;
    tail = found->second;
  }
  try {
    LogCompaction::Written written = compaction_.Write(segment, *tail, rules);
    std::unique_lock files(files_mutex_);
    Swap(written.files, {}, {}, segment);
    for (const auto& [place, rows] : written.set_aside) {
      set_aside_ += rows;
      std::lock_guard lock(mutex_);
      LogCounts& counts = counts_[place.endpoint];
      (place.kind == RecordKind::kPrediction ? counts.predictions : counts.outcomes) -= rows;
    }
    fs::remove(SegmentFile(segment));
    // Before anything is merged: else a power failure could bring the segment back beside a file
    // that has its rows and more.
    SyncFolder(folder_ / "segments");
  } catch (const fs::filesystem_error& failure) {
    throw Internal("Cannot move the prediction log to Parquet: {}", failure.what());
  }
}

bool LogStore::Tidy(const MergeRules& rules) {
  std::optional<MergePlan> plan;
  std::optional<std::pair<LogCatalogue::Place, LogFilePtr>> without_ids;
  {
    std::lock_guard lock(mutex_);
    // A segment that could not be compacted in its turn may be soon: no merged file may have a
    // range of segments that covers it.
    int64_t newest = kNoSegment;
    for (const auto& entry : catalogue_.all()) {
      for (const LogFilePtr& file : entry.second) newest = std::max(newest, file->segments.last);
    }
    const bool has_gap = !tails_.empty() && tails_.begin()->first < newest;
    if (!has_gap) plan = compaction_.Plan(catalogue_, rules);
    for (const auto& [place, files] : catalogue_.all()) {
      if (plan || without_ids) break;
      for (const LogFilePtr& file : files) {
        if (!file->has_ids && !without_ids) without_ids.emplace(place, file);
      }
    }
  }
  try {
    if (plan) {
      const std::optional<LogCompaction::Pending> merged = compaction_.Merge(*plan);
      if (!merged) return true;  // not this one; the next plan is another
      std::unique_lock files(files_mutex_);
      Swap({*merged}, plan->place, plan->files, kNoSegment);
      RemoveFiles(plan->files);
      return true;
    }
    if (!without_ids) return false;
    const auto& [place, file] = *without_ids;
    compaction_.WriteIds(place, *file);
    LogFile known = *file;
    known.has_ids = true;
    std::lock_guard lock(mutex_);
    catalogue_.Replace(place, file, std::move(known));
    return true;
  } catch (const fs::filesystem_error& failure) {
    throw Internal("Cannot merge files of the prediction log: {}", failure.what());
  }
}

LogCounts LogStore::RemoveBefore(int64_t wall_ms) {
  LogCounts removed;
  std::vector<std::pair<LogCatalogue::Place, LogFiles>> old;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [place, files] : catalogue_.all()) {
      LogFiles gone;
      for (const LogFilePtr& file : files) {
        const bool is_outcome = place.kind == RecordKind::kOutcome;
        const bool is_over = !is_outcome && file->period && file->period->end_ms() <= wall_ms;
        if (is_over || file->facts.asked_last_ms < wall_ms) gone.push_back(file);
      }
      if (!gone.empty()) old.emplace_back(place, std::move(gone));
    }
  }
  try {
    for (const auto& [place, files] : old) {
      std::unique_lock holding(files_mutex_);
      if (place.kind == RecordKind::kOutcome) {
        LogFiles of_these;
        {
          std::lock_guard lock(mutex_);
          of_these = catalogue_.Of({RecordKind::kPrediction, place.endpoint});
        }
        sums_.RemoveKnown(of_these);
      }
      RemoveFiles(files);
      std::lock_guard lock(mutex_);
      catalogue_.Remove(place, files);
      const int64_t rows = RowsOf(files);
      const bool is_outcome = place.kind == RecordKind::kOutcome;
      LogCounts& counts = counts_[place.endpoint];
      (is_outcome ? counts.outcomes : counts.predictions) -= rows;
      (is_outcome ? removed.outcomes : removed.predictions) += rows;
    }
    removed.predictions += TrimMonths(wall_ms);
  } catch (const fs::filesystem_error& failure) {
    throw Internal("Cannot remove old rows of the prediction log: {}", failure.what());
  }
  return removed;
}

// Once a day each at most: a month's file is written anew.
int64_t LogStore::TrimMonths(int64_t wall_ms) {
  const int64_t day_ms = DayOf(HourAt(wall_ms)).start_ms();
  std::vector<std::pair<LogCatalogue::Place, LogFilePtr>> months;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [place, files] : catalogue_.all()) {
      for (const LogFilePtr& file : files) {
        const bool is_wide = file->period && file->period->hours > DayOf(0).hours;
        if (is_wide && file->facts.asked_first_ms < day_ms) months.emplace_back(place, file);
      }
    }
  }
  int64_t removed = 0;
  for (const auto& [place, file] : months) {
    const auto trimmed = compaction_.Trim(place, *file, day_ms);
    if (!trimmed) continue;
    std::unique_lock holding(files_mutex_);
    // What is beside the file is of rows that go: no crash may leave it to those that stay.
    LogSums::Remove(file->path);
    fs::remove(IdFile::Beside(file->path));
    SyncFolder(file->path.parent_path());
    Swap({*trimmed}, place, {file}, kNoSegment);
    const int64_t rows = file->facts.rows - trimmed->file.facts.rows;
    removed += rows;
    std::lock_guard lock(mutex_);
    counts_[place.endpoint].predictions -= rows;
  }
  return removed;
}

std::vector<RowBlock> LogStore::Blocks(const std::string& endpoint, bool happened) const {
  std::vector<RowBlock> blocks;
  for (const LogFilePtr& file : catalogue_.Of({RecordKind::kPrediction, endpoint})) {
    const FileFacts& facts = file->facts;
    blocks.push_back(happened
                         ? RowBlock{facts.rows, facts.happened_first_ms, facts.happened_last_ms}
                         : RowBlock{facts.rows, facts.asked_first_ms, facts.asked_last_ms});
  }
  for (const auto& entry : tails_) {
    const auto& hours = entry.second->hours;
    for (auto hour = hours.lower_bound({endpoint, std::numeric_limits<int64_t>::min()});
         hour != hours.end() && hour->first.first == endpoint; ++hour) {
      const HourOfRows& rows = hour->second;
      const int64_t start_ms = hour->first.second * kHourMs;
      blocks.push_back(happened ? RowBlock{rows.rows, rows.happened_first_ms, rows.happened_last_ms}
                                : RowBlock{rows.rows, start_ms, start_ms + kHourMs - 1});
    }
  }
  return blocks;
}

std::optional<TimeRange> LogStore::Happened(const std::string& endpoint) const {
  std::lock_guard lock(mutex_);
  const std::vector<RowBlock> blocks = Blocks(endpoint, true);
  if (blocks.empty()) return std::nullopt;
  TimeRange all{blocks.front().first_ms, blocks.front().last_ms};
  for (const RowBlock& block : blocks) {
    all.from_ms = std::min(all.from_ms, block.first_ms);
    all.to_ms = std::max(all.to_ms, block.last_ms);
  }
  if (all.to_ms < TimeRange().to_ms) ++all.to_ms;
  return all;
}

int64_t LogStore::NewestFrom(const std::string& endpoint, int64_t rows, int64_t before_ms) const {
  std::lock_guard lock(mutex_);
  return monitoring::NewestFrom(Blocks(endpoint, false), rows, before_ms)
      .value_or(TimeRange().from_ms);
}

int64_t LogStore::NewestHappenedFrom(const std::string& endpoint, int64_t rows) const {
  std::lock_guard lock(mutex_);
  return monitoring::NewestFrom(Blocks(endpoint, true), rows, TimeRange().to_ms)
      .value_or(TimeRange().from_ms);
}

LogStore::Selection LogStore::Select(RecordKind kind, const std::string& endpoint,
                                     const LogRange& range) const {
  Selection selection;
  for (const LogFilePtr& file : catalogue_.Of({kind, endpoint})) {
    if (kind == RecordKind::kOutcome || IsAskedFor(file->facts, range)) {
      selection.files.push_back(file);
    }
  }
  for (const auto& entry : tails_) {
    const auto found = entry.second->schemas.find({kind, endpoint});
    if (found == entry.second->schemas.end()) continue;
    selection.tails.push_back(entry.second);
    MergeSchema(found->second, selection.schema);
    for (const TailRow& row : entry.second->rows) {
      if (row.kind == kind && row.endpoint == endpoint && IsAskedFor(row, range)) {
        selection.rows.push_back(&row);
      }
    }
  }
  return selection;
}

std::string LogStore::TableOf(RecordKind kind, const Selection& selection,
                              LogSnapshot& snapshot) const {
  std::vector<fs::path> files;
  for (const LogFilePtr& file : selection.files) {
    files.push_back(file->path);
    snapshot.files.push_back(file->path.string());
  }
  std::string sql;
  if (!files.empty()) sql = "SELECT * FROM " + FilesSql(kind, files);
  if (!selection.rows.empty()) {
    const fs::path lines =
        snapshot.tail->path() / (kind == RecordKind::kPrediction ? "p.ndjson" : "o.ndjson");
    snapshot.files.push_back(lines.string());
    if (!sql.empty()) sql += " UNION ALL BY NAME ";
    sql += "SELECT * FROM " + WriteTable(kind, selection.schema, selection.rows, lines);
  }
  return sql.empty() ? NoRowsSql(kind) : "(" + sql + ")";
}

LogSnapshot LogStore::Open(const std::string& endpoint, const LogRange& range) const {
  LogSnapshot snapshot;
  snapshot.lock = std::shared_lock(files_mutex_);
  snapshot.tail = std::make_unique<TempDir>();
  Selection predictions, outcomes;
  int64_t all_rows = 0;
  {
    std::lock_guard lock(mutex_);
    predictions = Select(RecordKind::kPrediction, endpoint, range);
    outcomes = Select(RecordKind::kOutcome, endpoint, range);
    all_rows = RowsOf(catalogue_.Of({RecordKind::kPrediction, endpoint}));
    if (const auto found = traits_.find(endpoint); found != traits_.end()) {
      snapshot.traits = found->second;
    }
  }
  if (range.ids) {
    predictions.files = Holding(predictions.files, *range.ids);
    outcomes.files = Holding(outcomes.files, *range.ids);
  } else {
    outcomes.files = OutcomesOf(predictions.files, predictions.rows, outcomes.files, all_rows);
  }
  snapshot.predictions = TableOf(RecordKind::kPrediction, predictions, snapshot);
  snapshot.outcomes = TableOf(RecordKind::kOutcome, outcomes, snapshot);
  if (snapshot.traits.has_sources) snapshot.outcomes = OncePerSource(snapshot.outcomes);
  return snapshot;
}

LogFiles LogStore::OutcomesOf(const LogFiles& predictions, const std::vector<const TailRow*>& rows,
                              const LogFiles& outcomes, int64_t all_rows) const {
  // Of most of the predictions nearly all files of outcomes have some.
  if (2 * RowsOf(predictions) >= all_rows) return outcomes;
  std::vector<uint64_t> more;
  for (const TailRow* row : rows) more.push_back(row->about);
  std::sort(more.begin(), more.end());
  return relations_.Concerning(outcomes, predictions, more);
}

SummedLog LogStore::OpenSummed(const std::string& endpoint, const TimeRange& happened) const {
  SummedLog summed;
  summed.rest.lock = std::shared_lock(files_mutex_);
  summed.rest.tail = std::make_unique<TempDir>();
  Selection predictions, outcomes;
  int64_t all_rows = 0;
  {
    std::lock_guard lock(mutex_);
    predictions = Select(RecordKind::kPrediction, endpoint, {.asked = {}, .happened = happened});
    outcomes = Select(RecordKind::kOutcome, endpoint, {});
    all_rows = RowsOf(catalogue_.Of({RecordKind::kPrediction, endpoint}));
    if (const auto found = traits_.find(endpoint); found != traits_.end()) {
      summed.rest.traits = found->second;
    }
  }
  std::vector<uint64_t> told;
  for (const TailRow* row : outcomes.rows) told.push_back(row->about);
  std::sort(told.begin(), told.end());
  LogFiles rest, unknown, with_sums;
  for (const LogFilePtr& file : predictions.files) {
    const bool is_inside = file->facts.happened_first_ms >= happened.from_ms &&
                           file->facts.happened_last_ms < happened.to_ms;
    std::shared_ptr<const RowSums> rows = is_inside ? sums_.Rows(*file) : nullptr;
    if (!rows) {
      rest.push_back(file);
      continue;
    }
    summed.summed_rows += rows->rows;
    summed.rows.push_back(std::move(rows));
    with_sums.push_back(file);
    std::shared_ptr<const FileKnown> known = sums_.Known(*file);
    if (known && IsCurrent(*file, known->through_segment, outcomes.files, told)) {
      summed.known.push_back(std::move(known));
    } else {
      unknown.push_back(file);
    }
  }
  predictions.files = rest;
  summed.rest_rows_max = RowsOf(rest) + static_cast<int64_t>(predictions.rows.size());
  LogFiles joined = rest;
  joined.insert(joined.end(), unknown.begin(), unknown.end());
  outcomes.files = OutcomesOf(joined, predictions.rows, outcomes.files, all_rows);
  summed.rest.predictions = TableOf(RecordKind::kPrediction, predictions, summed.rest);
  summed.rest.outcomes = TableOf(RecordKind::kOutcome, outcomes, summed.rest);
  if (summed.rest.traits.has_sources) summed.rest.outcomes = OncePerSource(summed.rest.outcomes);
  if (!with_sums.empty()) summed.summed = FilesSql(RecordKind::kPrediction, PathsOf(with_sums));
  if (!unknown.empty()) summed.unknown = FilesSql(RecordKind::kPrediction, PathsOf(unknown));
  return summed;
}

bool LogStore::IsCurrent(const LogFile& file, int64_t through_segment, const LogFiles& outcomes,
                         const std::vector<uint64_t>& told) const {
  const auto one = std::make_shared<const LogFile>(file);
  LogFiles newer;
  for (const LogFilePtr& each : outcomes) {
    if (each->segments.last > through_segment) newer.push_back(each);
  }
  if (!relations_.Concerning(newer, {one}, {}).empty()) return false;
  if (told.empty()) return true;
  // Outcomes by a key, which have no hash, may be of any.
  return told.front() != 0 && Holding({one}, told).empty();
}

// Sums rows first, for these stay true, then what became of them: of all files that outcomes have
// come of since, and then not until nineteen times what that took has gone by.
bool LogStore::Sum(bool at_once) {
  std::optional<std::pair<LogCatalogue::Place, LogFilePtr>> without_sums;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [place, files] : catalogue_.all()) {
      if (place.kind != RecordKind::kPrediction || without_sums) continue;
      for (const LogFilePtr& file : files) {
        const bool is_wanted = !file->has_sums && file->facts.rows >= kSummedFileRowsMin;
        if (is_wanted && !without_sums) without_sums.emplace(place, file);
      }
    }
  }
  if (without_sums) {
    const auto& [place, file] = *without_sums;
    sums_.WriteRows(
        *file, SumRows(*session_.operator->(), FilesSql(RecordKind::kPrediction, {file->path})));
    LogFile summed = *file;
    summed.has_sums = true;
    std::lock_guard lock(mutex_);
    catalogue_.Replace(place, file, std::move(summed));
    return true;
  }
  if (to_join_.empty() && (at_once || MonotonicUs() >= join_again_us_)) {
    to_join_ = FilesToJoin();
  }
  if (to_join_.empty()) return false;
  const auto [place, file] = std::move(to_join_.back());
  to_join_.pop_back();
  const int64_t start_us = MonotonicUs();
  SumKnownOf(place, file);
  join_again_us_ = std::max(join_again_us_, start_us) + kRestsPerJoin * (MonotonicUs() - start_us);
  return true;
}

std::vector<std::pair<LogCatalogue::Place, LogFilePtr>> LogStore::FilesToJoin() const {
  LogCatalogue catalogue;
  int64_t stored_through = 0;
  {
    std::lock_guard lock(mutex_);
    catalogue = catalogue_;
    stored_through = StoredThrough();
  }
  std::vector<std::pair<LogCatalogue::Place, LogFilePtr>> files;
  for (const auto& [place, all] : catalogue.all()) {
    if (place.kind != RecordKind::kPrediction) continue;
    LogFiles outcomes = catalogue.Of({RecordKind::kOutcome, place.endpoint});
    std::erase_if(outcomes,
                  [&](const LogFilePtr& file) { return file->segments.last > stored_through; });
    for (const LogFilePtr& file : all) {
      if (!file->has_sums) continue;
      const std::optional<int64_t> through = sums_.KnownThrough(*file);
      if (!through || !IsCurrent(*file, *through, outcomes, {})) files.emplace_back(place, file);
    }
  }
  return files;
}

// Outcomes of later segments are still in memory, or not there yet.
int64_t LogStore::StoredThrough() const {
  const int64_t open = last_segment_;
  return (tails_.empty() ? open : std::min(open, tails_.begin()->first)) - 1;
}

void LogStore::SumKnownOf(const LogCatalogue::Place& place, const LogFilePtr& file) {
  FileKnown known;
  LogFiles outcomes;
  LogSnapshot snapshot;
  {
    std::lock_guard lock(mutex_);
    const LogFiles& files = catalogue_.Of(place);
    if (std::find(files.begin(), files.end(), file) == files.end()) return;  // merged, or gone
    known.through_segment = StoredThrough();
    for (const LogFilePtr& each : catalogue_.Of({RecordKind::kOutcome, place.endpoint})) {
      if (each->segments.last <= known.through_segment) outcomes.push_back(each);
    }
    if (const auto found = traits_.find(place.endpoint); found != traits_.end()) {
      snapshot.traits = found->second;
    }
  }
  outcomes = relations_.Concerning(outcomes, {file}, {});
  if (!outcomes.empty()) {
    snapshot.predictions = FilesSql(RecordKind::kPrediction, {file->path});
    snapshot.outcomes = FilesSql(RecordKind::kOutcome, PathsOf(outcomes));
    if (snapshot.traits.has_sources) snapshot.outcomes = OncePerSource(snapshot.outcomes);
    known.sums = SumKnown(*session_.operator->(), JoinedSql(snapshot));
  }
  sums_.WriteKnown(*file, std::move(known));
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

int64_t LogStore::file_count() const {
  std::lock_guard lock(mutex_);
  int64_t count = 0;
  for (const auto& entry : catalogue_.all()) count += static_cast<int64_t>(entry.second.size());
  return count;
}

std::set<std::string> LogStore::Endpoints() const {
  std::lock_guard lock(mutex_);
  std::set<std::string> endpoints;
  for (const auto& entry : counts_) endpoints.insert(entry.first);
  return endpoints;
}

}  // namespace millwright::monitoring
