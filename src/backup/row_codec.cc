#include "backup/row_codec.h"

#include <bit>
#include <cstdint>

#include "base/error.h"

namespace millwright::backup {
namespace {

using storage::Bytes;
using storage::Value;

enum Kind : char { kNull = 'n', kInteger = 'i', kDouble = 'd', kText = 't', kBytes = 'b' };

void AppendNumber(uint64_t number, size_t size, std::string* out) {
  for (size_t i = 0; i < size; ++i) out->push_back(static_cast<char>(number >> (8 * i)));
}

void AppendSized(Kind kind, std::string_view bytes, std::string* out) {
  if (bytes.size() > UINT32_MAX) throw ResourceExhausted("A value of the database is too large");
  out->push_back(kind);
  AppendNumber(bytes.size(), 4, out);
  out->append(bytes);
}

std::string_view Take(size_t size, std::string_view* bytes) {
  if (bytes->size() < size) throw InvalidArgument("A row of the backup is cut off");
  const std::string_view taken = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return taken;
}

uint64_t TakeNumber(size_t size, std::string_view* bytes) {
  const std::string_view taken = Take(size, bytes);
  uint64_t number = 0;
  for (size_t i = 0; i < size; ++i) {
    number |= uint64_t{static_cast<unsigned char>(taken[i])} << (8 * i);
  }
  return number;
}

Value TakeValue(std::string_view* bytes) {
  switch (Take(1, bytes)[0]) {
    case kNull:
      return {};
    case kInteger:
      return static_cast<int64_t>(TakeNumber(8, bytes));
    case kDouble:
      return std::bit_cast<double>(TakeNumber(8, bytes));
    case kText:
      return std::string(Take(TakeNumber(4, bytes), bytes));
    case kBytes:
      return Bytes{std::string(Take(TakeNumber(4, bytes), bytes))};
    default:
      throw InvalidArgument("A row of the backup holds no value where one is due");
  }
}

}  // namespace

void AppendRow(const std::vector<Value>& row, std::string* out) {
  for (const Value& value : row) {
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      out->push_back(kInteger);
      AppendNumber(static_cast<uint64_t>(*integer), 8, out);
    } else if (const auto* number = std::get_if<double>(&value)) {
      out->push_back(kDouble);
      AppendNumber(std::bit_cast<uint64_t>(*number), 8, out);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      AppendSized(kText, *text, out);
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      AppendSized(kBytes, bytes->data, out);
    } else {
      out->push_back(kNull);
    }
  }
}

std::vector<Value> TakeRow(size_t columns, std::string_view* bytes) {
  std::vector<Value> row;
  row.reserve(columns);
  while (row.size() < columns) row.push_back(TakeValue(bytes));
  return row;
}

}  // namespace millwright::backup
