#include "serving/traffic_split.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

#include "base/error.h"

namespace millwright::serving {
namespace {

// Reads a slot's number at the start of `text` and takes it off.
int TakeSlot(std::string_view* text) {
  int slot = -1;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), slot);
  if (error != std::errc() || slot < 0 || slot >= kTrafficSlots) {
    throw Internal("The stored slots of a revision are broken: {}", *text);
  }
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return slot;
}

bool TakeChar(char wanted, std::string_view* text) {
  if (text->empty() || text->front() != wanted) return false;
  text->remove_prefix(1);
  return true;
}

// FNV-1a
void Mix(std::string_view text, uint64_t* hash) {
  for (const char c : text) *hash = (*hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
}

}  // namespace

std::string FormatSlots(const TrafficSlots& slots) {
  std::string text;
  for (size_t first = 0; first < slots.size(); ++first) {
    if (!slots[first]) continue;
    size_t last = first;
    while (last + 1 < slots.size() && slots[last + 1]) ++last;
    if (!text.empty()) text += ',';
    text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
    first = last;
  }
  return text;
}

TrafficSlots ParseSlots(std::string_view text) {
  TrafficSlots slots;
  if (text.empty()) return slots;
  do {
    const int first = TakeSlot(&text);
    const int last = TakeChar('-', &text) ? TakeSlot(&text) : first;
    for (int slot = first; slot <= last; ++slot) slots.set(static_cast<size_t>(slot));
  } while (TakeChar(',', &text));
  if (!text.empty()) throw Internal("The stored slots of a revision are broken: {}", text);
  return slots;
}

void MoveSlots(std::vector<TrafficShare>* shares) {
  TrafficSlots free;
  free.set();
  for (TrafficShare& share : *shares) {
    share.slots &= free;  // of two that claim a slot the first keeps it
    for (size_t slot = kTrafficSlots; slot-- > 0;) {
      if (static_cast<int>(share.slots.count()) <= share.weight) break;
      share.slots.reset(slot);
    }
    free &= ~share.slots;
  }
  for (TrafficShare& share : *shares) {
    for (size_t slot = 0; slot < kTrafficSlots; ++slot) {
      if (static_cast<int>(share.slots.count()) >= share.weight) break;
      if (!free[slot]) continue;
      share.slots.set(slot);
      free.reset(slot);
    }
  }
}

int TrafficSlot(std::string_view salt, std::string_view key) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  Mix(salt, &hash);
  Mix({"\0", 1}, &hash);
  Mix(key, &hash);
  // FNV's low bits follow the last characters, as counters do; mix before taking a remainder.
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  return static_cast<int>(hash % kTrafficSlots);
}

}  // namespace millwright::serving
