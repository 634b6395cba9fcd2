#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::serving {

// An endpoint's requests fall into 100 slots by the hash of their key, and each revision owns as
// many slots as it has percent. Which slots they are is stored: when weights move, only as many
// slots change hands as weights changed, so that all other keys stay with their revision.
inline constexpr int kTrafficSlots = 100;
using TrafficSlots = std::bitset<kTrafficSlots>;

// "0-9,40-54"; empty for none.
std::string FormatSlots(const TrafficSlots& slots);
// Throws kInternal for text that FormatSlots does not write.
TrafficSlots ParseSlots(std::string_view text);

// What one revision has and should have.
struct TrafficShare {
  TrafficSlots slots;
  int weight = 0;  // percent
};
// Gives each share as many slots as its weight. A share that is to shrink gives up its highest
// ones, those that are to grow take the lowest that are free, the first share first. The weights
// add up to 100 at most.
void MoveSlots(std::vector<TrafficShare>* shares);

// Tells which slot a key falls into; spread evenly whatever keys look like, and otherwise for each
// `salt`, so that two endpoints do not split the same callers alike.
int TrafficSlot(std::string_view salt, std::string_view key);

}  // namespace millwright::serving
