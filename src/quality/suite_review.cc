#include "quality/suite_review.h"

#include <algorithm>

#include "base/error.h"
#include "base/id.h"
#include "quality/check_history.h"
#include "quality/sql.h"

namespace millwright::quality {

using storage::Connection;
using storage::Row;

namespace {

using State = SuiteProposal::State;

struct StateRow {
  State state;
  std::string_view name;
};
constexpr StateRow kStates[] = {
    {State::kOpen, "open"}, {State::kAccepted, "accepted"}, {State::kRejected, "rejected"}};

State ParseState(const std::string& name) {
  for (const auto& row : kStates)
    if (row.name == name) return row.state;
  throw InvalidArgument("A proposal is open, accepted or rejected, not {}", name)
      .WithField("state");
}

void RequireText(const std::string& text, const char* what, const char* field) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    throw InvalidArgument("{} is missing", what).WithField(field);
  if (text.size() > kRemarkBytesMax)
    throw InvalidArgument("{} has at most {} bytes", what, kRemarkBytesMax).WithField(field);
}

Expectation ReadExpectation(const std::string& text) {
  const Json json = ParseJson(text);
  return ParseSuite(Json::Of({{"name", "base"}, {"expectations", Json(Json::Array{json})}}))
      .expectations.at(0);
}

SuiteComment ReadComment(const Row& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Int(5), row.Text(6)};
}

SuiteProposal ReadProposal(const Row& row) {
  SuiteProposal proposal;
  proposal.id = row.Text(0);
  proposal.suite = row.Text(1);
  proposal.expectation = row.Text(2);
  proposal.base_version = row.Int(3);
  proposal.base = ReadExpectation(row.Text(4));
  proposal.change = ExpectationChange::FromJson(ParseJson(row.Text(5)));
  proposal.reason = row.Text(6);
  proposal.validation_id = row.Text(7);
  proposal.state = ParseState(row.Text(8));
  proposal.created_ms = row.Int(9);
  proposal.who = row.Text(10);
  proposal.decided_ms = row.Int(11);
  proposal.decided_by = row.Text(12);
  proposal.decision = row.Text(13);
  proposal.result_version = row.Int(14);
  return proposal;
}

SuiteProposal FindProposal(Connection& connection, const std::string& id) {
  const auto row = connection.SelectOne(sql::kGetProposal, {id});
  if (!row) throw NotFound("Proposal", id);
  return ReadProposal(*row);
}

SuiteProposal FindOpen(Connection& connection, const std::string& id) {
  SuiteProposal proposal = FindProposal(connection, id);
  if (proposal.state != State::kOpen)
    throw FailedPrecondition("Proposal {} is {} already, by {}", id,
                             ProposalStateName(proposal.state), proposal.decided_by);
  return proposal;
}

Json EventOf(const SuiteProposal& proposal) {
  Json payload = Json::Of({{"proposal", proposal.id},
                           {"suite", proposal.suite},
                           {"expectation", proposal.expectation},
                           {"change", proposal.change.Words(proposal.base)},
                           {"reason", proposal.reason},
                           {"proposed_by", proposal.who}});
  if (!proposal.decision.empty()) payload.Set("decision", proposal.decision);
  return payload;
}

}  // namespace

std::string_view ProposalStateName(SuiteProposal::State state) {
  for (const auto& row : kStates)
    if (row.state == state) return row.name;
  return "";
}

SuiteComment SuiteReview::Comment(const SuiteComment& comment) {
  RequireText(comment.text, "The comment", "text");
  FindExpectation(suites_.Get(comment.suite), comment.expectation);
  SuiteComment kept = comment;
  kept.id = NewShortId("cm-");
  kept.created_ms = clock_.NowMs();
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kInsertComment,
                       {kept.id, kept.suite, kept.expectation, kept.validation_id, kept.text,
                        kept.created_ms, kept.who});
    events_.Append(connection, "suite.commented", "suite:" + kept.suite, kept.who,
                   Json::Of({{"comment", kept.id},
                             {"expectation", kept.expectation},
                             {"validation_id", kept.validation_id},
                             {"text", kept.text}}));
  });
  return kept;
}

