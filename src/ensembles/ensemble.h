#pragma once

#include <filesystem>
#include <memory>

#include "inference/engine.h"
#include "inference/python_options.h"

namespace millwright::ensembles {

// As inference::LoadModel, and also a folder with an ensemble.yaml (EnsembleFile): an engine whose
// steps run one after another. It is tried with one row of zeros, and refused where that fails;
// then all names, columns and types between the steps fit. Errors name the step, at loading and at
// Run. Throws kInvalidArgument for an ensemble inside of an ensemble.
std::unique_ptr<inference::Engine> LoadModel(const std::filesystem::path& path,
                                             const inference::PythonOptions& python = {});

}  // namespace millwright::ensembles
