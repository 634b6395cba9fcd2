#include "inference/sklearn_encoders.h"

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"

namespace millwright::inference {
namespace {

constexpr size_t kCategoriesMax = 100'000;  // of one column

// The categories that one column had when the encoder was fitted, as texts or as numbers.
struct Categories {
  std::vector<std::string> texts;  // of a column of texts; a missing one is ""
  std::vector<float> numbers;      // of a column of numbers; a missing one is NaN
  std::optional<size_t> missing;   // where the missing value stands among them
  size_t count = 0;
};

Categories ReadCategories(const Json& list, const Block& block, const std::string& column) {
  Categories categories;
  const auto& items = list.AsArray("categories");
  categories.count = items.size();
  if (items.empty() || items.size() > kCategoriesMax) {
    throw InvalidArgument("Column {} has {} categories", column, items.size());
  }
  std::set<float> numbers;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].is_null()) {
      if (categories.missing) {
        throw InvalidArgument("None beside NaN in column {} cannot be converted", column);
      }
      categories.missing = i;
    }
    if (block.is_text) {
      categories.texts.push_back(items[i].is_null() ? "" : items[i].AsString("categories"));
      continue;
    }
    const double number = items[i].is_null()   ? std::nan("")
                          : items[i].is_bool() ? items[i].AsBool()
                                               : items[i].AsDouble("categories");
    categories.numbers.push_back(static_cast<float>(number));
    if (!items[i].is_null() && !numbers.insert(categories.numbers.back()).second) {
      throw InvalidArgument("Categories of {} that float32 does not tell apart cannot be converted",
                            column);
    }
  }
  return categories;
}

// The place of each known text among the categories. An imputer's fill stands for what is missing.
std::map<std::string, int64_t> PlacesOf(const Categories& categories, const Block& block) {
  std::map<std::string, int64_t> places;
  for (size_t i = 0; i < categories.texts.size(); ++i) {
    if (!places.emplace(categories.texts[i], static_cast<int64_t>(i)).second) {
      throw InvalidArgument("An empty text beside a missing one cannot be converted");
    }
  }
  if (!block.fill) return places;
  const auto found = places.find(block.fill->fill);
  places.erase(block.fill->missing);
  if (found != places.end()) places[block.fill->missing] = found->second;
  return places;
}

std::string LookUp(const Block& block, const std::map<std::string, int64_t>& places,
                   int64_t unknown, SklearnGraph* graph) {
  std::vector<std::string> keys;
  std::vector<int64_t> values;
  for (const auto& [text, place] : places) {
    keys.push_back(text);
    values.push_back(place);
  }
  return graph->Add({.op_type = "LabelEncoder",
                     .domain = "ai.onnx.ml",
                     .inputs = {block.tensor},
                     .attributes = {{"keys_strings", std::move(keys)},
                                    {"values_int64s", std::move(values)},
                                    {"default_int64", unknown}}});
}

// Takes the value at an index [N,1]; an index past the end fails the run.
std::string TakeOrFail(const std::string& index, OnnxConstant::Values values, size_t count,
                       const std::string& column, SklearnGraph* graph) {
  const auto table = graph->Constant(std::move(values), {static_cast<int64_t>(count)});
  return graph->Add(
      {.op_type = "Gather", .inputs = {table, index}, .name = kUnknownCategoryNode + column});
}

std::string AsFloats(const std::string& tensor, SklearnGraph* graph) {
  return graph->Add({.op_type = "Cast", .inputs = {tensor}, .attributes = {{"to", int64_t{1}}}});
}

// Booleans [N,count] that say of which category a row is; none for an unknown one.
std::string EqualToEach(const std::string& tensor, OnnxConstant::Values values, size_t count,
                        SklearnGraph* graph) {
  const auto each = graph->Constant(std::move(values), {1, static_cast<int64_t>(count)});
  return graph->Add({.op_type = "Equal", .inputs = {tensor, each}});
}

std::vector<int64_t> Range(size_t count) {
  std::vector<int64_t> range(count);
  std::iota(range.begin(), range.end(), 0);
  return range;
}

// Ones and zeros, FP32 [N,count].
std::string OneHot(const Block& block, const Categories& categories, SklearnGraph* graph) {
  if (block.is_text) {
    const auto unknown = static_cast<int64_t>(categories.count);
    const auto place = LookUp(block, PlacesOf(categories, block), unknown, graph);
    return AsFloats(EqualToEach(place, Range(categories.count), categories.count, graph), graph);
  }
  auto ones =
      AsFloats(EqualToEach(block.tensor, categories.numbers, categories.count, graph), graph);
  if (!categories.missing) return ones;
  // NaN equals nothing: its column comes from IsNaN.
  const auto is_missing =
      AsFloats(graph->Add({.op_type = "IsNaN", .inputs = {block.tensor}}), graph);
  std::vector<float> place(categories.count, 0);
  place[*categories.missing] = 1;
  const auto mask = graph->Constant(std::move(place), {1, static_cast<int64_t>(categories.count)});
  const auto column = graph->Add({.op_type = "Mul", .inputs = {is_missing, mask}});
  return graph->Add({.op_type = "Add", .inputs = {ones, column}});
}

// How many categories a row is of: 1, or 0 where it is unknown. FP32 [N,1].
std::string CountKnown(const std::string& one_hot, SklearnGraph* graph) {
  const auto axis = graph->Constant(std::vector<int64_t>{1}, {1});
  return graph->Add({.op_type = "ReduceSum", .inputs = {one_hot, axis}});
}

