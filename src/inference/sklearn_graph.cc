#include "inference/sklearn_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "base/error.h"

namespace millwright::inference {
namespace {

std::vector<int64_t> ToIntegers(const std::vector<size_t>& values) {
  return {values.begin(), values.end()};
}

}  // namespace

SklearnGraph::SklearnGraph(std::vector<std::string> names, size_t features,
                           const std::vector<size_t>& texts, Scaling scaling)
    : names_(std::move(names)),
      features_(features),
      is_text_(features),
      may_miss_(features),
      by_column_(!texts.empty()),
      scaling_(scaling) {
  for (const size_t position : texts) is_text_[position] = true;
  if (!by_column_) return;
  if (names_.size() != features) {
    throw InvalidArgument("A model with columns of texts needs the names of all its columns");
  }
  // They become names of tensors.
  const std::set<std::string> distinct(names_.begin(), names_.end());
  if (distinct.size() != names_.size() || distinct.contains("")) {
    throw InvalidArgument("Two columns of the model have the same name, or one has none");
  }
  for (const char* output : {"label", "probabilities", "variable"}) {
    if (!distinct.contains(output)) continue;
    throw InvalidArgument("Beside texts a column named {} cannot be converted, as an output is",
                          output);
  }
}

Blocks SklearnGraph::Columns() const {
  std::vector<size_t> all(features_);
  std::iota(all.begin(), all.end(), 0);
  if (!by_column_) return {{.tensor = "X", .width = features_, .origins = std::move(all)}};
  Blocks blocks;
  for (const size_t position : all) {
    blocks.push_back(
        {.tensor = names_[position], .is_text = is_text_[position], .origins = {position}});
  }
  return blocks;
}

std::string SklearnGraph::Add(OnnxNode node) {
  // A column may have any name, but hardly one that begins so.
  node.outputs = {fmt::format("mw:{}", tensors_++)};
  model_.nodes.push_back(std::move(node));
  return model_.nodes.back().outputs[0];
}

std::string SklearnGraph::Constant(OnnxConstant::Values values, std::vector<int64_t> shape) {
  model_.constants.push_back(
      {fmt::format("mw:{}", tensors_++), std::move(shape), std::move(values)});
  return model_.constants.back().name;
}

Blocks SklearnGraph::Select(const Blocks& blocks, const std::vector<size_t>& positions) {
  // The block and the place within it of each column.
  std::vector<std::pair<size_t, size_t>> places;
  for (size_t block = 0; block < blocks.size(); ++block) {
    for (size_t i = 0; i < blocks[block].width; ++i) places.emplace_back(block, i);
  }
  Blocks selected;
  for (size_t i = 0; i < positions.size();) {
    const Block& from = blocks[places[positions[i]].first];
    std::vector<size_t> within;
    for (const size_t first = places[positions[i]].first;
         i < positions.size() && places[positions[i]].first == first; ++i) {
      within.push_back(places[positions[i]].second);
      if (from.is_text) {
        ++i;
        break;
      }
    }
    std::vector<size_t> whole(from.width);
    std::iota(whole.begin(), whole.end(), 0);
    if (within == whole) {
      selected.push_back(from);
      continue;
    }
    Block part{.width = within.size()};
    for (const size_t at : within) {
      if (!from.origins.empty()) part.origins.push_back(from.origins[at]);
    }
    const auto count = static_cast<int64_t>(within.size());
    part.tensor = Add({.op_type = "Gather",
                       .inputs = {from.tensor, Constant(ToIntegers(within), {count})},
                       .attributes = {{"axis", int64_t{1}}}});
    selected.push_back(std::move(part));
  }
  return selected;
}

Block SklearnGraph::Join(const Blocks& blocks, const std::string& taker) {
  if (blocks.empty()) throw InvalidArgument("{} gets no columns", taker);
  OnnxNode node{.op_type = "Concat", .attributes = {{"axis", int64_t{1}}}};
  Block joined{.width = 0};
  const bool keeps_origins = std::all_of(blocks.begin(), blocks.end(),
                                         [](const Block& block) { return !block.origins.empty(); });
  for (const Block& block : blocks) {
    if (block.is_text) {
      throw InvalidArgument("The texts of column {} cannot be converted for {}", NameOf(block),
                            taker);
    }
    node.inputs.push_back(block.tensor);
    joined.width += block.width;
    if (keeps_origins) {
      joined.origins.insert(joined.origins.end(), block.origins.begin(), block.origins.end());
    }
  }
  joined.tensor = node.inputs.size() == 1 ? node.inputs[0] : Add(std::move(node));
  return joined;
}

void SklearnGraph::LetMiss(const Block& block) {
  for (const size_t origin : block.origins) may_miss_[origin] = true;
}

std::string SklearnGraph::NameOf(const Block& block) const {
  if (block.origins.empty()) return block.tensor;
  const size_t origin = block.origins[0];
  return origin < names_.size() ? names_[origin] : fmt::format("{}", origin);
}

OnnxModel SklearnGraph::Finish(std::vector<TensorSpec> outputs) {
  model_.outputs = std::move(outputs);
  if (!by_column_) {
    model_.inputs = {
        {.name = "X", .type = DataType::kFp32, .shape = {-1, static_cast<int64_t>(features_)}}};
    if (names_.size() != features_) return std::move(model_);
    Json names = Json::MakeArray();
    Json optional = Json::MakeArray();
    for (size_t i = 0; i < features_; ++i) {
      names.Append(names_[i]);
      if (may_miss_[i]) optional.Append(names_[i]);
    }
    model_.metadata = {{"feature_names", names.Dump()}};
    if (!optional.AsArray().empty()) {
      model_.metadata.emplace_back("optional_features", optional.Dump());
    }
    return std::move(model_);
  }
  std::set<std::string> used;
  for (const OnnxNode& node : model_.nodes) used.insert(node.inputs.begin(), node.inputs.end());
  for (size_t i = 0; i < features_; ++i) {
    if (!used.contains(names_[i])) continue;
    model_.inputs.push_back({.name = names_[i],
                             .type = is_text_[i] ? DataType::kBytes : DataType::kFp32,
                             .shape = {-1, 1}});
  }
  return std::move(model_);
}

size_t WidthOf(const Blocks& blocks) {
  size_t width = 0;
  for (const Block& block : blocks) width += block.width;
  return width;
}

std::vector<double> ReadNumbers(const Json& json, std::string_view key) {
  std::vector<double> numbers;
  for (const Json& item : json.At(key).AsArray(key)) {
    if (item.is_null()) {
      numbers.push_back(std::numeric_limits<double>::quiet_NaN());
    } else if (item.is_string() &&
               (item.AsString() == "Infinity" || item.AsString() == "-Infinity")) {
      const double infinity = std::numeric_limits<double>::infinity();
      numbers.push_back(item.AsString()[0] == '-' ? -infinity : infinity);
    } else {
      numbers.push_back(item.is_bool() ? item.AsBool() : item.AsDouble(key));
    }
  }
  return numbers;
}

std::vector<size_t> ReadPositions(const Json& json, std::string_view key, size_t width) {
  std::vector<size_t> positions;
  for (const Json& item : json.At(key).AsArray(key)) {
    const int64_t position = item.AsInt(key);
    if (position < 0 || position >= static_cast<int64_t>(width)) {
      throw InvalidArgument("The export refers to column {} of {}", position, width);
    }
    positions.push_back(static_cast<size_t>(position));
  }
  return positions;
}

std::vector<float> ToFloats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

void RequireCount(size_t count, size_t wanted, std::string_view what) {
  if (count == wanted) return;
  throw InvalidArgument("The export has {} values in {}, not {}", count, what, wanted);
}

bool IsOneOf(const std::string& name, std::initializer_list<const char*> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace millwright::inference
