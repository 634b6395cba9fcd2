#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "scoring/plan.h"

namespace millwright::scoring {

// What is kept of a scoring until its output is there: the plan, a copy of the model and the parts
// of finished shards. For the output `scores.parquet` that is the folder `scores.parquet.scoring`
// beside it; an output that is a folder, `scores/`, has it in `scores/_scoring`, keeps its parts
// and has a file `_SUCCESS` in the end. Whoever opens a job that is there goes on with it.
class Job {
 public:
  // Whether a job for the output is under way or was cut short.
  static bool Exists(const std::filesystem::path& output);
  // Opens it. Throws kNotFound when there is none, kInvalidArgument when its plan cannot be read.
  static Job Open(const std::filesystem::path& output);
  // Makes it. `place_model` puts the model into the folder that it is given. The job appears whole;
  // where another process made one in between, that one is opened. Throws kAlreadyExists when the
  // output is there and `overwrite` is not given.
  static Job Create(const std::filesystem::path& output, const Plan& plan, bool overwrite,
                    const std::function<void(const std::filesystem::path&)>& place_model);
  // Forgets a job and its parts.
  static void Discard(const std::filesystem::path& output);

  const Plan& plan() const { return plan_; }
  std::filesystem::path model() const { return folder_ / "model" / plan_.model_file; }
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path part(int shard) const;
  bool IsDone(int shard) const;

  // How many rows of a shard are done, said by the process that scores it to the one that shows it.
  void TellRows(int shard, int64_t rows) const;
  int64_t RowsTold(int shard) const;

  // Makes the output of the parts, all of which must be there, and forgets the job.
  void Finish() const;

 private:
  Job(std::filesystem::path output, std::filesystem::path folder, Plan plan);

  std::filesystem::path output_;
  std::filesystem::path folder_;
  Plan plan_;
};

// Keeps two processes from running all of a job's shards at once, while it lives.
class JobLock {
 public:
  // Throws kFailedPrecondition when another process has it.
  explicit JobLock(const Job& job);
  ~JobLock();
  JobLock(const JobLock&) = delete;
  JobLock& operator=(const JobLock&) = delete;

 private:
  int fd_;
};

}  // namespace millwright::scoring
