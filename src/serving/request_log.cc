#include "serving/request_log.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"

namespace millwright::serving {
namespace {

// Of one shard. It is touched at the start, for a request that met a page for the first time would
// pay for it.
constexpr size_t kShardBytes = 2 << 20;
static_assert(kRequestBytesMax <= kShardBytes / 2);
// In a shard: the writer should not wait any longer. So little that it is still in the processor's
// caches, and that what the writer does with it holds up nobody for long.
constexpr size_t kWakeBytes = 128 << 10;
constexpr int kIdleMs = 100;  // how long what was taken lies at most
constexpr int64_t kSyncUs = 1'000'000;

size_t ThreadPlace() {
  static std::atomic<size_t> next = 0;
  thread_local const size_t place = next.fetch_add(1);
  return place;
}

int64_t NumberOf(const std::filesystem::path& segment) {
  const std::string stem = segment.stem().string();
  int64_t number = 0;
  std::from_chars(stem.data(), stem.data() + stem.size(), number);
  return number;
}

}  // namespace

LoggedModel::LoggedModel(uint32_t index, ModelInfoPtr info,
                         const std::vector<std::string>& redacted)
    : index_(index),
      info_(std::move(info)),
      redaction_(info_->signature, redacted),
      counters_(info_->signature, redacted) {}

RequestLog::RequestLog(const RequestLogOptions& options)
    : options_(options),
      spare_(std::make_unique<char[]>(kShardBytes)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_fd_ < 0) throw Internal("No event descriptor is left");
  for (Shard& shard : shards_) shard.bytes = std::make_unique<char[]>(kShardBytes);
  const auto segments = RequestSegments(options_.folder);
  if (!segments.empty()) segment_number_ = NumberOf(segments.back());
  Roll();
  writer_ = std::jthread([this](const std::stop_token& stop) { Write(stop); });
}

RequestLog::~RequestLog() {
  writer_.request_stop();
  Wake();
  writer_.join();
  close(wake_fd_);
}

std::shared_ptr<const LoggedModel> RequestLog::Register(ModelInfoPtr info) {
  const auto hidden = options_.rules.HiddenOf(info->name);
  std::lock_guard lock(models_mutex_);
  models_.push_back(std::make_shared<const LoggedModel>(static_cast<uint32_t>(models_.size()),
                                                        std::move(info), hidden));
  return models_.back();
}

void RequestLog::Take(const LoggedModel& model, const LoggedRequest& request) {
  if (!options_.rules.Keeps(model.info_->name, request.request.id)) return;
  offered_.fetch_add(1, std::memory_order_relaxed);
  const size_t size = RequestRecordBytes(request, model.redaction_);
  if (size > kRequestBytesMax || !Put(model, request, size)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

bool RequestLog::Put(const LoggedModel& model, const LoggedRequest& request, size_t size) {
  const size_t first = ThreadPlace();
  for (size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[(first + i) % kShards];
    const std::unique_lock lock(shard.mutex, std::try_to_lock);
    if (!lock || shard.used + size > kShardBytes) continue;
    WriteRequestRecord(model.index_, request, model.redaction_, shard.bytes.get() + shard.used);
    shard.used += size;
    if (shard.used >= kWakeBytes) Wake();
    return true;
  }
  return false;
}

void RequestLog::Wake() {
  if (asked_.exchange(true)) return;
  const uint64_t one = 1;
  // A counter that is full has woken the writer already.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

void RequestLog::Write(const std::stop_token& stop) {
  NameThisThread("request-log");
  while (!stop.stop_requested()) {
    pollfd waited{.fd = wake_fd_, .events = POLLIN, .revents = 0};
    poll(&waited, 1, kIdleMs);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t read_bytes = read(wake_fd_, &count, sizeof count);
    asked_.store(false);
    WriteTaken();
  }
  WriteTaken();
}

void RequestLog::WriteTaken() {
  bool wrote = false;
  for (Shard& shard : shards_) {
    size_t used = 0;
    {
      std::lock_guard lock(shard.mutex);
      if (shard.used == 0) continue;
      std::swap(shard.bytes, spare_);
      std::swap(shard.used, used);
    }
    WriteShard(used);
    wrote = true;
  }
  const int64_t now_us = MonotonicUs();
  if (!wrote || now_us - synced_us_ < kSyncUs || segment_ == nullptr) return;
  synced_us_ = now_us;
  try {
    segment_->Sync();
  } catch (const Error& error) {
    Log(LogLevel::kError, "serving", "The request log cannot be synced",
        {{"error", error.message()}});
  }
}

void RequestLog::WriteShard(size_t used) {
  int64_t count = 0;
  try {
    const auto known = models();
    count = SealRecords(
        spare_.get(), used,
        [&](uint32_t model, const std::string& input, inference::DataType type,
            std::string_view values) { known[model]->counters().Add(input, type, values); });
    for (const auto& model : known) model->counters().Publish();
    if (segment_ == nullptr || segment_->bytes() >= kRequestSegmentBytesMax) Roll();
    WriteModels();
    segment_->Append({spare_.get(), used});
    written_.fetch_add(count, std::memory_order_relaxed);
    bytes_.fetch_add(static_cast<int64_t>(used), std::memory_order_relaxed);
    failing_ = false;
  } catch (const std::exception& error) {
    lost_.fetch_add(count, std::memory_order_relaxed);
    if (failing_) return;
    failing_ = true;  // said once, until it works again
    Log(LogLevel::kError, "serving", "Requests cannot be logged", {{"error", error.what()}});
  }
}

void RequestLog::WriteModels() {
  const auto known = models();
  for (; models_written_ < known.size(); ++models_written_) {
    const LoggedModel& model = *known[models_written_];
    segment_->AppendModel(model.index_, *model.info_, model.redaction_);
  }
}

void RequestLog::Roll() {
  segment_.reset();
  std::error_code failed;  // it may have been removed since the last segment
  std::filesystem::create_directories(options_.folder, failed);
  if (failed) {
    throw InvalidArgument("Cannot make the folder {}: {}", options_.folder.string(),
                          failed.message());
  }
  RemoveOldest();
  const std::string name = fmt::format("{:08}.requests", ++segment_number_);
  segment_ = std::make_unique<RequestSegment>(options_.folder / name);
  models_written_ = 0;
}

// Makes room for one more segment.
void RequestLog::RemoveOldest() {
  int64_t left = options_.folder_bytes_max - kRequestSegmentBytesMax;
  const auto segments = RequestSegments(options_.folder);
  for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
    std::error_code ignored;  // another process may have removed it
    left -= static_cast<int64_t>(std::filesystem::file_size(*it, ignored));
    if (left < 0) std::filesystem::remove(*it, ignored);
  }
}

RequestLogStats RequestLog::stats() const {
  return {offered_.load(), dropped_.load(), written_.load(), lost_.load(), bytes_.load()};
}

std::vector<std::shared_ptr<const LoggedModel>> RequestLog::models() const {
  std::lock_guard lock(models_mutex_);
  return models_;
}

}  // namespace millwright::serving
