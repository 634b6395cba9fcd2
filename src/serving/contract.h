#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "quality/row_rules.h"
#include "serving/predictor.h"

namespace millwright::serving {

// What becomes of a request that breaks its contract: it is refused, or answered and counted.
enum class ContractAction { kReject, kFlag, kPass };
// Reads "reject", "flag" or "pass". Throws kInvalidArgument.
ContractAction ParseContractAction(std::string_view text);

// A field that broke its contract: the first one of the request.
struct Breach {
  std::string field;
  int64_t row = 0;
  std::string message;  // for the caller
};

std::string_view ContractActionName(ContractAction action);

// What one contract has seen since the start.
struct ContractCounts {
  int64_t rows = 0;
  int64_t broken_rows = 0;
  int64_t rejected = 0;                                   // requests
  std::vector<std::pair<std::string, int64_t>> by_field;  // requests that broke it there
};

// The row-wise rules of a suite, asked of the inputs of each request. Where a model's only input is
// a table whose columns have no names, they are NAME[0], NAME[1], …, or by position what the suite
// expects the columns to be in order. Thread-safe.
class Contract {
 public:
  Contract(quality::RowRules rules, ContractAction action);

  ContractAction action() const { return action_; }
  const quality::RowRules& rules() const { return rules_; }
  // Judges all rows and counts. Inputs of other shapes than the model's are left to the model.
  // A contract that rejects throws as RequireAsked does; one that flags says so in the log, once a
  // model, and judges the columns that are there.
  std::optional<Breach> Check(const ModelInfoPtr& info, const InferRequest& request) const;
  // Throws kFailedPrecondition where the suite has columns that the model does not take: what they
  // demand would be asked of nothing. Names them, each with the model's own that is nearest.
  void RequireAsked(const ModelInfo& info) const;
  ContractCounts Counts() const;

 private:
  // Where the columns of the rules are among the inputs of a model.
  struct Place {
    std::string input;
    size_t index = 0;  // of the input in the model's order, in which most requests have them
    size_t offset = 0;
    size_t width = 1;
    size_t column = 0;  // of the rules
  };
  struct Bound {
    std::weak_ptr<const ModelInfo> info;
    const ModelInfo* address = nullptr;
    std::vector<Place> places;
    std::optional<Error> refusal;  // of RequireAsked
  };

  std::shared_ptr<const Bound> BindTo(const ModelInfoPtr& info) const;
  // Calls visit(name, input, index, offset, width) for each column that a model takes.
  template <typename Visit>
  void ForEachColumn(const ModelInfo& info, Visit&& visit) const;
  std::vector<Place> PlacesOf(const ModelInfo& info) const;

  const quality::RowRules rules_;
  const ContractAction action_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Bound> bound_;
  mutable std::atomic<int64_t> rows_ = 0;
  mutable std::atomic<int64_t> broken_rows_ = 0;
  mutable std::atomic<int64_t> rejected_ = 0;
  mutable std::vector<std::atomic<int64_t>> by_column_;
};

}  // namespace millwright::serving
