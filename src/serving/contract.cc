#include "serving/contract.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/log.h"
#include "base/option.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Tensor;
using inference::TensorSpec;
using quality::ColumnRules;
using quality::ValueRule;

constexpr size_t kValueBytesMax = 80;  // of a value that is shown to the caller
constexpr size_t kNamesInMessageMax = 20;

// The first row of a column that breaks its rules, and which rule.
struct Found {
  size_t row = 0;
  const ValueRule* rule = nullptr;
  Json value;
};

// Marks the broken rows in `broken` and keeps the first.
template <typename T>
std::optional<Found> CheckNumbers(const ColumnRules& rules, const Tensor& tensor, size_t offset,
                                  size_t width, std::vector<bool>* broken) {
  std::optional<Found> first;
  const size_t rows = tensor.data.size() / sizeof(T) / width;
  for (size_t row = 0; row < rows; ++row) {
    T stored;
    std::memcpy(&stored, tensor.data.data() + (row * width + offset) * sizeof(T), sizeof stored);
    const ValueRule* rule = rules.Broken(static_cast<double>(stored));
    if (rule == nullptr) continue;
    if (broken->empty()) broken->resize(rows);
    if (row < broken->size()) (*broken)[row] = true;
    if (!first) first = {row, rule, Json(static_cast<double>(stored))};
  }
  return first;
}

std::optional<Found> CheckTexts(const ColumnRules& rules, const Tensor& tensor, size_t offset,
                                size_t width, std::vector<bool>* broken) {
  std::optional<Found> first;
  const size_t rows = tensor.strings.size() / width;
  for (size_t row = 0; row < rows; ++row) {
    const std::string& value = tensor.strings[row * width + offset];
    const ValueRule* rule = rules.Broken(std::string_view(value));
    if (rule == nullptr) continue;
    if (broken->empty()) broken->resize(rows);
    if (row < broken->size()) (*broken)[row] = true;
    if (!first) first = {row, rule, Json(value.substr(0, kValueBytesMax))};
  }
  return first;
}

std::optional<Found> CheckColumn(const ColumnRules& rules, const Tensor& tensor, size_t offset,
                                 size_t width, std::vector<bool>* broken) {
  switch (tensor.type) {
    case DataType::kBool:
    case DataType::kUint8:
      return CheckNumbers<uint8_t>(rules, tensor, offset, width, broken);
    case DataType::kUint16:
      return CheckNumbers<uint16_t>(rules, tensor, offset, width, broken);
    case DataType::kUint32:
      return CheckNumbers<uint32_t>(rules, tensor, offset, width, broken);
    case DataType::kUint64:
      return CheckNumbers<uint64_t>(rules, tensor, offset, width, broken);
    case DataType::kInt8:
      return CheckNumbers<int8_t>(rules, tensor, offset, width, broken);
    case DataType::kInt16:
      return CheckNumbers<int16_t>(rules, tensor, offset, width, broken);
    case DataType::kInt32:
      return CheckNumbers<int32_t>(rules, tensor, offset, width, broken);
    case DataType::kInt64:
      return CheckNumbers<int64_t>(rules, tensor, offset, width, broken);
    case DataType::kFp32:
      return CheckNumbers<float>(rules, tensor, offset, width, broken);
    case DataType::kFp64:
      return CheckNumbers<double>(rules, tensor, offset, width, broken);
    case DataType::kBytes:
      return CheckTexts(rules, tensor, offset, width, broken);
    case DataType::kFp16:
      break;
  }
  return std::nullopt;
}

// The width of a row of one input; 0 where it is not of columns.
size_t WidthOf(const TensorSpec& spec) {
  if (spec.shape.size() <= 1) return 1;
  return spec.shape.size() == 2 && spec.shape[1] > 0 ? static_cast<size_t>(spec.shape[1]) : 0;
}

// Whether the tensor is rows of so many columns.
bool HasWidth(const Tensor& tensor, size_t width) {
  if (tensor.shape.size() == 1) return width == 1;
  return tensor.shape.size() == 2 && tensor.shape[1] == static_cast<int64_t>(width);
}

const Tensor* FindInput(const InferRequest& request, const std::string& name, size_t index) {
  const auto& inputs = request.inputs;
  if (index < inputs.size() && inputs[index].name == name) return &inputs[index];
  const auto found = std::find_if(inputs.begin(), inputs.end(),
                                  [&](const Tensor& one) { return one.name == name; });
  return found == inputs.end() ? nullptr : &*found;
}

std::string Words(const std::string& field, const Found& found, bool has_many_rows) {
  const bool is_missing = found.value.is_double() && std::isnan(found.value.AsDouble());
  std::string text = fmt::format("{} {}", field, found.rule->required);
  text += is_missing ? ", it is missing" : ", it is " + found.value.Dump();
  return has_many_rows ? fmt::format("{} (row {})", text, found.row) : text;
}

}  // namespace

ContractAction ParseContractAction(std::string_view text) {
  if (text == "reject") return ContractAction::kReject;
  if (text == "flag") return ContractAction::kFlag;
  if (text == "pass") return ContractAction::kPass;
  throw InvalidArgument("A contract's action is reject, flag or pass: {}", text)
      .WithField("contract_action");
}

std::string_view ContractActionName(ContractAction action) {
  switch (action) {
    case ContractAction::kReject:
      return "reject";
    case ContractAction::kFlag:
      return "flag";
    case ContractAction::kPass:
      break;
  }
  return "pass";
}

Contract::Contract(quality::RowRules rules, ContractAction action)
    : rules_(std::move(rules)), action_(action), by_column_(rules_.columns().size()) {}

