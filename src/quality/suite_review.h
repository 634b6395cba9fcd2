#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "quality/suite_change.h"
#include "quality/suite_store.h"
#include "storage/database.h"

namespace millwright::quality {

inline constexpr size_t kRemarkBytesMax = 4000;  // of a comment, a reason or a decision
inline constexpr int kReviewPageMax = 1000;

struct SuiteComment {
  std::string id;
  std::string suite;
  std::string expectation;    // its key, see ExpectationKeys
  std::string validation_id;  // whose report was read; may be empty
  std::string text;
  int64_t created_ms = 0;
  std::string who;
};

// A change to a suite that somebody proposes who holds one of its expectations to be wrong.
struct SuiteProposal {
  enum class State { kOpen, kAccepted, kRejected };
  std::string id;
  std::string suite;
  std::string expectation;
  int64_t base_version = 0;  // of the suite
  Expectation base;          // as it was in it
  ExpectationChange change;
  std::string reason;
  std::string validation_id;
  State state = State::kOpen;
  int64_t created_ms = 0;
  std::string who;
  int64_t decided_ms = 0;
  std::string decided_by;
  std::string decision;        // why it was accepted or rejected
  int64_t result_version = 0;  // of the suite, when it was accepted
};
std::string_view ProposalStateName(SuiteProposal::State state);

// What people say of suites and want to have otherwise. Thread-safe.
class SuiteReview {
 public:
  SuiteReview(storage::Database& database, events::EventLog& events, const Clock& clock,
              const SuiteStore& suites)
      : database_(database), events_(events), clock_(clock), suites_(suites) {}

  // Event suite.commented. Throws kNotFound for an expectation that the suite does not have and
  // kInvalidArgument for a comment without text.
  SuiteComment Comment(const SuiteComment& comment);
  // Newest first; of all expectations when `expectation` is empty.
  std::vector<SuiteComment> Comments(const std::string& suite, const std::string& expectation = "",
                                     int limit = kReviewPageMax) const;

  // Opens a change against the suite as it is now: suite, expectation, change, reason, who and
  // validation_id are taken. Event suite.change_proposed. Throws kInvalidArgument without a reason
  // and for a change that would change nothing or that cannot be.
  SuiteProposal Propose(SuiteProposal proposal);
  SuiteProposal GetProposal(const std::string& id) const;
  // Newest first; of all suites and in all states where they are empty.
  std::vector<SuiteProposal> Proposals(const std::string& suite = "", const std::string& state = "",
                                       int limit = kReviewPageMax) const;
  // Makes a version of the suite in which the change is applied, with the proposer's name and both
  // reasons in its history. Events suite.updated, suite.change_accepted. Throws kAborted when the
  // suite has moved on so that it does not apply any more (the proposal stays open) and
  // kFailedPrecondition when it is decided already.
  SuiteProposal Accept(const std::string& id, const std::string& decision, const std::string& who);
  // Event suite.change_rejected. Throws kInvalidArgument without a reason.
  SuiteProposal Reject(const std::string& id, const std::string& decision, const std::string& who);

 private:
  void Decide(storage::Connection& connection, const SuiteProposal& proposal,
              const std::string& state, int64_t result_version);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const SuiteStore& suites_;
};

}  // namespace millwright::quality
