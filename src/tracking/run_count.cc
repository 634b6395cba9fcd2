#include "tracking/run_store.h"
#include "tracking/sql.h"

namespace millwright::tracking {

TrackingCounts RunStore::Count() const {
  return database_.Read([](storage::Connection& connection) {
    const auto row = connection.SelectOne(sql::kCountTracked);
    return TrackingCounts{row->Int(0), row->Int(1)};
  });
}

}  // namespace millwright::tracking
