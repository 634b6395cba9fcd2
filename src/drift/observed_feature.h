#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"

namespace millwright::drift {

// What is looked at of a column: itself, or what its values have in common. Times are compared by
// hour and weekday, since the time itself only ever moves on; free text by length and words, since
// hardly any value comes twice; lists of numbers as points; images by what images/
// image_properties.h measures of them.
enum class Observation {
  kValue,
  kTextLength,
  kTextWords,
  kVocabulary,
  kOutOfVocabulary,
  kHour,
  kWeekday,
  kEmbedding,
  kBrightness,
  kContrast,
  kSharpness,
  kEntropy,
  kDarkest,
  kBrightest,
  kRed,
  kGreen,
  kBlue,
  kArea,
  kAspectRatio
};
std::string_view ObservationName(Observation observation);
Observation ParseObservation(std::string_view name);
bool IsOfImage(Observation observation);

struct ObservedFeature {
  std::string name;  // the column's, or "column:length", "column:hour", "column:brightness", …
  std::string column;
  Observation observation = Observation::kValue;
};

// Of text columns, the words that a text's words are held against: one list for all rows, or
// kFolds of them, of which a row is held against that of its fold.
using KnownWords = std::map<std::string, std::vector<std::vector<std::string>>>;
inline constexpr size_t kFolds = 5;

// Decides what is looked at in a reference: every column but `leave_out` and those of nested types
// that are neither embeddings nor images, or only `columns`. A text column is free text when more
// than half of its values are distinct. A column holds images when nine of ten of its first values
// are (images::ReadImage): BLOBs, nested lists of numbers, or text of both. Area and aspect ratio
// of lists are looked at where they vary. Throws kInvalidArgument for an unknown column.
std::vector<ObservedFeature> ObserveTable(analytics::Session& session, const std::string& table,
                                          const std::vector<std::string>& columns,
                                          const std::string& leave_out);

// A table expression with the features among its columns, and all columns of the table that `also`
// names.
// Features of columns that the table lacks, vocabularies and embeddings are left out. What is
// looked at of an image that is itself not in the table may be a column by the feature's name, as
// the prediction log has it of large ones. Images are read once: where there are any, or known
// words, the expression is a temporary table of the session until the next call.
std::string ObservedSql(analytics::Session& session, const std::string& table,
                        const std::vector<ObservedFeature>& features, const std::string& also,
                        const KnownWords& words = {});

// The words of a text column, one a row, in lower case as the column "word".
std::string WordsSql(const std::string& table, const std::string& column);

// Longer words are never known: they are digests and the like, each of which comes once.
inline constexpr size_t kKnownWordLengthMax = 40;
inline constexpr size_t kKnownWordsMax = 5000;
// The most frequent words of a column without those of each fold's rows. Rows fall into folds by
// their place in the table.
std::vector<std::vector<std::string>> LearnWords(analytics::Session& session,
                                                 const std::string& table,
                                                 const std::string& column);

}  // namespace millwright::drift
