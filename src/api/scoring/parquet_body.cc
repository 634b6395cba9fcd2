#include "api/scoring/parquet_body.h"

#include <optional>
#include <type_traits>
#include <variant>

#include "analytics/session.h"
#include "base/error.h"
#include "base/memory_file.h"
#include "serving/table_builder.h"

namespace millwright::api::scoring {
namespace {

using inference::Signature;
using inference::Tensor;
using serving::Cell;
using serving::ColumnPlace;
using serving::ExtraColumns;
using serving::TableBuilder;

constexpr uint64_t kParquetMemoryBytesMax = 1ULL << 30;
constexpr int64_t kParquetMsMax = 60'000;

Cell CellOf(const analytics::Table::Cell& value) {
  return std::visit(
      [](const auto& held) -> Cell {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string>) {
          return std::string_view(held);
        } else {
          return held;
        }
      },
      value);
}

void CheckParquetColumn(const analytics::Column& column) {
  if (column.type != analytics::ColumnType::kOther) return;
  throw InvalidArgument("Column {}: values of type {} are not taken", column.name, column.sql_type)
      .WithField(column.name);
}

// DuckDB's words name our own files and statements.
template <typename F>
auto ReadingParquet(F&& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    throw InvalidArgument("The body is not a Parquet file that can be read");
  }
}

void AddRows(const analytics::Table& rows, const std::vector<ColumnPlace>& places,
             TableBuilder* table) {
  for (size_t row = 0; row < rows.row_count(); ++row) {
    table->BeginRow();
    for (size_t i = 0; i < places.size(); ++i) {
      table->Set(places[i].in_table, CellOf(rows.At(row, i)));
    }
    table->EndRow();
  }
}

}  // namespace

std::vector<Tensor> ReadParquet(const std::string& body, const Signature& signature) {
  const MemoryFile file(body);
  analytics::Session session(
      {.threads = 1, .memory_bytes_max = kParquetMemoryBytesMax, .time_limit_ms = kParquetMsMax});
  const std::string from = " FROM read_parquet(" + analytics::QuoteText(file.path().string()) + ")";
  TableBuilder table(signature, ExtraColumns::kIgnore);
  const auto columns = ReadingParquet([&] { return session.Describe("SELECT *" + from); });
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  const auto places = table.MapColumns(names);
  std::string wanted;
  for (const ColumnPlace& place : places) {
    CheckParquetColumn(columns[place.in_row]);
    wanted += (wanted.empty() ? "" : ", ") + analytics::QuoteName(columns[place.in_row].name);
  }
  // What the rows do wrong is kept apart from what is wrong with the file.
  std::optional<Error> refusal;
  ReadingParquet([&] {
    session.Stream("SELECT " + wanted + from, [&](const analytics::Table& rows) {
      try {
        AddRows(rows, places, &table);
      } catch (const Error& error) {
        refusal = error;
      }
      return !refusal;
    });
  });
  if (refusal) throw *refusal;
  return table.Finish();
}

}  // namespace millwright::api::scoring
