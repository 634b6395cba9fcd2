#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace millwright::artifacts {

// What was read of the sums of files, in memory: the sum of one version of a file never changes.
// That a version has none holds for a while only, since another server may be about to record it.
// Holds at most kEntriesMax, those that were asked for last. Thread-safe.
class KnownSums {
 public:
  static constexpr size_t kEntriesMax = 100'000;
  static constexpr int64_t kNoneForUs = 5'000'000;

  // The SHA-256 as hex, empty where there is none; nothing where that is not known.
  std::optional<std::string> Find(const std::string& path, const std::string& version,
                                  int64_t now_us);
  // Whether anything is known of a path: asked before its version is found out.
  bool Has(const std::string& path);
  void Put(const std::string& path, const std::string& version, const std::string& sha256,
           int64_t now_us);

 private:
  struct Entry {
    std::string version;
    std::string sha256;
    int64_t known_us = 0;
  };
  using Entries = std::unordered_map<std::string, Entry>;  // by path

  void PutYoung(const std::string& path, Entry entry);

  std::mutex mutex_;  // guards what follows
  Entries young_;
  Entries old_;  // what was young before; dropped when the young are half of all
};

}  // namespace millwright::artifacts
