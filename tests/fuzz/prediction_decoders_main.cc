// libFuzzer's entry: MILLWRIGHT_FUZZ_DECODER names the decoder, and with MILLWRIGHT_FUZZ_SEEDS its
// seeds are written to that folder first.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "fuzz/prediction_decoders.h"

namespace {

const millwright::fuzz::Decoder& Chosen() {
  const char* name = std::getenv("MILLWRIGHT_FUZZ_DECODER");
  for (const auto& decoder : millwright::fuzz::Decoders()) {
    if (name != nullptr && decoder.name == name) return decoder;
  }
  std::fputs("MILLWRIGHT_FUZZ_DECODER must be one of\n", stderr);
  for (const auto& decoder : millwright::fuzz::Decoders()) {
    std::fprintf(stderr, "  %.*s\n", static_cast<int>(decoder.name.size()), decoder.name.data());
  }
  std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("MILLWRIGHT_FUZZ_SEEDS");
  if (folder == nullptr) return 0;
  int number = 0;
  for (const std::string& seed : Chosen().seeds()) {
    std::ofstream(std::string(folder) + "/seed-" + std::to_string(number++)) << seed;
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto& decoder = Chosen();
  decoder.decode({reinterpret_cast<const char*>(data), size});
  return 0;
}
