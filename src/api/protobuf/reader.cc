#include "api/protobuf/reader.h"

#include <simdjson.h>

#include <cstring>

#include "base/error.h"

namespace millwright::api::protobuf {
namespace {

constexpr int kVarintBytesMax = 10;

[[noreturn]] void Malformed(std::string_view why) {
  throw InvalidArgument("Malformed message: {}", why);
}

uint64_t TakeVarint(std::string_view* bytes) {
  uint64_t value = 0;
  const size_t count_max = std::min<size_t>(bytes->size(), kVarintBytesMax);
  for (size_t i = 0; i < count_max; ++i) {
    const auto byte = static_cast<uint8_t>((*bytes)[i]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes->remove_prefix(i + 1);
      return value;
    }
  }
  Malformed("a number is cut short or too long");
}

std::string_view Take(size_t size, std::string_view* bytes) {
  if (size > bytes->size()) Malformed("a field is cut short");
  const std::string_view taken = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return taken;
}

}  // namespace

bool Reader::Next() {
  if (rest_.empty()) return false;
  const uint64_t key = TakeVarint(&rest_);
  if (key >> 3 == 0 || key >> 3 > 0x1fffffff) Malformed("a field's number is out of range");
  number_ = static_cast<uint32_t>(key >> 3);
  switch (key & 7) {
    case 0:
      kind_ = Kind::kVarint;
      varint_ = TakeVarint(&rest_);
      return true;
    case 1:
      kind_ = Kind::kFixed64;
      bytes_ = Take(8, &rest_);
      return true;
    case 2:
      kind_ = Kind::kBytes;
      bytes_ = Take(TakeVarint(&rest_), &rest_);
      return true;
    case 5:
      kind_ = Kind::kFixed32;
      bytes_ = Take(4, &rest_);
      return true;
    default:  // groups, which no version 3 message has
      Malformed("a field of unknown kind");
  }
}

void Reader::Require(Kind kind) const {
  if (kind_ != kind) Malformed(fmt::format("field {} is of another kind", number_));
}

uint64_t Reader::Varint() const {
  Require(Kind::kVarint);
  return varint_;
}

double Reader::Double() const {
  Require(Kind::kFixed64);
  double value = 0;
  std::memcpy(&value, bytes_.data(), sizeof value);
  return value;
}

std::string_view Reader::Bytes() const {
  Require(Kind::kBytes);
  return bytes_;
}

std::string Reader::Text() const {
  const std::string_view text = Bytes();
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    Malformed(fmt::format("field {} is not UTF-8", number_));
  }
  return std::string(text);
}

void Reader::AppendVarints(std::vector<uint64_t>* values) const {
  if (kind_ == Kind::kVarint) {
    values->push_back(varint_);
    return;
  }
  Require(Kind::kBytes);
  for (std::string_view packed = bytes_; !packed.empty();) values->push_back(TakeVarint(&packed));
}

void Reader::AppendFixed(Kind kind, size_t size, std::vector<char>* bytes) const {
  if (kind_ != kind) Require(Kind::kBytes);
  if (bytes_.size() % size != 0) Malformed("packed numbers are cut short");
  bytes->insert(bytes->end(), bytes_.begin(), bytes_.end());
}

void Reader::AppendFixed32(std::vector<char>* bytes) const {
  AppendFixed(Kind::kFixed32, 4, bytes);
}

void Reader::AppendFixed64(std::vector<char>* bytes) const {
  AppendFixed(Kind::kFixed64, 8, bytes);
}

MapEntry ReadMapEntry(std::string_view bytes) {
  MapEntry entry;
  for (Reader reader(bytes); reader.Next();) {
    if (reader.number() == 1) entry.key = reader.Text();
    if (reader.number() == 2) entry.value = reader.Bytes();
  }
  return entry;
}

}  // namespace millwright::api::protobuf
