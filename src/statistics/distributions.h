#pragma once

// Tails of the distributions that tests are judged by, from Boost.Math. Arguments beyond the ends
// of a distribution give 0 or 1; degrees of freedom must be above 0.
namespace millwright::statistics {

// The chance of a standard normal variable to exceed z.
double NormalTail(double z);
// The chance of a standard normal variable to be further from 0 than z.
double NormalTails(double z);
double ChiSquareTail(double x, double degrees);
// The chance of Student's t to be further from 0 than t.
double StudentTails(double t, double degrees);
double FisherTail(double f, double degrees_above, double degrees_below);
// The modified Bessel function of the second kind.
double BesselK(double order, double x);

}  // namespace millwright::statistics
