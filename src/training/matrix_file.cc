#include "training/matrix_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace millwright::training {
namespace {

constexpr std::string_view kMagic = "MWTABLE1";
constexpr size_t kHeaderBytes = 32;
constexpr size_t kAlignmentBytes = 64;
constexpr uint64_t kColumnsMax = 100'000;
constexpr uint64_t kRowsMax = uint64_t{1} << 40;
constexpr uint64_t kNamesBytesMax = uint64_t{64} << 20;

void AppendUint64(uint64_t value, std::string* out) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out->append(raw, sizeof raw);
}

uint64_t ReadUint64(std::string_view bytes, size_t at) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

size_t Align(size_t offset) {
  return (offset + kAlignmentBytes - 1) / kAlignmentBytes * kAlignmentBytes;
}

void AppendFloats(std::span<const float> values, std::string* out) {
  out->append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

}  // namespace

LabeledTable TakeLabel(analytics::FloatMatrix matrix, const std::string& label_column) {
  const auto found = std::find(matrix.columns.begin(), matrix.columns.end(), label_column);
  if (found == matrix.columns.end()) {
    throw InvalidArgument("The table lacks the label column: {}", label_column);
  }
  const auto label = static_cast<size_t>(found - matrix.columns.begin());
  const size_t width = matrix.columns.size();
  LabeledTable table{.columns = matrix.columns, .labels = std::vector<float>(matrix.row_count)};
  table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(label));
  // The features move up in place: a second copy of a large table would double its memory.
  float* to = matrix.values.data();
  for (size_t row = 0; row < matrix.row_count; ++row) {
    const float* from = matrix.values.data() + row * width;
    table.labels[row] = from[label];
    if (std::isnan(from[label])) {
      throw InvalidArgument("The label {} is missing in row {}", label_column, row);
    }
    for (size_t column = 0; column < width; ++column) {
      if (column != label) *to++ = from[column];
    }
  }
  matrix.values.resize(matrix.row_count * (width - 1));
  table.values = std::move(matrix.values);
  return table;
}

void WriteTable(const std::filesystem::path& path, const TableView& table) {
  if (table.values.size() != table.columns.size() * table.row_count()) {
    throw InvalidArgument("A table of {} rows and {} columns cannot hold {} values",
                          table.row_count(), table.columns.size(), table.values.size());
  }
  Json names = Json::MakeArray();
  for (const std::string& column : table.columns) names.Append(column);
  const std::string names_text = names.Dump();
  std::string bytes;
  bytes.reserve(Align(kHeaderBytes + names_text.size()) + table.values.size_bytes() +
                table.labels.size_bytes());
  bytes += kMagic;
  AppendUint64(table.row_count(), &bytes);
  AppendUint64(table.columns.size(), &bytes);
  AppendUint64(names_text.size(), &bytes);
  bytes += names_text;
  bytes.resize(Align(bytes.size()));
  AppendFloats(table.values, &bytes);
  AppendFloats(table.labels, &bytes);
  WriteFileDurably(path, bytes);
}

MappedTable::MappedTable(const std::filesystem::path& path) : file_(path) {
  const std::string_view bytes = file_.bytes();
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) {
    throw InvalidArgument("Not a table file: {}", path.string());
  }
  const uint64_t rows = ReadUint64(bytes, 8);
  const uint64_t columns = ReadUint64(bytes, 16);
  const uint64_t names_bytes = ReadUint64(bytes, 24);
  const bool is_plausible =
      rows <= kRowsMax && columns <= kColumnsMax && names_bytes <= kNamesBytesMax;
  const size_t begin = is_plausible ? Align(kHeaderBytes + names_bytes) : 0;
  uint64_t cells = 0;
  const bool fits = is_plausible && !__builtin_mul_overflow(rows, columns + 1, &cells) &&
                    cells <= kRowsMax && bytes.size() == begin + cells * sizeof(float);
  if (!fits) throw InvalidArgument("The table file is not whole: {}", path.string());
  const Json names = ParseJson(bytes.substr(kHeaderBytes, names_bytes));
  for (const Json& name : names.AsArray("columns")) columns_.push_back(name.AsString("column"));
  if (columns_.size() != columns) {
    throw InvalidArgument("The table file names {} of {} columns: {}", columns_.size(), columns,
                          path.string());
  }
  const auto* floats = reinterpret_cast<const float*>(bytes.data() + begin);
  values_ = {floats, rows * columns};
  labels_ = {floats + rows * columns, rows};
}

}  // namespace millwright::training
