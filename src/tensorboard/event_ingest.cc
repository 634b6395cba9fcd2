#include "tensorboard/event_ingest.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/valid_text.h"
#include "tensorboard/record_reader.h"
#include "tensorboard/thinning.h"
#include "tracking/limits.h"

namespace millwright::tensorboard {
namespace {

// By whom files and tags are said to be written.
constexpr const char* kWho = "tensorboard";
constexpr std::string_view kImageFolder = "tensorboard_images";

tracking::RunInfo RequireOpenRun(const tracking::RunStore& runs, const tracking::RunId& id) {
  auto run = runs.GetInfo(id);
  if (run.lifecycle == tracking::Lifecycle::kDeleted)
    throw FailedPrecondition("The run is deleted: {}", id.str());
  return run;
}

void RequireFileName(const std::string& name) {
  if (name.empty() || name.size() > kFileNameBytesMax || ValidText(name) != name)
    throw InvalidArgument("file must be a name of 1 to {} bytes of UTF-8", kFileNameBytesMax)
        .WithField("file");
}

// Where a run's images go: into its artifacts, or beside them when the server does not keep those.
std::string ImageFolderOf(const artifacts::Artifacts& store, const tracking::RunInfo& run) {
  const auto folder = store.FindPath(run.artifact_uri);
  return artifacts::JoinPath(
      folder.value_or(run.experiment_id.str() + "/" + run.id.str() + "/artifacts"),
      std::string(kImageFolder));
}

// Takes the records of a piece; returns how far it came.
TakenPiece ReadRecords(const EventPiece& piece, EventCollector* events) {
  RecordReader reader(piece.bytes);
  TakenPiece taken;
  try {
    while (const auto record = reader.Next()) {
      ++taken.records;
      try {
        events->Add(ParseEvent(*record));
      } catch (const Error& error) {
        if (error.code() != Code::kInvalidArgument) throw;
        events->CountUnshown("unreadable: " + error.message());
      }
    }
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    taken.problem =
        fmt::format("{} (at byte {})", error.message(), piece.offset + reader.consumed());
  }
  if (reader.skipped() > 0) events->CountUnshown("record too large", reader.skipped());
  taken.offset = piece.offset + reader.consumed();
  taken.wanted = reader.wanted();
  taken.session_end = events->session_end();
  return taken;
}

Json HistogramJson(const Histogram& histogram) {
  Json buckets = Json::MakeArray();
  for (const auto& bucket : histogram.buckets)
    buckets.Append(Json::Array{bucket.left, bucket.right, bucket.count});
  return Json::Of({{"buckets", buckets}});
}

Json TextJson(const Text& text) {
  Json lines = Json::MakeArray();
  for (const auto& line : text.lines) lines.Append(line);
  return Json::Of({{"lines", lines}, {"cut", text.is_cut}});
}

}  // namespace

EventIngest::EventIngest(storage::Database& database, tracking::RunStore& runs,
                         artifacts::Artifacts& artifacts, const Clock& clock)
    : summaries_(database), runs_(runs), artifacts_(artifacts), clock_(clock) {}

TakenPiece EventIngest::Take(const EventPiece& piece) {
  RequireFileName(piece.file);
  const auto run = RequireOpenRun(runs_, piece.run);
  const std::lock_guard lock(
      run_locks_[std::hash<tracking::RunId>()(piece.run) % std::size(run_locks_)]);
  EventFile file = summaries_.File(piece.run, piece.file);
  const auto mark = static_cast<uint64_t>(file.bytes_read);
  if (piece.offset != 0 && piece.offset != mark)
    throw Aborted("The file {} is read up to byte {}, not {}", piece.file, mark, piece.offset);
  if (piece.offset != 0 && !file.problem.empty()) return {.offset = mark, .problem = file.problem};

  EventCollector events(summaries_.Tags(piece.run), piece.folder);
  const TakenPiece taken = ReadRecords(piece, &events);
  if (taken.records == 0 && taken.problem.empty() && taken.offset == mark) return taken;
  for (const auto& restart : events.restarts())
    RemoveImages(summaries_.Purge(piece.run, piece.folder, restart.step, restart.time_ms));
  LogToRun(piece.run, events);

  if (piece.offset == 0) file.records = 0;
  file.bytes_read = static_cast<int64_t>(taken.offset);
  file.records += taken.records;
  file.problem = taken.problem;
  file.updated_ms = clock_.NowMs();
  SummaryChange change{.file = file, .bytes_read_before = static_cast<int64_t>(mark), .tags = {}};
  const std::string image_folder = ImageFolderOf(artifacts_, run);
  for (const auto& [name, pending] : events.tags())
    change.tags.push_back(KeepSamples(image_folder, pending));
  RemoveImages(summaries_.Apply(piece.run, change));
  return taken;
}

void EventIngest::LogToRun(const tracking::RunId& run, const EventCollector& events) {
  tracking::Batch batch;
  const auto flush = [&] {
    runs_.LogBatch(run, batch);
    batch = {};
  };
  for (const auto& metric : events.metrics()) {
    batch.metrics.push_back(metric);
    if (batch.metrics.size() == tracking::kBatchMetricsMax) flush();
  }
  if (!batch.metrics.empty()) flush();
  if (!events.params().empty()) {
    const auto logged = runs_.Get(run).params;
    for (const auto& param : events.params()) {
      // Params never change: a session that starts again with others does not undo the first.
      const bool known = std::any_of(logged.begin(), logged.end(),
                                     [&](const auto& other) { return other.key == param.key; });
      if (!known) batch.params.push_back(param);
      if (batch.params.size() == tracking::kBatchParamsMax) flush();
    }
  }
  if (!events.restarts().empty())
    batch.tags.push_back({std::string(kRestartTag), std::to_string(events.restarts().back().step)});
  // Histograms and images alone are a sign of the run's life too.
  if (!batch.params.empty() || !batch.tags.empty() || events.metrics().empty()) flush();
}

// Thins before images are stored, so that one that is not kept is never written.
SummaryChange::TagChange EventIngest::KeepSamples(const std::string& image_folder,
                                                  const PendingTag& pending) {
  SummaryChange::TagChange change{pending.tag, {}, {}};
  if (pending.samples.empty()) return change;
  const std::vector<int64_t> stored =
      pending.tag.seq == 0 ? std::vector<int64_t>() : summaries_.Steps(pending.tag.seq);
  std::vector<int64_t> steps = stored;
  for (const auto& [step, sample] : pending.samples) steps.push_back(step);
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  const std::vector<int64_t> kept = Thin(steps, SamplesMax(pending.tag.kind));
  for (const int64_t step : stored)
    if (!std::binary_search(kept.begin(), kept.end(), step)) change.dropped_steps.push_back(step);
  for (const auto& [step, sample] : pending.samples) {
    if (!std::binary_search(kept.begin(), kept.end(), step)) continue;
    Json data;
    if (const auto* histogram = std::get_if<Histogram>(&sample.summary))
      data = HistogramJson(*histogram);
    if (const auto* text = std::get_if<Text>(&sample.summary)) data = TextJson(*text);
    if (const auto* images = std::get_if<Images>(&sample.summary))
      data = StoreImages(artifacts::JoinPath(image_folder, pending.tag.key), step, *images);
    change.kept.push_back({step, sample.time_ms, std::move(data)});
  }
  return change;
}

Json EventIngest::StoreImages(const std::string& folder, int64_t step, const Images& images) {
  Json list = Json::MakeArray();
  int number = 0;
  for (const auto& image : images.images) {
    const std::string path =
        artifacts::JoinPath(folder, fmt::format("{}-{}.{}", step, number++, image.extension));
    artifacts_.Put(path, image.bytes, kWho);
    list.Append(Json::Of({{"path", path},
                          {"width", image.width},
                          {"height", image.height},
                          {"bytes", image.bytes.size()}}));
  }
  return Json::Of({{"images", list}, {"dropped", images.dropped}});
}

void EventIngest::RemoveImages(const std::vector<Json>& samples) {
  for (const auto& sample : samples)
    if (const Json* images = sample.Find("images"))
      for (const auto& image : images->AsArray())
        artifacts_.Remove(image.At("path").AsString("path"), kWho);
}

}  // namespace millwright::tensorboard
