#pragma once

#include <filesystem>
#include <memory>

#include "inference/engine.h"
#include "inference/python_options.h"

namespace millwright::inference {

// Runs the pickle of an MLmodel folder (flavor sklearn, or python_function with a PythonModel) in a
// child process of python3, which alone unpickles it. The interpreter is MILLWRIGHT_PYTHON, else
// python3; MILLWRIGHT_PYTHONPATH names folders with the model's packages. Where the model or its
// MLmodel names columns, each is an input FP64, INT64, BYTES, … [-1,1]; else there is the one input
// X FP64 [-1,F]. A classifier gives `label` and, where it can, `probabilities`; a regressor
// `variable`; a PythonModel `predictions` or the columns of its data frame.
// Throws kInvalidArgument when the folder has no such flavor or Python cannot load the model.
std::unique_ptr<Engine> LoadPythonEngine(const std::filesystem::path& folder,
                                         const PythonOptions& options);

}  // namespace millwright::inference
