#include "inference/class_keys.h"

#include <algorithm>

namespace millwright::inference {
namespace {

bool AreKeysOf(const Tensor& keys, const Tensor& scores) {
  return scores.shape.size() == 2 && keys.shape.size() == 1 && keys.shape[0] == scores.shape[1] &&
         keys.name == KeysName(scores.name);
}

}  // namespace

std::string KeysName(const std::string& name) {
  return name + "_keys";
}

const Tensor* FindKeys(const std::vector<Tensor>& outputs, const Tensor& scores) {
  for (const Tensor& keys : outputs) {
    if (AreKeysOf(keys, scores)) return &keys;
  }
  return nullptr;
}

bool AreKeys(const std::vector<Tensor>& outputs, const Tensor& keys) {
  return std::any_of(outputs.begin(), outputs.end(),
                     [&](const Tensor& scores) { return AreKeysOf(keys, scores); });
}

}  // namespace millwright::inference
