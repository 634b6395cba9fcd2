#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millwright::quality {

inline constexpr size_t kSketchValues = 1024;

// How many distinct values there are, told from the kSketchValues of them whose hashes are the
// smallest: a fair sample of the distinct values, whatever their frequencies. Sketches of parts
// give the sketch of the whole. Exact up to kSketchValues distinct values.
class DistinctSketch {
 public:
  struct Entry {
    uint64_t hash = 0;
    int64_t count = 0;  // how often the value occurs
    bool operator==(const Entry&) const = default;
  };

  // Adds distinct values; equal hashes are the same value.
  void Add(std::vector<Entry> entries);

  bool exact() const { return entries_.size() < kSketchValues; }
  double Distinct() const;
  // How many values occur once.
  double Unique() const;
  // The standard error of Distinct, as a share of it: 3 % where it is not exact.
  double DistinctError() const;
  // By rising hash.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// Spreads 64 bits evenly (the finalizer of splitmix64): the same on every machine, for ever.
uint64_t HashBits(uint64_t bits);

}  // namespace millwright::quality
