#include "data/dataset.h"

#include <algorithm>

#include "base/error.h"

namespace millwright::data {
namespace {

using analytics::Column;
using analytics::ColumnType;

constexpr ColumnType kColumnTypes[] = {
    ColumnType::kBoolean,   ColumnType::kInteger, ColumnType::kDouble, ColumnType::kText,
    ColumnType::kTimestamp, ColumnType::kDate,    ColumnType::kOther,
};

ColumnType ParseColumnType(std::string_view name) {
  for (const ColumnType type : kColumnTypes)
    if (analytics::ColumnTypeName(type) == name) return type;
  return ColumnType::kOther;
}

// Counts the bytes that follow the first one of a UTF-8 sequence; -1 for no such first byte.
int FollowingBytes(unsigned char first) {
  if (first < 0x80) return 0;
  if (first >= 0xc2 && first < 0xe0) return 1;
  if (first >= 0xe0 && first < 0xf0) return 2;
  if (first >= 0xf0 && first < 0xf5) return 3;
  return -1;
}

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const int more = FollowingBytes(static_cast<unsigned char>(text[i]));
    if (more < 0 || i + more >= text.size()) return false;
    for (int k = 0; k < more; ++k)
      if ((static_cast<unsigned char>(text[++i]) & 0xc0) != 0x80) return false;
  }
  return true;
}

bool IsForbidden(unsigned char c) {
  return c < 0x20 || c == 0x7f || c == '/' || c == '\\' || c == '@' || c == ':';
}

}  // namespace

std::string DatasetVersion::Reference() const {
  return fmt::format("{}@{}", dataset, version);
}

void RequireName(const std::string& name, const char* field) {
  if (name.empty()) throw InvalidArgument("Name is missing: {}", field).WithField(field);
  if (name.size() > kNameBytesMax)
    throw InvalidArgument("Name is longer than {} bytes: {}", kNameBytesMax, field)
        .WithField(field);
  if (!IsUtf8(name)) throw InvalidArgument("Name is no UTF-8 text: {}", field).WithField(field);
  if (name.front() == '.' || name.front() == ' ' ||
      std::any_of(name.begin(), name.end(), IsForbidden))
    throw InvalidArgument(
        "Name must not hold control characters, '/', '\\', '@' or ':' nor start with a dot or a "
        "blank: {}",
        name)
        .WithField(field);
}

Json ColumnsToJson(const std::vector<Column>& columns) {
  Json json = Json::MakeArray();
  for (const auto& column : columns)
    json.Append(Json::Of({{"name", column.name},
                          {"type", analytics::ColumnTypeName(column.type)},
                          {"sql_type", column.sql_type}}));
  return json;
}

std::vector<Column> ColumnsFromJson(const Json& json) {
  std::vector<Column> columns;
  for (const Json& column : json.AsArray("columns"))
    columns.push_back({column.GetString("name"), ParseColumnType(column.GetString("type")),
                       column.GetString("sql_type")});
  return columns;
}

}  // namespace millwright::data
