#include "base/id.h"

#include <sys/random.h>

#include "base/check.h"

namespace millwright {
namespace {

std::string RandomHex(size_t bytes) {
  unsigned char raw[16];
  CHECK(bytes <= sizeof raw);
  CHECK(getrandom(raw, bytes, 0) == static_cast<ssize_t>(bytes));
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes * 2);
  for (size_t i = 0; i < bytes; ++i) {
    hex.push_back(kDigits[raw[i] >> 4]);
    hex.push_back(kDigits[raw[i] & 15]);
  }
  return hex;
}

}  // namespace

std::string NewHexId() {
  return RandomHex(16);
}

std::string NewShortId(const std::string& prefix) {
  return prefix + RandomHex(6);
}

}  // namespace millwright
