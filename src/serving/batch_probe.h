#pragma once

#include <filesystem>
#include <vector>

#include "inference/engine.h"
#include "serving/batch_gain.h"
#include "serving/batch_rules.h"
#include "serving/cost_curve.h"

namespace millwright::serving {

inline constexpr int64_t kProbeRows = 8;

// What a model that was just loaded shows in a few runs, some milliseconds in all.
struct BatchProbe {
  bool rows_are_apart = false;  // each row's outputs are its own
  bool is_bounded = true;       // what a run costs depends on the inputs' shapes alone
  CostCurve costs;              // of one row and of kProbeRows
  BatchGain gain;
};
// `example` are inputs that the model took (WarmUp); where there are none, nothing is known and
// nothing is run together. The costs are left unknown where they depend on more than the rows.
BatchProbe ProbeBatches(inference::Engine& engine, const std::vector<inference::Tensor>& example);

// Whether the costs of an ONNX model are bounded by its inputs' shapes: its graph holds no other
// one, as a loop does, of which only the values say how often it is gone round. Of another engine:
// whether it runs in this process.
bool IsBounded(const std::filesystem::path& path);

// How a model's folder says that requests of unequal shapes may be one run: in its MLmodel,
//   metadata:
//     batch_padding: {input_ids: 0, attention_mask: 0}
// (mlflow.*.log_model(metadata={"batch_padding": …})). Empty for a folder without MLmodel.
std::vector<InputPadding> PaddingOf(const std::filesystem::path& path);

}  // namespace millwright::serving
