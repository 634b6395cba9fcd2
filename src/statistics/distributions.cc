#include "statistics/distributions.h"

#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>

namespace millwright::statistics {
namespace {

// Tails that are too small for a double are 0, not an error.
namespace policies = boost::math::policies;
using Policy = policies::policy<policies::promote_double<false>,
                                policies::overflow_error<policies::ignore_error>,
                                policies::underflow_error<policies::ignore_error>>;

}  // namespace

double NormalTail(double z) {
  return std::erfc(z / std::numbers::sqrt2) / 2;
}

double NormalTails(double z) {
  return std::erfc(std::abs(z) / std::numbers::sqrt2);
}

double ChiSquareTail(double x, double degrees) {
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  return boost::math::gamma_q(degrees / 2, x / 2, Policy());
}

// By the incomplete beta function of the smaller argument, so that both ends keep their digits.
double StudentTails(double t, double degrees) {
  if (std::isinf(t)) return 0;
  const double square = t * t;
  if (degrees > square)
    return boost::math::ibetac(0.5, degrees / 2, square / (degrees + square), Policy());
  return boost::math::ibeta(degrees / 2, 0.5, degrees / (degrees + square), Policy());
}

double FisherTail(double f, double degrees_above, double degrees_below) {
  if (f <= 0) return 1;
  if (std::isinf(f)) return 0;
  const double above = degrees_above * f;
  if (degrees_below > above) {
    return boost::math::ibetac(degrees_above / 2, degrees_below / 2,
                               above / (degrees_below + above), Policy());
  }
  return boost::math::ibeta(degrees_below / 2, degrees_above / 2,
                            degrees_below / (degrees_below + above), Policy());
}

double BesselK(double order, double x) {
  return boost::math::cyl_bessel_k(order, x, Policy());
}

}  // namespace millwright::statistics
