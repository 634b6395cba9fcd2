#include "api/health/rpcs.h"

#include <chrono>

#include "api/protobuf/reader.h"
#include "api/protobuf/writer.h"
#include "base/error.h"
#include "base/lane.h"

namespace millwright::api::health {
namespace {

std::string ReadService(std::string_view message) {
  std::string service;
  for (protobuf::Reader reader(message); reader.Next();) {
    if (reader.number() == 1) service = reader.Text();
  }
  return service;
}

std::string Message(Status status) {
  std::string message;
  protobuf::Writer(&message).Uint(1, static_cast<uint64_t>(status));
  return message;
}

}  // namespace

Health::~Health() {
  Close();
}

bool Health::IsKnown(const std::string& service) {
  return service.empty() || service == "inference.GRPCInferenceService";
}

Status Health::Of(const std::string& service) const {
  if (!IsKnown(service)) return Status::kServiceUnknown;
  for (const std::string& model : predictor_.Models()) {
    try {
      if (!predictor_.Ready(model, "")) return Status::kNotServing;
    } catch (const Error&) {  // let go of since it was listed
    }
  }
  return Status::kServing;
}

void Health::Tell(Watcher* watcher, Status status) const {
  if (watcher->told == status) return;
  if (watcher->call.Send(Message(status))) watcher->told = status;
}

void Health::Watch(const std::string& service, const grpc::Call& call) {
  const Status status = Of(service);
  std::lock_guard lock(mutex_);
  if (is_closed_) throw Unavailable("The server is ending");
  if (watchers_.size() >= kWatchersMax) {
    throw ResourceExhausted("At most {} calls watch the health of a server", kWatchersMax);
  }
  watchers_.push_back({service, call});
  Tell(&watchers_.back(), status);
  if (!looking_.joinable()) {
    looking_ = std::jthread([this](const std::stop_token& stop) { Look(stop); });
  }
}

void Health::Look(const std::stop_token& stop) {
  NameThisThread("health");
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, std::chrono::milliseconds(kLookMs), [&] { return is_closed_; });
    if (is_closed_) return;
    lock.unlock();
    const Status status = Of("");
    lock.lock();
    for (auto it = watchers_.begin(); it != watchers_.end();) {
      if (IsKnown(it->service)) Tell(&*it, status);
      it = it->call.IsGivenUp() ? watchers_.erase(it) : std::next(it);
    }
  }
}

void Health::Close() {
  std::unique_lock lock(mutex_);
  is_closed_ = true;
  for (const Watcher& watcher : watchers_) {
    std::optional<std::string> last;
    if (watcher.told != Status::kNotServing) last = Message(Status::kNotServing);
    watcher.call.End(std::move(last));
  }
  watchers_.clear();
  wake_.notify_all();
  lock.unlock();
  if (looking_.joinable()) looking_.join();
}

std::string Check(Health& health, std::string_view message) {
  const std::string service = ReadService(message);
  const Status status = health.Of(service);
  if (status == Status::kServiceUnknown) throw NotFound("Service", service);
  return Message(status);
}

void Watch(Health& health, const grpc::Call& call, const RpcReply&) {
  health.Watch(ReadService(call.message()), call);
}

}  // namespace millwright::api::health
