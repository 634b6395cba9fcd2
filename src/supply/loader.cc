#include "supply/loader.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "base/lane.h"
#include "base/memory_use.h"
#include "ensembles/ensemble.h"
#include "inference/onnx_runtime.h"

namespace millwright::supply {
namespace {

constexpr double kMib = 1 << 20;

int64_t BytesOf(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    const auto bytes = std::filesystem::file_size(path, error);
    return error ? 0 : static_cast<int64_t>(bytes);
  }
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error)) {
    if (entry.is_regular_file(error)) bytes += static_cast<int64_t>(entry.file_size(error));
  }
  return bytes;
}

// What the runtime itself takes is no model's, so it is there before the first is measured.
void PrimeRuntime(const std::filesystem::path& path) {
  std::error_code error;
  const bool is_onnx =
      path.extension() == ".onnx" || std::filesystem::exists(path / "model.onnx", error);
  if (is_onnx) inference::GetOnnxRuntime();
}

}  // namespace

Loader::Loader(const inference::PythonOptions& python, int64_t memory_bytes_max)
    : python_(python), memory_bytes_max_(memory_bytes_max), ward_(std::make_shared<Ward>()) {
  undertaker_ = std::jthread([ward = ward_] { Destroy(ward); });
}

Loader::~Loader() {
  {
    std::lock_guard lock(ward_->mutex);
    ward_->closed = true;
  }
  ward_->changed.notify_all();
}

void Loader::Destroy(const std::shared_ptr<Ward>& ward) {
  NameThisThread("model-unload");
  std::unique_lock lock(ward->mutex);
  while (true) {
    ward->changed.wait(lock, [&] { return ward->closed || !ward->leaving.empty(); });
    if (ward->leaving.empty()) return;
    Leaving leaving = std::move(ward->leaving.front());
    ward->leaving.pop_front();
    lock.unlock();
    leaving.engine.reset();
    ReleaseFreeMemory();
    lock.lock();
    ward->used_bytes -= leaving.bytes;
    *leaving.gone = true;
    ward->changed.notify_all();
  }
}

int64_t Loader::memory_bytes() const {
  std::lock_guard lock(ward_->mutex);
  return ward_->used_bytes;
}

void Loader::Require(const serving::ModelSource& source, int64_t bytes, std::string_view verb,
                     const MakeRoom& make_room) {
  if (memory_bytes_max_ == 0) return;
  while (memory_bytes() + bytes > memory_bytes_max_) {
    if (bytes <= memory_bytes_max_ && make_room()) continue;
    throw ResourceExhausted(
        "Model {}: version {} does not fit: it {} {:.1f} MiB and {:.1f} of {:.1f} MiB are used",
        source.name, source.version, verb, static_cast<double>(bytes) / kMib,
        static_cast<double>(memory_bytes()) / kMib, static_cast<double>(memory_bytes_max_) / kMib);
  }
}

HeldVersion Loader::Load(const serving::ModelSource& source, const MakeRoom& make_room) {
  std::lock_guard one(loading_);
  const int64_t file_bytes = BytesOf(source.path);
  Require(source, file_bytes, "has files of", make_room);
  PrimeRuntime(source.path);
  const int64_t before = MemoryInUse();
  serving::LoadedVersion loaded = serving::LoadVersion(source, python_, ensembles::LoadModel);
  const int64_t grown = MemoryInUse() - before;
  ReleaseFreeMemory();  // of what reading a model took
  // An allocator that counts nothing, as a sanitizer's, leaves the files as the best guess.
  const int64_t bytes = grown > 0 ? grown : file_bytes;
  Require(source, bytes, "takes", make_room);
  return Admit(std::move(loaded), bytes);
}

HeldVersion Loader::Admit(serving::LoadedVersion loaded, int64_t bytes) {
  {
    std::lock_guard lock(ward_->mutex);
    ward_->used_bytes += bytes;
  }
  auto gone = std::make_shared<bool>(false);
  // What is handed out refers to the engine; the last to give it back, which may be a request,
  // leaves the destroying to the undertaker.
  inference::Engine* engine = loaded.engine.get();
  loaded.engine = std::shared_ptr<inference::Engine>(
      engine, [ward = ward_, owner = loaded.engine, bytes, gone](inference::Engine*) mutable {
        Leave(*ward, {.engine = std::move(owner), .bytes = bytes, .gone = gone});
      });
  return {.loaded = std::move(loaded), .memory_bytes = bytes, .gone = gone};
}

void Loader::Leave(Ward& ward, Leaving leaving) {
  {
    std::lock_guard lock(ward.mutex);
    if (!ward.closed) ward.leaving.push_back(std::move(leaving));
  }
  ward.changed.notify_all();
}

void Loader::LetGo(HeldVersion held) {
  const std::shared_ptr<const bool> gone = held.gone;
  held = {};
  std::unique_lock lock(ward_->mutex);
  ward_->changed.wait_for(lock, std::chrono::milliseconds(kLeaveMsMax), [&] { return *gone; });
}

}  // namespace millwright::supply
