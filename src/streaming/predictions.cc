#include "streaming/predictions.h"

#include <algorithm>

#include "base/error.h"
#include "base/lane.h"
#include "serving/missing_values.h"

namespace millwright::streaming {
namespace {

// A model that failed without blaming its input, as a Python worker that died, is asked again.
constexpr int kTriesOfRow = 3;
constexpr int64_t kPauseMs = 1'000;

Error NotPredicted() {
  return Internal("The row was not predicted");
}

}  // namespace

RowPredictor::RowPredictor(inference::Engine& engine, PredictionOptions options)
    : engine_(engine), options_(std::move(options)) {
  const RowBatch fits(engine.signature(), options_.features);  // throws for a model without tables
}

std::vector<Result<std::string>> RowPredictor::Predict(const std::vector<const Json*>& rows,
                                                       const std::stop_token& stop) {
  stop_ = stop;
  std::vector<Result<std::string>> results(rows.size(), Unexpected(NotPredicted()));
  for (size_t next = 0; next < rows.size();) {
    std::vector<Slot> slots;
    RowBatch batch(engine_.signature(), options_.features);
    for (; next < rows.size() && slots.size() < options_.batch_rows; ++next) {
      try {
        batch.Add(*rows[next]);
        slots.push_back({next, rows[next]});
      } catch (const Error& error) {
        results[next] = Unexpected(error);
      }
    }
    if (!slots.empty()) RunPart(slots.data(), slots.size(), &batch, &results);
  }
  return results;
}

std::vector<inference::Tensor> RowPredictor::RunRows(RowBatch* batch) {
  const std::vector<inference::Tensor> inputs = batch->Finish();
  serving::CheckMissingValues(engine_.signature(), inputs);
  return engine_.Run(inputs);
}

void RowPredictor::RunPart(const Slot* begin, size_t count, RowBatch* batch,
                           std::vector<Result<std::string>>* results) {
  try {
    const std::vector<inference::Tensor> outputs = RunRows(batch);
    if (!columns_) columns_.emplace(outputs, count, "");
    for (size_t i = 0; i < count; ++i) {
      (*results)[begin[i].row] = Write(outputs, i, *begin[i].json);
    }
    return;
  } catch (const Error& error) {
    (*results)[begin->row] = Unexpected(error);
  }
  if (count == 1) return RunAlone(*begin, results);
  for (const auto& [first, size] :
       {std::pair(size_t{0}, count / 2), std::pair(count / 2, count - count / 2)}) {
    RowBatch half(engine_.signature(), options_.features);
    for (size_t i = 0; i < size; ++i) half.Add(*begin[first + i].json);
    RunPart(begin + first, size, &half, results);
  }
}

void RowPredictor::RunAlone(const Slot& slot, std::vector<Result<std::string>>* results) {
  auto& result = (*results)[slot.row];
  for (int tries = 1; tries < kTriesOfRow; ++tries) {
    if (result || result.error().code() == Code::kInvalidArgument) return;
    if (WaitForStop(stop_, kPauseMs)) return;
    try {
      RowBatch batch(engine_.signature(), options_.features);
      batch.Add(*slot.json);
      const std::vector<inference::Tensor> outputs = RunRows(&batch);
      if (!columns_) columns_.emplace(outputs, 1, "");
      result = Write(outputs, 0, *slot.json);
    } catch (const Error& error) {
      result = Unexpected(error);
    }
  }
}

std::string RowPredictor::Write(const std::vector<inference::Tensor>& outputs, size_t row,
                                const Json& given) {
  std::string text;
  JsonWriter writer(&text);
  writer.BeginObject();
  const bool keeps_all = options_.keep == std::vector<std::string>{"all"};
  if (keeps_all && given.is_object()) {
    for (const auto& [name, value] : given.AsObject()) writer.Field(name, value);
  } else if (!keeps_all) {
    for (const std::string& name : options_.keep) {
      if (const Json* value = given.Find(name)) writer.Field(name, *value);
    }
  }
  columns_->WriteRow(outputs, row, &writer);
  writer.EndObject();
  return text;
}

}  // namespace millwright::streaming
