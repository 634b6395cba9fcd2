#pragma once

#include <string>

#include "metrics/evaluation.h"

namespace millwright::quality {

// What a report shows of an evaluation; the rest is told as "… and N more".
inline constexpr size_t kEvaluationClassesMax = 30;  // in the matrix
inline constexpr size_t kEvaluationSlicesMax = 60;

// Renders an evaluation of a model for people, as RenderReport does a validation: the figures, how
// classes were confused, curves, and the slices from the worst on. `title` says what was judged.
std::string RenderEvaluation(const metrics::Evaluation& evaluation, const std::string& title);

}  // namespace millwright::quality
