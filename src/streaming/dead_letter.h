#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "streaming/kafka.h"

// Messages that cannot be used, put aside with the reason.
namespace millwright::streaming {

inline constexpr char kIdHeader[] = "millwright-id";  // TOPIC-PARTITION-OFFSET of what was read

// A message as it was read, or with `value` in place of its value where only that part of it cannot
// be used; its id and the reason stand in headers.
Message DeadLetter(const Message& message, const std::string& reason, const Json* value);

// Sends a dead letter; one that no broker would take goes without its value. `send` throws
// kInvalidArgument for such a one. Throws what else it throws.
void SendDeadLetter(Message dead, const std::function<void(const Message&)>& send);

}  // namespace millwright::streaming