std::vector<SuiteComment> SuiteReview::Comments(const std::string& suite,
                                                const std::string& expectation, int limit) const {
  std::vector<SuiteComment> comments;
  database_.Read([&](Connection& connection) {
    for (const Row& row :
         connection.Select(sql::kListComments,
                           {suite, expectation, int64_t{std::clamp(limit, 1, kReviewPageMax)}}))
      comments.push_back(ReadComment(row));
  });
  return comments;
}

SuiteProposal SuiteReview::Propose(SuiteProposal proposal) {
  RequireText(proposal.reason, "The reason", "reason");
  const auto [suite, version] = suites_.GetVersion(proposal.suite);
  proposal.base = suite.expectations.at(FindExpectation(suite, proposal.expectation));
  proposal.base_version = version;
  const Suite changed = ApplyChange(suite, proposal.expectation, proposal.base, proposal.change);
  if (changed.ToJson() == suite.ToJson())
    throw InvalidArgument("{} is so already", proposal.expectation).WithField("change");
  proposal.id = NewShortId("pr-");
  proposal.state = State::kOpen;
  proposal.created_ms = clock_.NowMs();
  database_.Write([&](Connection& connection) {
    connection.Execute(
        sql::kInsertProposal,
        {proposal.id, proposal.suite, proposal.expectation, proposal.base_version,
         proposal.base.ToJson().Dump(), proposal.change.ToJson().Dump(), proposal.reason,
         proposal.validation_id, proposal.created_ms, proposal.who});
    events_.Append(connection, "suite.change_proposed", "suite:" + proposal.suite, proposal.who,
                   EventOf(proposal));
  });
  return proposal;
}

SuiteProposal SuiteReview::GetProposal(const std::string& id) const {
  return database_.Read([&](Connection& connection) { return FindProposal(connection, id); });
}

std::vector<SuiteProposal> SuiteReview::Proposals(const std::string& suite,
                                                  const std::string& state, int limit) const {
  if (!state.empty()) ParseState(state);
  std::vector<SuiteProposal> proposals;
  database_.Read([&](Connection& connection) {
    for (const Row& row : connection.Select(
             sql::kListProposals, {suite, state, int64_t{std::clamp(limit, 1, kReviewPageMax)}}))
      proposals.push_back(ReadProposal(row));
  });
  return proposals;
}

void SuiteReview::Decide(Connection& connection, const SuiteProposal& proposal,
                         const std::string& state, int64_t result_version) {
  connection.Execute(sql::kDecideProposal, {proposal.id, state, clock_.NowMs(), proposal.decided_by,
                                            proposal.decision, result_version});
  events_.Append(connection, "suite.change_" + state, "suite:" + proposal.suite,
                 proposal.decided_by, EventOf(proposal));
}

SuiteProposal SuiteReview::Accept(const std::string& id, const std::string& decision,
                                  const std::string& who) {
  if (!decision.empty()) RequireText(decision, "The reason", "reason");
  database_.Write([&](Connection& connection) {
    SuiteProposal proposal = FindOpen(connection, id);
    proposal.decided_by = who;
    proposal.decision = decision;
    const Suite now = suites_.Find(connection, proposal.suite).suite;
    const Suite changed = ApplyChange(now, proposal.expectation, proposal.base, proposal.change);
    const std::string why = fmt::format(
        "{}: {}; proposed by {} ({}): {}{}", proposal.expectation,
        proposal.change.Words(proposal.base), proposal.who, proposal.id, proposal.reason,
        decision.empty() ? "" : fmt::format("; accepted by {}: {}", who, decision));
    const int64_t version = suites_.PutIn(connection, changed, who, why);
    Decide(connection, proposal, "accepted", version);
  });
  return GetProposal(id);
}

SuiteProposal SuiteReview::Reject(const std::string& id, const std::string& decision,
                                  const std::string& who) {
  RequireText(decision, "The reason", "reason");
  database_.Write([&](Connection& connection) {
    SuiteProposal proposal = FindOpen(connection, id);
    proposal.decided_by = who;
    proposal.decision = decision;
    Decide(connection, proposal, "rejected", 0);
  });
  return GetProposal(id);
}

}  // namespace millwright::quality
