#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "api/rpc.h"
#include "serving/predictor.h"

// grpc.health.v1.Health (health.proto): whether all models answer, for the server ("") and for
// inference.GRPCInferenceService.
namespace millwright::api::health {

inline constexpr size_t kWatchersMax = 256;  // beyond: RESOURCE_EXHAUSTED
inline constexpr int64_t kLookMs = 200;      // how soon a watcher learns of a change

enum class Status { kUnknown = 0, kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

// The context of the service's table: looks at the models and tells those who watch. Thread-safe.
class Health {
 public:
  explicit Health(const serving::Predictor& predictor) : predictor_(predictor) {}
  ~Health();

  Status Of(const std::string& service) const;
  // Keeps the call and tells it of each change. Throws kResourceExhausted for one too many.
  void Watch(const std::string& service, const grpc::Call& call);
  // Tells all watchers that nothing is served any more, and lets go of them and of all that come.
  void Close();

 private:
  struct Watcher {
    std::string service;
    grpc::Call call;
    Status told = Status::kUnknown;
  };
  static bool IsKnown(const std::string& service);
  void Tell(Watcher* watcher, Status status) const;
  void Look(const std::stop_token& stop);

  const serving::Predictor& predictor_;
  std::mutex mutex_;
  bool is_closed_ = false;
  std::list<Watcher> watchers_;
  std::condition_variable_any wake_;
  std::jthread looking_;  // from the first watcher on
};

std::string Check(Health& health, std::string_view message);
void Watch(Health& health, const grpc::Call& call, const RpcReply& reply);

inline constexpr Rpc<Health> kRpcs[] = {
    {"/grpc.health.v1.Health/Check", Check, Permission::kPublic, "Whether all models answer"},
    {"/grpc.health.v1.Health/Watch", nullptr, Permission::kPublic,
     "Whether all models answer, and each change of it", Watch, grpc::Messages::kFollow},
};

}  // namespace millwright::api::health
