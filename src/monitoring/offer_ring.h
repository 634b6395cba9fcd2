#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"

namespace millwright::monitoring {

// A bounded queue between many producers and one consumer without a lock: each slot carries the
// turn in which it may be written or read, so that a producer only ever contends for one counter.
// A full ring refuses. The number of slots is a power of two; an item is allocated when it is
// accepted, so that an idle ring is small however many it may hold.
template <typename T>
class OfferRing {
 public:
  explicit OfferRing(size_t slots) : slots_(slots), mask_(slots - 1) {
    CHECK(slots > 1 && (slots & mask_) == 0);
    for (size_t i = 0; i < slots; ++i) slots_[i].turn.store(i, std::memory_order_relaxed);
  }

  // Any thread. Moves from `item` only when it was accepted.
  bool TryPush(T& item) {
    uint64_t place = tail_.load(std::memory_order_relaxed);
    std::unique_ptr<T> room;  // made before a place is taken, which could not be given back
    for (;;) {
      Slot& slot = slots_[place & mask_];
      const auto ahead = static_cast<int64_t>(slot.turn.load(std::memory_order_acquire) - place);
      if (ahead < 0) return false;
      if (room == nullptr) room = std::make_unique<T>();
      if (ahead > 0) {
        place = tail_.load(std::memory_order_relaxed);
      } else if (tail_.compare_exchange_weak(place, place + 1, std::memory_order_relaxed)) {
        *room = std::move(item);
        slot.item = std::move(room);
        slot.turn.store(place + 1, std::memory_order_release);
        return true;
      }
    }
  }

  // The one consumer.
  std::optional<T> TryPop() {
    Slot& slot = slots_[head_ & mask_];
    if (slot.turn.load(std::memory_order_acquire) != head_ + 1) return std::nullopt;
    std::optional<T> item(std::move(*slot.item));
    slot.item.reset();
    slot.turn.store(head_ + slots_.size(), std::memory_order_release);
    ++head_;
    popped_.store(head_, std::memory_order_relaxed);
    return item;
  }

  // How many places were ever taken, and how many items popped.
  uint64_t pushed() const { return tail_.load(std::memory_order_relaxed); }
  uint64_t popped() const { return popped_.load(std::memory_order_relaxed); }

  // How many wait, about.
  size_t size() const {
    return static_cast<size_t>(tail_.load(std::memory_order_relaxed) -
                               popped_.load(std::memory_order_relaxed));
  }

 private:
  struct Slot {
    std::atomic<uint64_t> turn = 0;
    std::unique_ptr<T> item;
  };

  std::vector<Slot> slots_;
  const size_t mask_;
  alignas(64) std::atomic<uint64_t> tail_ = 0;
  alignas(64) uint64_t head_ = 0;
  std::atomic<uint64_t> popped_ = 0;
};

}  // namespace millwright::monitoring
