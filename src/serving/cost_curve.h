#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace millwright::serving {

// What a run of a model costs by its number of rows, as measured: a moving average for each power
// of two, and beside it the median. A run that took much longer than others of its size (the
// machine was busy) moves it only a little. Thread-safe without locks; what a reader sees may be a
// sample old.
class CostCurve {
 public:
  CostCurve() = default;
  CostCurve(const CostCurve& other);
  CostCurve& operator=(const CostCurve&) = delete;

  void Add(int64_t rows, double us);

  // What a run of so many rows is expected to cost. Between two measured sizes it is interpolated;
  // beyond the largest one it grows with the rows. Nothing measured: kUnknownUs.
  double EstimateUs(int64_t rows) const;
  // What half of the runs of so many rows cost less than: the model's own cost on a machine that is
  // busy with other things, too.
  double TypicalUs(int64_t rows) const;

  static constexpr double kUnknownUs = 1e9;

 private:
  // Sizes 1, 2, 3-4, 5-8, … up to kRowsMax and all beyond.
  static constexpr size_t kSizes = 21;
  struct Size {
    std::atomic<float> rows = 0;  // the average; 0 while nothing was measured
    std::atomic<float> us = 0;
    std::atomic<float> typical_us = 0;
  };
  double Interpolate(std::atomic<float> Size::*cost, int64_t rows) const;

  static size_t SizeOf(int64_t rows);

  std::array<Size, kSizes> sizes_;
};

}  // namespace millwright::serving
