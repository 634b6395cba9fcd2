#include "api/kserve/wanted_outputs.h"

#include "api/kserve/classification.h"
#include "base/error.h"
#include "inference/class_keys.h"

namespace millwright::api::kserve {
namespace {

using inference::Tensor;

const Tensor& FindOutput(const std::vector<Tensor>& outputs, const std::string& name) {
  for (const Tensor& tensor : outputs) {
    if (tensor.name == name) return tensor;
  }
  throw InvalidArgument("The model has no output {}", name).WithField("outputs");
}

}  // namespace

std::vector<const Tensor*> WantedOutputs(const std::vector<RequestedOutput>& wanted,
                                         const std::vector<Tensor>& outputs,
                                         std::vector<Tensor>* made) {
  std::vector<const Tensor*> found;
  found.reserve(wanted.empty() ? outputs.size() : wanted.size());
  if (wanted.empty()) {
    for (const Tensor& output : outputs) found.push_back(&output);
    return found;
  }
  made->reserve(wanted.size());  // they are pointed at
  for (const RequestedOutput& one : wanted) {
    const Tensor& output = FindOutput(outputs, one.name);
    if (one.classes == 0) {
      found.push_back(&output);
      continue;
    }
    const Tensor* names = inference::FindKeys(outputs, output);
    made->push_back(Classify(output, one.classes, names));
    found.push_back(&made->back());
  }
  return found;
}

void CheckUnique(const std::vector<Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (size_t j = i + 1; j < inputs.size(); ++j) {
      if (inputs[i].name == inputs[j].name) {
        throw InvalidArgument("Input given twice: {}", inputs[i].name).WithField(inputs[i].name);
      }
    }
  }
}

}  // namespace millwright::api::kserve
