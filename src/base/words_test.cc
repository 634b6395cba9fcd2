#include "base/words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>

namespace millwright::words {
namespace {

// A text of letters with some odd bytes in it, or none.
std::string MakeText(size_t size, size_t odd, std::mt19937* random) {
  std::string text(size, 'k');
  for (; odd > 0 && size > 0; --odd) text[(*random)() % size] = static_cast<char>((*random)());
  return text;
}

TEST(Words, SeeEachByteOfATextAndNoOther) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = MakeText(random() % 40, random() % 3, &random);
    const auto limit = static_cast<uint8_t>(random() % 0x81);
    const auto wanted = static_cast<char>(random());
    const auto is_below = [&](char c) { return static_cast<uint8_t>(c) < limit; };
    EXPECT_EQ(All(text, [&](uint64_t word) { return AnyBelow(word, limit) == 0; }),
              std::none_of(text.begin(), text.end(), is_below))
        << testing::PrintToString(text) << " below " << int{limit};
    EXPECT_EQ(All(text, [&](uint64_t word) { return AnyEqual(word, wanted) == 0; }),
              text.find(wanted) == std::string::npos)
        << testing::PrintToString(text) << " with " << int{wanted};
  }
}

TEST(Words, ReadNothingBeyondTheText) {
  for (size_t size = 0; size < 24; ++size) {
    // On the heap and of just this size, for AddressSanitizer.
    const auto text = std::make_unique<char[]>(size);
    std::fill_n(text.get(), size, 'x');
    EXPECT_TRUE(All({text.get(), size}, [](uint64_t word) { return word == EachByte('x'); }));
  }
}

}  // namespace
}  // namespace millwright::words
