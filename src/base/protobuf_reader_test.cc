#include "base/protobuf_reader.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"

namespace millwright {
namespace {

using WireType = ProtobufReader::WireType;

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string MakeField(std::mt19937_64* random) {
  const auto below = [random](uint64_t limit) { return (*random)() % limit; };
  constexpr WireType kTypes[] = {WireType::kVarint, WireType::kFixed64, WireType::kBytes,
                                 WireType::kFixed32};
  const WireType type = kTypes[below(4)];
  const uint64_t number = below(8) == 0 ? 1 + below(3000) : 1 + below(15);
  std::string bytes = Varint(number << 3 | static_cast<uint64_t>(type));
  if (type == WireType::kVarint) return bytes + Varint((*random)() >> below(64));
  if (type == WireType::kFixed64) return bytes + std::string(8, 'd');
  if (type == WireType::kFixed32) return bytes + std::string(4, 'f');
  const size_t size = below(8) == 0 ? below(300) : below(12);
  return bytes + Varint(size) + std::string(size, 'b');
}

// What a reader finds, one line a field, and how it ends.
std::vector<std::string> Read(std::string_view bytes, const ProtobufReader::Numbers& numbers,
                              bool passes_over) {
  std::vector<std::string> found;
  try {
    ProtobufReader reader(bytes);
    while (const auto field = passes_over ? reader.NextOf(numbers) : reader.Next()) {
      if (!numbers.Has(field->number)) continue;
      found.push_back(fmt::format("{} {} {} {}", field->number, static_cast<int>(field->type),
                                  field->value, field->bytes));
    }
    EXPECT_TRUE(reader.at_end());
  } catch (const Error& error) {
    found.push_back(error.message());
  }
  return found;
}

TEST(ProtobufReader, FindsByNumberWhatItFindsOneByOne) {
  std::mt19937_64 random(1);
  size_t sound = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (uint64_t fields = random() % 30; fields > 0; --fields) text += MakeField(&random);
    // Half of them are cut or changed: what is passed over is refused for the same reason.
    if (i % 2 == 0 && !text.empty()) {
      if (i % 4 == 0) text.resize(random() % text.size());
      if (!text.empty()) text[random() % text.size()] = static_cast<char>(random());
    }
    // On the heap and of just this size, for AddressSanitizer.
    const auto bytes = std::make_unique<char[]>(text.size());
    std::copy(text.begin(), text.end(), bytes.get());
    const std::string_view message(bytes.get(), text.size());
    for (const ProtobufReader::Numbers& numbers :
         {ProtobufReader::Numbers{5, 6, 11}, ProtobufReader::Numbers{1},
          ProtobufReader::Numbers{8, 20, 63}, ProtobufReader::Numbers{}}) {
      const auto found = Read(message, numbers, true);
      ASSERT_EQ(found, Read(message, numbers, false)) << testing::PrintToString(text);
      sound += found.size();
    }
  }
  EXPECT_GT(sound, 50'000U);
}

TEST(ProtobufReader, RefusesTooLongANumberThatItPassesOver) {
  const std::string text = "\x08" + std::string(10, '\xff') + std::string(20, '\x01');
  EXPECT_EQ(Read(text, {5}, true), std::vector<std::string>{"a number is longer than 10 bytes"});
}

}  // namespace
}  // namespace millwright
