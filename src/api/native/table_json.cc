#include "api/native/table_json.h"

namespace millwright::api::native {

Json TableJson(const analytics::Table& table) {
  Json columns = Json::MakeArray();
  for (const auto& column : table.columns())
    columns.Append(
        Json::Of({{"name", column.name}, {"type", analytics::ColumnTypeName(column.type)}}));
  Json rows = Json::MakeArray();
  for (size_t row = 0; row < table.row_count(); ++row) {
    Json cells = Json::MakeArray();
    for (size_t column = 0; column < table.columns().size(); ++column)
      cells.Append(table.ToJson(row, column));
    rows.Append(std::move(cells));
  }
  return Json::Of({{"columns", columns}, {"rows", rows}});
}

}  // namespace millwright::api::native
