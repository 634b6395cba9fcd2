#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/prediction/json_in.h"
#include "serving/table_builder.h"

// The two ways in which TensorFlow Serving, KServe's first protocol and MLflow write inputs: row by
// row (`instances`) and input by input (`inputs`). Only sources of the prediction protocols include
// this. All throw kInvalidArgument naming the input or column, and the row where there is one.
namespace millwright::api::prediction {

// Reads [{"column": value, …}, …] row by row; where the model's columns have no names, those of the
// first record stand for positions.
class RecordsReader {
 public:
  RecordsReader(const inference::Signature& signature, serving::ExtraColumns extra)
      : table_(signature, extra) {}

  void Add(ondemand::object record);
  std::vector<inference::Tensor> Finish() { return table_.Finish(); }

 private:
  size_t ColumnOf(std::string_view name, size_t position);

  serving::TableBuilder table_;
  std::vector<std::string> names_;
};

// [row, …]: values or lists for the model's one input, or objects by column or by input; {"b64": …}
// is a value of BYTES. At least one row must be there.
std::vector<inference::Tensor> ReadInstances(ondemand::array instances,
                                             const inference::Signature& signature,
                                             serving::ExtraColumns extra);

// One tensor for the model's one input, or an object by input or by column.
std::vector<inference::Tensor> ReadInputs(ondemand::value inputs,
                                          const inference::Signature& signature,
                                          serving::ExtraColumns extra);

}  // namespace millwright::api::prediction
