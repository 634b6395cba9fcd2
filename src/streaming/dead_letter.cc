#include "streaming/dead_letter.h"

#include "base/error.h"

namespace millwright::streaming {
namespace {

constexpr char kReasonHeader[] = "millwright-reason";
constexpr size_t kReasonBytesMax = 1'000;

}  // namespace

Message DeadLetter(const Message& message, const std::string& reason, const Json* value) {
  Message dead = message;
  if (value != nullptr) dead.value = value->Dump();
  dead.headers.emplace_back(kIdHeader, message.place.Id());
  dead.headers.emplace_back(kReasonHeader, reason.substr(0, kReasonBytesMax));
  return dead;
}

void SendDeadLetter(Message dead, const std::function<void(const Message&)>& send) {
  try {
    send(dead);
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    dead.value.reset();  // its id still says where it is
    send(dead);
  }
}

}  // namespace millwright::streaming