// Fails the run where a row is of no category, else 1. FP32 [N,1].
std::string RequireKnown(const std::string& one_hot, const std::string& column,
                         SklearnGraph* graph) {
  const auto one = graph->Constant(std::vector<float>{1}, {1, 1});
  const auto unknown = graph->Add({.op_type = "Sub", .inputs = {one, CountKnown(one_hot, graph)}});
  const auto index =
      graph->Add({.op_type = "Cast", .inputs = {unknown}, .attributes = {{"to", int64_t{7}}}});
  return TakeOrFail(index, std::vector<float>{1}, 1, column, graph);
}

// Numbers [N,1] in the place of categories; NaN in `codes` is one that is given for a missing
// value.
std::string Encode(const Block& block, const Categories& categories, std::vector<float> codes,
                   std::optional<float> unknown, SklearnGraph* graph) {
  const std::string column = graph->NameOf(block);
  const size_t count = categories.count;
  if (block.is_text) {
    // Where an unknown text is allowed, its code stands after all others.
    if (unknown) codes.push_back(*unknown);
    const auto place =
        LookUp(block, PlacesOf(categories, block), static_cast<int64_t>(count), graph);
    const size_t codes_count = codes.size();
    return TakeOrFail(place, std::move(codes), codes_count, column, graph);
  }
  const auto ones = OneHot(block, categories, graph);
  std::vector<float> finite = codes;
  if (categories.missing) finite[*categories.missing] = 0;
  const auto weights = graph->Constant(std::move(finite), {static_cast<int64_t>(count), 1});
  auto code = graph->Add({.op_type = "MatMul", .inputs = {ones, weights}});
  if (!unknown) {
    code = graph->Add({.op_type = "Mul", .inputs = {code, RequireKnown(ones, column, graph)}});
  } else {
    const auto half = graph->Constant(std::vector<float>{0.5F}, {1, 1});
    const auto known =
        graph->Add({.op_type = "Greater", .inputs = {CountKnown(ones, graph), half}});
    const auto otherwise = graph->Constant(std::vector<float>{*unknown}, {1, 1});
    code = graph->Add({.op_type = "Where", .inputs = {known, code, otherwise}});
  }
  if (!categories.missing) return code;
  const auto is_missing = graph->Add({.op_type = "IsNaN", .inputs = {block.tensor}});
  const auto missing = graph->Constant(std::vector<float>{codes[*categories.missing]}, {1, 1});
  return graph->Add({.op_type = "Where", .inputs = {is_missing, missing, code}});
}

bool RefusesUnknown(const Json& step) {
  const std::string unknown = step.GetString("unknown", "error");
  if (IsOneOf(unknown, {"error", "ignore", "use_encoded_value"})) return unknown == "error";
  throw InvalidArgument("handle_unknown={} cannot be converted", unknown);
}

// One block a column, as encoders look at each alone.
Blocks ColumnByColumn(const Blocks& input, SklearnGraph* graph) {
  Blocks columns;
  for (size_t i = 0; i < WidthOf(input); ++i) {
    columns.push_back(graph->Select(input, {i}).at(0));
  }
  return columns;
}

}  // namespace

Blocks AddOneHotEncoder(const Json& step, const Blocks& input, SklearnGraph* graph) {
  const Blocks columns = ColumnByColumn(input, graph);
  const auto& lists = step.At("categories").AsArray("categories");
  const auto& dropped = step.At("dropped").AsArray("dropped");
  RequireCount(lists.size(), columns.size(), "categories");
  RequireCount(dropped.size(), columns.size(), "dropped");
  const bool refuses = RefusesUnknown(step);
  Blocks encoded;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string column = graph->NameOf(columns[i]);
    const auto categories = ReadCategories(lists[i], columns[i], column);
    if (categories.missing) graph->LetMiss(columns[i]);
    Block block{.tensor = OneHot(columns[i], categories, graph), .width = categories.count};
    if (refuses) {
      block.tensor = graph->Add(
          {.op_type = "Mul", .inputs = {block.tensor, RequireKnown(block.tensor, column, graph)}});
    }
    if (dropped[i].is_null()) {
      encoded.push_back(std::move(block));
      continue;
    }
    std::vector<size_t> kept(block.width);
    std::iota(kept.begin(), kept.end(), 0);
    std::erase(kept, static_cast<size_t>(dropped[i].AsInt("dropped")));
    const Blocks rest = graph->Select({block}, kept);
    encoded.insert(encoded.end(), rest.begin(), rest.end());
  }
  return encoded;
}

Blocks AddOrdinalEncoder(const Json& step, const Blocks& input, SklearnGraph* graph) {
  const Blocks columns = ColumnByColumn(input, graph);
  const auto& lists = step.At("categories").AsArray("categories");
  RequireCount(lists.size(), columns.size(), "categories");
  const auto number = [&step](const char* key) {
    const Json& value = step.At(key);
    return value.is_null() ? std::nanf("") : static_cast<float>(value.AsDouble(key));
  };
  std::optional<float> unknown;
  if (!RefusesUnknown(step)) unknown = number("unknown_value");
  Blocks encoded;
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto categories = ReadCategories(lists[i], columns[i], graph->NameOf(columns[i]));
    std::vector<float> codes(categories.count);
    std::iota(codes.begin(), codes.end(), 0.0F);
    if (categories.missing) {
      graph->LetMiss(columns[i]);
      codes[*categories.missing] = number("missing_value");
    }
    encoded.push_back({.tensor = Encode(columns[i], categories, std::move(codes), unknown, graph)});
  }
  return encoded;
}

}  // namespace millwright::inference
