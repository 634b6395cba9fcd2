#pragma once

#include <string>
#include <vector>

#include "inference/tensor.h"

// A classifier that answers a map from class to score (ZipMap) gives two outputs: the scores NAME
// [N,C] and the classes NAME_keys [C], in the order of the scores.
namespace millwright::inference {

// What the classes of the output `name` are called.
std::string KeysName(const std::string& name);
// The classes of an output's scores; nullptr where it has none.
const Tensor* FindKeys(const std::vector<Tensor>& outputs, const Tensor& scores);
// Whether an output is the classes of another one.
bool AreKeys(const std::vector<Tensor>& outputs, const Tensor& keys);

}  // namespace millwright::inference
