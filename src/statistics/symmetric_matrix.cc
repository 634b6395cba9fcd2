#include "statistics/symmetric_matrix.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace millwright::statistics {
namespace {

constexpr int kSweepsMax = 100;

class Rotations {
 public:
  Rotations(std::vector<double> matrix, size_t size)
      : size_(size), matrix_(std::move(matrix)), vectors_(size * size, 0.0) {
    for (size_t i = 0; i < size; ++i) vectors_[i * size + i] = 1;
  }

  // Rotates every pair once; false when all of them were 0 already.
  bool Sweep() {
    bool rotated = false;
    for (size_t p = 0; p < size_; ++p) {
      for (size_t q = p + 1; q < size_; ++q) {
        if (At(p, q) == 0) continue;
        // Too small to change either eigenvalue.
        const double small = std::abs(At(p, q)) * 1e18;
        if (small < std::abs(At(p, p)) && small < std::abs(At(q, q))) {
          At(p, q) = At(q, p) = 0;
          continue;
        }
        Rotate(p, q);
        rotated = true;
      }
    }
    return rotated;
  }

  Eigensystem Result() const {
    std::vector<size_t> order(size_);
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return matrix_[a * size_ + a] > matrix_[b * size_ + b]; });
    Eigensystem result;
    for (size_t column : order) {
      result.values.push_back(matrix_[column * size_ + column]);
      std::vector<double>& vector = result.vectors.emplace_back();
      for (size_t i = 0; i < size_; ++i) vector.push_back(vectors_[i * size_ + column]);
    }
    return result;
  }

 private:
  double& At(size_t row, size_t column) { return matrix_[row * size_ + column]; }

  void Rotate(size_t p, size_t q) {
    const double theta = (At(q, q) - At(p, p)) / (2 * At(p, q));
    const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::hypot(theta, 1.0));
    const double cosine = 1 / std::hypot(t, 1.0), sine = t * cosine;
    for (size_t i = 0; i < size_; ++i) {
      const double a = At(i, p), b = At(i, q);
      At(i, p) = cosine * a - sine * b;
      At(i, q) = sine * a + cosine * b;
    }
    for (size_t i = 0; i < size_; ++i) {
      const double a = At(p, i), b = At(q, i);
      At(p, i) = cosine * a - sine * b;
      At(q, i) = sine * a + cosine * b;
    }
    At(p, q) = At(q, p) = 0;
    for (size_t i = 0; i < size_; ++i) {
      const double a = vectors_[i * size_ + p], b = vectors_[i * size_ + q];
      vectors_[i * size_ + p] = cosine * a - sine * b;
      vectors_[i * size_ + q] = sine * a + cosine * b;
    }
  }

  size_t size_;
  std::vector<double> matrix_;
  std::vector<double> vectors_;  // in columns
};

}  // namespace

Eigensystem SymmetricEigensystem(std::vector<double> matrix, size_t size) {
  Rotations rotations(std::move(matrix), size);
  for (int sweep = 0; sweep < kSweepsMax && rotations.Sweep(); ++sweep) {
  }
  return rotations.Result();
}

}  // namespace millwright::statistics
