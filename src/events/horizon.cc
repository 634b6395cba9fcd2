#include "events/horizon.h"

#include <algorithm>

#include "events/sql.h"

namespace millwright::events {

std::set<std::string> Horizon::Appending() {
  std::set<std::string> transactions;
  database_.Read([&](storage::Connection& connection) {
    for (const storage::Row& row : connection.Select(sql::kAppendingTransactions)) {
      transactions.insert(row.Text(0));
    }
  });
  return transactions;
}

Horizon::Answer Horizon::Judge(int64_t after, const std::vector<int64_t>& page) {
  std::lock_guard lock(mutex_);
  Answer answer;
  int64_t known = std::max(after, settled_);
  for (const int64_t seq : page) {
    if (seq > known + 1) break;
    known = std::max(known, seq);
    ++answer.safe;
  }
  if (answer.safe == page.size()) {
    if (after <= settled_) settled_ = known;
    return answer;
  }
  const std::set<std::string> now = Appending();
  if (asked_up_to_ == 0) {
    asked_up_to_ = page.back();
    who_ = now;
  } else {
    std::erase_if(who_, [&](const std::string& transaction) { return !now.contains(transaction); });
  }
  if (who_.empty()) {
    settled_ = std::max(settled_, asked_up_to_);
    asked_up_to_ = 0;
    answer.settled = true;
  }
  return answer;
}

}  // namespace millwright::events
