#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "inference/python_options.h"
#include "serving/loaded_version.h"

namespace millwright::supply {

// A version in memory and what it takes there. The engine may be in use for a while after this has
// gone: the Loader counts its memory until then.
struct HeldVersion {
  serving::LoadedVersion loaded;
  int64_t memory_bytes = 0;
  std::shared_ptr<const bool> gone;  // for the Loader
};

// Loads versions one after another, measures what each takes and keeps all within a limit. What is
// not used any more is destroyed on a thread of its own, so that no request pays for it.
// Thread-safe.
class Loader {
 public:
  // Asked to let go of something when a version does not fit; returns whether it did.
  using MakeRoom = std::function<bool()>;

  // A limit of 0 is none.
  Loader(const inference::PythonOptions& python, int64_t memory_bytes_max);
  ~Loader();

  // Throws what serving::LoadVersion throws, and kResourceExhausted with the numbers when the
  // version does not fit and `make_room` has nothing left.
  HeldVersion Load(const serving::ModelSource& source, const MakeRoom& make_room);

  // Gives a version up and waits until it is out of memory, which is when the requests that run
  // have ended; at most kLeaveMsMax.
  static constexpr int64_t kLeaveMsMax = 30'000;
  void LetGo(HeldVersion held);

  int64_t memory_bytes() const;
  int64_t memory_bytes_max() const { return memory_bytes_max_; }

 private:
  struct Leaving {
    std::shared_ptr<inference::Engine> engine;
    int64_t bytes = 0;
    std::shared_ptr<bool> gone;
  };
  // Outlives the Loader in the deleters of engines.
  struct Ward {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Leaving> leaving;
    int64_t used_bytes = 0;
    bool closed = false;
  };

  // Throws unless so much fits beside what is there.
  void Require(const serving::ModelSource& source, int64_t bytes, std::string_view verb,
               const MakeRoom& make_room);
  HeldVersion Admit(serving::LoadedVersion loaded, int64_t bytes);
  static void Leave(Ward& ward, Leaving leaving);
  static void Destroy(const std::shared_ptr<Ward>& ward);

  const inference::PythonOptions python_;
  const int64_t memory_bytes_max_;
  std::mutex loading_;
  const std::shared_ptr<Ward> ward_;
  std::jthread undertaker_;
};

}  // namespace millwright::supply
