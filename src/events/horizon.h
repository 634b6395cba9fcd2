#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "storage/database.h"

namespace millwright::events {

// How far the log on PostgreSQL may be read without passing over an event that becomes visible
// later. Transactions that drew 7 and 8 may commit 8 first; a reader that moved on to 8 would never
// see 7.
//
// Each append takes one advisory lock, shared and therefore without waiting for the others, before
// it draws its seq, and holds it until its commit is visible. A reader that finds 8 without 7 asks
// who holds the lock: whoever drew 7 is among them or has ended. Once all of those have ended, 7 is
// visible or will never be, and everything up to 8 is settled. Commits are thus never serialized,
// and a reader asks only where there is a gap.
//
// Thread-safe.
class Horizon {
 public:
  explicit Horizon(storage::Database& database) : database_(database) {}

  struct Answer {
    size_t safe = 0;       // how many of the page's events may be returned
    bool settled = false;  // a gap was settled by now: read the page again
  };
  // `page` holds the seq of the events after `after`, as they were just read.
  Answer Judge(int64_t after, const std::vector<int64_t>& page);

 private:
  std::set<std::string> Appending();

  storage::Database& database_;
  std::mutex mutex_;           // guards what follows
  int64_t settled_ = 0;        // no event at or below will become visible any more
  int64_t asked_up_to_ = 0;    // the seq that the open question is about; 0 when none is open
  std::set<std::string> who_;  // transactions that may still fill a gap below it
};

}  // namespace millwright::events
