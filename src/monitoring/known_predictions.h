#pragma once

#include <string>

#include "monitoring/log_store.h"

// The prediction log's predictions with what became of each, as table expressions of DuckDB.
namespace millwright::monitoring {

// Other tables in the place of a snapshot's, which stays the one that holds the files.
LogSnapshot Only(const LogSnapshot& snapshot, std::string predictions, std::string outcomes);
// The outcomes that may be of some predictions: by their ids, and all that go by a key.
std::string OutcomesOf(const std::string& predictions, const LogSnapshot& snapshot);
// The same without predictions that happened beside a range, and without the outcomes of those:
// what is joined for a slice costs by the slice. Of use as long as `snapshot` is open.
LogSnapshot Narrowed(const LogSnapshot& snapshot, const TimeRange& happened);
// Outcomes of a kind by prediction_id; those by key once for each prediction that they mean.
std::string OutcomesByIdSql(const LogSnapshot& snapshot, OutcomeKind kind);
// The log's predictions joined with the newest outcome of each, as a table expression.
std::string KnownPredictionsSql(const LogSnapshot& snapshot);
// The same of all that are no shadows, with their ids and times alone: several times cheaper.
std::string JoinedSql(const LogSnapshot& snapshot);

}  // namespace millwright::monitoring
