#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"

namespace millwright::drift {

// What is looked at of a column: itself, or what its values have in common. Times are compared by
// hour and weekday, since the time itself only ever moves on; free text by length and words, since
// hardly any value comes twice; lists of numbers as points.
enum class Observation {
  kValue,
  kTextLength,
  kTextWords,
  kVocabulary,
  kHour,
  kWeekday,
  kEmbedding
};
std::string_view ObservationName(Observation observation);
Observation ParseObservation(std::string_view name);

struct ObservedFeature {
  std::string name;  // the column's, or "column:length", "column:hour", …
  std::string column;
  Observation observation = Observation::kValue;
};

// Decides what is looked at in a reference: every column but `leave_out` and those of nested types
// that are no embeddings, or only `columns`. A text column is free text when more than half of its
// values are distinct. Throws kInvalidArgument for an unknown column.
std::vector<ObservedFeature> ObserveTable(analytics::Session& session, const std::string& table,
                                          const std::vector<std::string>& columns,
                                          const std::string& leave_out);

// A table expression with the features as columns, and all columns of the table that `also` names.
// Features of columns that the table lacks, vocabularies and embeddings are left out.
std::string ObservedSql(analytics::Session& session, const std::string& table,
                        const std::vector<ObservedFeature>& features, const std::string& also);

// The words of a text column, one a row, in lower case as the column "word".
std::string WordsSql(const std::string& table, const std::string& column);

}  // namespace millwright::drift
