#pragma once

#include <string>
#include <string_view>
#include <vector>

// What reads requests for predictions, and models that are computed here, each behind one function:
// scripts/fuzz feeds them by libFuzzer for as long as one likes, a unit test with a few thousand
// changed seeds.
namespace millwright::fuzz {

struct Decoder {
  std::string_view name;
  // Reads any bytes. Aborts when something else than kInvalidArgument is thrown or a tensor does
  // not fill its shape.
  void (*decode)(std::string_view bytes);
  std::vector<std::string> (*seeds)();
  // How many changes of each seed the unit test tries: fewer of what takes long.
  int changes = 3'000;
};

const std::vector<Decoder>& Decoders();

}  // namespace millwright::fuzz
