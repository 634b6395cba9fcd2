#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace millwright::inference {

// A linear model of one matrix of floats, as scikit-learn's are: columns prepared one by one, a
// score for each target by a dot product, and what makes probabilities of scores.
struct LinearModel {
  struct Step {
    enum class Kind { kImpute, kScale };
    Kind kind = Kind::kScale;
    std::vector<float> values;  // to a column: in the place of NaN, or what is taken away
    std::vector<float> scales;  // and what the rest is multiplied by
  };
  enum class Link { kNone, kLogistic, kSoftmax };

  size_t width = 0;    // columns
  size_t targets = 0;  // of a classifier, its classes
  std::vector<Step> steps;
  std::vector<float> coefficients;  // [targets, width]
  std::vector<float> intercepts;    // [targets]
  Link link = Link::kNone;
  bool adds_up_to_one = false;  // each row's scores are divided by the sum of their sizes
  // Of a classifier; one of both has `targets` elements then.
  std::vector<int64_t> integer_labels;
  std::vector<std::string> text_labels;

  bool is_classifier() const { return !integer_labels.empty() || !text_labels.empty(); }
};

// Computes a linear model's scores, row by row: a row's numbers do not depend on its neighbours.
// Immutable after construction and so thread-safe.
class LinearScorer {
 public:
  // Every list of the model has the length that its width and targets ask for.
  explicit LinearScorer(const LinearModel& model);

  // Writes the scores [count, targets] of `rows` [count, width] and, unless it is null, the place
  // of each row's largest score before the link. False, and the outputs are void, when a number is
  // not finite or two scores are so near to each other that rounding says which is the largest.
  bool Score(const float* rows, size_t count, float* scores, uint32_t* largest) const;

 private:
  struct Sum {
    float value = 0;
    float size = 0;  // of all terms, each taken as positive
  };

  void Prepare(const float* row, float* prepared) const;
  Sum ScoreOf(size_t target, const float* prepared) const;
  // Nothing within reach of rounding may be as large.
  bool FindLargest(const Sum* sums, uint32_t* largest) const;
  bool Link(float* scores) const;

  LinearModel model_;  // its lists are as long as whole vectors
  size_t padded_width_;
  float rounding_;
};

}  // namespace millwright::inference
