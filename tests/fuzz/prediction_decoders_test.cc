#include "fuzz/prediction_decoders.h"

#include <gtest/gtest.h>

#include <random>

namespace millwright::fuzz {
namespace {

constexpr size_t kBytesMax = 4'096;

// What protocols are made of, so that changes do more than break the syntax.
constexpr std::string_view kWords[] = {"null",
                                       "true",
                                       "[",
                                       "]",
                                       "{",
                                       "}",
                                       ",",
                                       ":",
                                       "\"",
                                       "-1",
                                       "1e999",
                                       "0.5",
                                       "18446744073709551616",
                                       "[[",
                                       "\\u0000",
                                       "\xff",
                                       "\"b64\"",
                                       "\n",
                                       "NaN",
                                       "\"data\"",
                                       "\"shape\""};

std::string Changed(std::string text, std::mt19937* random) {
  const auto below = [&](size_t bound) { return bound == 0 ? 0 : (*random)() % bound; };
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    const size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0:
        text.insert(at, kWords[below(std::size(kWords))]);
        break;
      case 1:
        text.erase(at, below(8));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>((*random)());
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), below(32)));
        break;
      default:
        text.resize(at);
    }
  }
  text.resize(std::min(text.size(), kBytesMax));
  return text;
}

// The short form of scripts/fuzz; under the address sanitizer it sees nearly as much.
TEST(PredictionDecoders, OnlyRefuseWhateverTheBytes) {
  std::mt19937 random(20261129);
  for (const Decoder& decoder : Decoders()) {
    SCOPED_TRACE(decoder.name);
    for (const std::string& seed : decoder.seeds()) {
      decoder.decode(seed);
      const size_t step = 1 + seed.size() / static_cast<size_t>(decoder.changes);
      for (size_t length = 0; length < seed.size(); length += step)
        decoder.decode(seed.substr(0, length));
      for (int i = 0; i < decoder.changes; ++i) decoder.decode(Changed(seed, &random));
    }
  }
}

}  // namespace
}  // namespace millwright::fuzz
