#pragma once

#include <cstddef>
#include <vector>

namespace millwright::statistics {

// A symmetric matrix as its eigenvectors: by falling eigenvalue, each vector of length 1.
struct Eigensystem {
  std::vector<double> values;
  std::vector<std::vector<double>> vectors;
};

// Jacobi's rotations, accurate to the last digits also for small eigenvalues; O(n³) a sweep with
// few sweeps, meant for some hundred rows at most. `matrix` is row-major, size × size.
Eigensystem SymmetricEigensystem(std::vector<double> matrix, size_t size);

}  // namespace millwright::statistics
