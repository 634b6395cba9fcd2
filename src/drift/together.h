#pragma once

#include <optional>
#include <string>

#include "analytics/session.h"
#include "base/json.h"
#include "drift/domain_classifier.h"
#include "drift/reconstruction.h"

namespace millwright::drift {

// All columns at once: can the sides be told apart, and do the columns of numbers still hang
// together?
struct Together {
  DomainVerdict domain;
  // Absent where there are not between two and kReconstructedColumnsMax columns of numbers with
  // enough rows.
  std::optional<Reconstruction> reconstruction;

  Json ToJson() const;
};

// Looks at rows that are drawn of both sides, kDomainRowsMax of each unless `options` says
// otherwise. Fewer rows of either side than the classifier needs are "not enough data".
Together LookTogether(analytics::Session& session, const std::string& reference,
                      const std::string& current, PairedOptions options);

}  // namespace millwright::drift
