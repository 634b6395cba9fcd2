#include "base/unique_id.h"

#include <sys/random.h>

#include <cstdint>

#include "base/check.h"

namespace millwright {
namespace {

// A thread's own start and how far it has come from there.
struct Series {
  uint64_t start = 0;
  uint64_t next = 0;

  Series() {
    CHECK(getrandom(&start, sizeof start, 0) == sizeof start);
    CHECK(getrandom(&next, sizeof next, 0) == sizeof next);
  }
};

char* WriteHex(uint64_t number, char* to) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) *to++ = kDigits[(number >> shift) & 15];
  return to;
}

}  // namespace

std::string NewUniqueId() {
  thread_local Series series;
  std::string id(32, '0');
  WriteHex(++series.next, WriteHex(series.start, id.data()));
  return id;
}

}  // namespace millwright
