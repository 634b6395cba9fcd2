#include "api/scoring/csv_body.h"

#include <simdjson.h>

#include "base/csv.h"
#include "base/error.h"
#include "serving/table_builder.h"

namespace millwright::api::scoring {

using inference::Signature;
using inference::Tensor;
using serving::ColumnPlace;
using serving::ExtraColumns;
using serving::TableBuilder;

std::vector<Tensor> ReadCsv(std::string_view body, const Signature& signature) {
  if (!simdjson::validate_utf8(body.data(), body.size())) {
    throw InvalidArgument("The body is not UTF-8");
  }
  TableBuilder table(signature, ExtraColumns::kIgnore);
  CsvReader reader(body);
  std::vector<std::string_view> fields;
  if (!reader.Next(&fields)) throw InvalidArgument("The table has no header");
  const size_t width = fields.size();
  const auto places = table.MapColumns({fields.begin(), fields.end()});
  while (reader.Next(&fields)) {
    if (fields.size() != width) {
      throw InvalidArgument("CSV line {}: {} fields, but the header has {}", reader.line(),
                            fields.size(), width);
    }
    table.BeginRow();
    for (const ColumnPlace& place : places) table.SetText(place.in_table, fields[place.in_row]);
    table.EndRow();
  }
  return table.Finish();
}

}  // namespace millwright::api::scoring