template <typename Visit>
void Contract::ForEachColumn(const ModelInfo& info, Visit&& visit) const {
  const auto& names = info.signature.columns;
  const auto& ordered = rules_.ordered_columns();
  size_t index = 0;
  for (const TensorSpec& spec : info.signature.inputs) {
    const size_t width = WidthOf(spec);
    const bool is_only = info.signature.inputs.size() == 1;
    if (width == names.size() && !names.empty()) {
      for (size_t i = 0; i < width; ++i) visit(names[i].name, spec.name, index, i, width);
    } else if (names.empty() && is_only && width == ordered.size() && width > 0) {
      for (size_t i = 0; i < width; ++i) visit(ordered[i], spec.name, index, i, width);
    } else if (width == 1) {
      visit(spec.name, spec.name, index, 0, 1);
    } else {
      for (size_t i = 0; i < width; ++i)
        visit(fmt::format("{}[{}]", spec.name, i), spec.name, index, i, width);
    }
    ++index;
  }
}

std::vector<Contract::Place> Contract::PlacesOf(const ModelInfo& info) const {
  std::vector<Place> places;
  ForEachColumn(info, [&](const std::string& name, const std::string& input, size_t index,
                          size_t offset, size_t width) {
    const ColumnRules* found = rules_.Find(name);
    if (found == nullptr) return;
    places.push_back(
        {input, index, offset, width, static_cast<size_t>(found - rules_.columns().data())});
  });
  return places;
}

std::shared_ptr<const Contract::Bound> Contract::BindTo(const ModelInfoPtr& info) const {
  const std::lock_guard lock(mutex_);
  // An address alone could be that of another model that came later to the same place.
  if (bound_ == nullptr || bound_->address != info.get() || bound_->info.expired()) {
    Bound bound{info, info.get(), PlacesOf(*info), std::nullopt};
    try {
      RequireAsked(*info);
    } catch (const Error& error) {
      Log(LogLevel::kWarning, "serving", error.message(), {{"model", info->name}});
      bound.refusal = error;
    }
    bound_ = std::make_shared<const Bound>(std::move(bound));
  }
  return bound_;
}

std::optional<Breach> Contract::Check(const ModelInfoPtr& info, const InferRequest& request) const {
  const auto bound = BindTo(info);
  if (bound->refusal && action_ == ContractAction::kReject) throw *bound->refusal;
  const int64_t rows = CountRows(request);
  std::vector<bool> broken;
  std::optional<Breach> breach;
  const Tensor* tensor = nullptr;
  size_t index = std::string::npos;
  for (const Place& place : bound->places) {
    // The columns of a table are of one input.
    if (place.index != index) {
      index = place.index;
      tensor = FindInput(request, place.input, place.index);
      if (tensor != nullptr && !HasWidth(*tensor, place.width)) tensor = nullptr;
    }
    if (tensor == nullptr) continue;
    const ColumnRules& rules = rules_.columns()[place.column];
    const auto found = CheckColumn(rules, *tensor, place.offset, place.width, &broken);
    if (!found) continue;
    by_column_[place.column].fetch_add(1, std::memory_order_relaxed);
    if (!breach) {
      breach = Breach{rules.column, static_cast<int64_t>(found->row),
                      Words(rules.column, *found, rows > 1)};
    }
  }
  rows_.fetch_add(rows, std::memory_order_relaxed);
  if (breach) {
    broken_rows_.fetch_add(std::count(broken.begin(), broken.end(), true),
                           std::memory_order_relaxed);
    if (action_ == ContractAction::kReject) rejected_.fetch_add(1, std::memory_order_relaxed);
  }
  return breach;
}

void Contract::RequireAsked(const ModelInfo& info) const {
  std::vector<std::string> taken;
  ForEachColumn(info, [&](const std::string& name, const auto&...) { taken.push_back(name); });
  const std::vector<std::string_view> known(taken.begin(), taken.end());
  std::string absent;
  size_t count = 0;
  for (const ColumnRules& column : rules_.columns()) {
    if (std::find(taken.begin(), taken.end(), column.column) != taken.end()) continue;
    if (++count > kNamesInMessageMax) continue;
    const std::string nearest = NearestName(column.column, known);
    absent += (absent.empty() ? "" : ", ") + column.column;
    if (!nearest.empty()) absent += fmt::format(" (nearest is {})", nearest);
  }
  if (count == 0) return;
  if (count > kNamesInMessageMax) absent += fmt::format(" and {} more", count - kNamesInMessageMax);
  const bool has_names = !info.signature.columns.empty() || info.signature.inputs.size() != 1;
  std::string takes;
  for (size_t i = 0; i < std::min(taken.size(), kNamesInMessageMax); ++i)
    takes += (i == 0 ? "" : ", ") + taken[i];
  if (taken.size() > kNamesInMessageMax) takes += ", …";
  throw FailedPrecondition(
      "The contract {} asks for columns that the model {} does not take: {}. It takes {}{}",
      rules_.suite(), info.name, absent, takes,
      has_names ? ""
                : fmt::format(". Its columns have no names: a check ordered_columns of "
                              "{} names says what they are",
                              taken.size()));
}

ContractCounts Contract::Counts() const {
  ContractCounts counts{
      .rows = rows_.load(), .broken_rows = broken_rows_.load(), .rejected = rejected_.load()};
  for (size_t i = 0; i < by_column_.size(); ++i) {
    counts.by_field.emplace_back(rules_.columns()[i].column, by_column_[i].load());
  }
  return counts;
}

}  // namespace millwright::serving
