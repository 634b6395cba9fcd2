#pragma once

#include <vector>

#include "metrics/samples.h"

// Metrics of clusters, against known classes or by the points alone.
namespace millwright::metrics {

// How many samples are of each class (row) and cluster.
std::vector<std::vector<int64_t>> Contingency(Labels classes, Labels clusters);

double AdjustedRand(Labels classes, Labels clusters);
// Normalised by the mean of both entropies.
double NormalizedMutualInformation(Labels classes, Labels clusters);
double AdjustedMutualInformation(Labels classes, Labels clusters);
double Homogeneity(Labels classes, Labels clusters);
double Completeness(Labels classes, Labels clusters);
double FowlkesMallows(Labels classes, Labels clusters);

// Points are rows of `width` numbers, one row a label. Each needs at least two clusters and fewer
// than there are points, else kFailedPrecondition. Euclidean distances.
struct Points {
  Numbers values;
  size_t width = 0;
};
// Looks at every pair of points.
double Silhouette(const Points& points, Labels clusters);
double CalinskiHarabasz(const Points& points, Labels clusters);
double DaviesBouldin(const Points& points, Labels clusters);

}  // namespace millwright::metrics
