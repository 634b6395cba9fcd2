#pragma once

#include <atomic>
#include <cstdint>

namespace millwright::serving {

// Whether it pays to run the requests of a model together, as measured: what an element of the
// inputs costs in runs of one request and in runs of several, so that requests of unequal lengths
// compare. Averages move, and now and then the other way is gone, so that both stay known. One
// thread at a time chooses and adds; Pays is for any.
class BatchGain {
 public:
  BatchGain() = default;
  BatchGain(const BatchGain& other)
      : alone_us_(other.alone_us_.load()), together_us_(other.together_us_.load()) {}
  BatchGain& operator=(const BatchGain&) = delete;

  void AddAlone(int64_t elements, double us) { Add(elements, us, &alone_us_); }
  void AddTogether(int64_t elements, double us) { Add(elements, us, &together_us_); }

  // What is known says yes; unknown counts as yes, so that it is tried and known.
  bool Pays() const;
  // Which way the next run goes that has a choice, and whether only to know it better: then it
  // should be a short one.
  struct Choice {
    bool together = true;
    bool is_trial = false;
  };
  Choice Choose();

 private:
  static void Add(int64_t elements, double us, std::atomic<double>* average);

  std::atomic<double> alone_us_ = 0;  // an element; 0: not known
  std::atomic<double> together_us_ = 0;
  int64_t choices_ = 0;
};

}  // namespace millwright::serving
