#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "serving/gateway.h"

namespace millwright::serving {

// The way of one request through the gateway: to the cache where there is one, to a replica, to
// another one when that goes away or is late, and back. Where no replica is ready it waits until
// one is. Nothing here blocks: what it waits for calls it back, all on its loop's thread. It lives
// as long as something will.
class Gateway::Forwarding : public std::enable_shared_from_this<Forwarding> {
 public:
  Forwarding(Gateway& gateway, ReplicaLoop& loop, std::shared_ptr<RoutedEndpoint> endpoint,
             InferRequest request, InferDone done);
  ~Forwarding();

  void Start();
  const bool& finished() const { return finished_; }

 private:
  // A replica that was entered and asked.
  struct Asked {
    std::shared_ptr<Replica> replica;
    int64_t start_us = 0;
    bool is_waited_for = true;
  };
  using Outcome = ReplicaLoop::Outcome;

  // Runs a step; what it throws is the answer.
  template <typename Step>
  void Run(Step step);

  bool AnswerByCache();
  void Enter();
  // Chooses by the route as it is now and asks a replica; false when none is ready.
  bool TryEnter();
  void Hold();
  void LookAgain();
  void EndHold();
  [[noreturn]] void GiveUpHolding();

  void AskFirst(std::shared_ptr<Replica> replica);
  void AskSecondAfter(int64_t delay_us);
  // False where no other replica is ready or the budget has no hedge left.
  bool AskSecond();
  void Ask(std::shared_ptr<Replica> replica);
  void TakeReply(size_t asked, Outcome outcome, FrameKind kind, std::string_view body);
  std::optional<Result<InferAnswer>> ReadReply(Outcome outcome, FrameKind kind,
                                               std::string_view body) const;
  void TakeAnswer(size_t asked, std::optional<Result<InferAnswer>> answer);
  // Answers at the request's deadline, whatever is under way.
  void WatchDeadline();
  // Whoever is still asked is not waited for any more.
  void LetGoOfOthers();
  void CancelTimer();

  void Finish(Result<InferAnswer> answer);
  void KeepAnswer(const InferAnswer& answer);
  void Count(const Result<InferAnswer>& answer, int64_t latency_us) const;
  void Log(Result<InferAnswer> answer, int64_t latency_us);
  // The request as the replicas read it, made when it is first needed.
  const std::shared_ptr<const std::string>& Encoded();

  Gateway& gateway_;
  ReplicaLoop& loop_;
  const std::shared_ptr<RoutedEndpoint> endpoint_;
  InferRequest request_;
  InferDone done_;             // let go of when the answer is given
  const std::string version_;  // that was asked for by its name
  const int64_t start_us_;
  const int64_t now_ms_;
  const int64_t hold_until_us_;
  std::shared_ptr<const Route> first_route_;  // whose policy holds
  std::string key_;                           // of the split
  std::shared_ptr<const Route> route_;
  const RoutedRevision* revision_ = nullptr;  // part of `route_`; none before one was chosen
  std::shared_ptr<const std::string> frame_;
  std::optional<ResponseCache::Key> cache_key_;
  std::string cached_version_;  // that `cache_key_` is of

  std::vector<Asked> asked_;  // all that ever were
  int attempts_ = 0;
  int64_t attempt_us_ = 0;                     // when the last one began
  std::optional<ReplicaLoop::TimerId> timer_;  // of a late answer, or of being held
  std::optional<ReplicaLoop::TimerId> deadline_;
  bool is_held_ = false;
  uint64_t watch_ = 0;
  bool finished_ = false;
};

}  // namespace millwright::serving
