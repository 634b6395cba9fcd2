#pragma once

#include "metrics/samples.h"

// Metrics of predicted numbers.
namespace millwright::metrics {

double MeanSquaredError(Numbers truth, Numbers predicted, Weights weights = {});
double RootMeanSquaredError(Numbers truth, Numbers predicted, Weights weights = {});
double MeanAbsoluteError(Numbers truth, Numbers predicted, Weights weights = {});
// As a share, not in percent; a truth of 0 counts as 2.22e-16.
double MeanAbsolutePercentageError(Numbers truth, Numbers predicted, Weights weights = {});
// The mean of 2|e| / (|truth| + |predicted|), 0 where both are 0.
double SymmetricPercentageError(Numbers truth, Numbers predicted, Weights weights = {});
double MedianAbsoluteError(Numbers truth, Numbers predicted, Weights weights = {});
double MaxError(Numbers truth, Numbers predicted);
// The mean of predicted - truth.
double MeanError(Numbers truth, Numbers predicted, Weights weights = {});
// Of log(1 + number). Throws kInvalidArgument for numbers of -1 and below.
double MeanSquaredLogError(Numbers truth, Numbers predicted, Weights weights = {});

// Shares of the truth's spread that are explained. A constant truth has 1 when it is met, else 0;
// R2 of one sample is NaN.
double R2(Numbers truth, Numbers predicted, Weights weights = {});
double ExplainedVariance(Numbers truth, Numbers predicted, Weights weights = {});
double D2AbsoluteError(Numbers truth, Numbers predicted, Weights weights = {});
double D2Pinball(Numbers truth, Numbers predicted, double quantile, Weights weights = {});
double D2Tweedie(Numbers truth, Numbers predicted, double power, Weights weights = {});

double PinballLoss(Numbers truth, Numbers predicted, double quantile, Weights weights = {});
// `power` 0 is the squared error, 1 Poisson, 2 gamma, 3 inverse Gaussian. Throws kInvalidArgument
// for powers between 0 and 1 and for numbers that the distribution does not have.
double TweedieDeviance(Numbers truth, Numbers predicted, double power, Weights weights = {});

}  // namespace millwright::metrics
