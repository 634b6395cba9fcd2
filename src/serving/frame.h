#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "serving/predictor.h"

namespace millwright::serving {

// The messages between a gateway and its replicas on a Unix-domain socket: a fixed head, then a
// body of length-prefixed fields in the machine's own byte order (both ends are one program on one
// machine). Requests are decoded from JSON once, in the gateway; what travels is tensors.
enum class FrameKind : uint32_t {
  kInfer = 1,   // an InferRequest → kAnswer or kError
  kAnswer = 2,  // an InferAnswer
  kError = 3,   // an Error
  kPing = 4,    // → kPong: renews the replica's lease
  kPong = 5,
  kDescribe = 6,     // a model's name → kDescription or kError
  kDescription = 7,  // a ModelInfo
  kBecome = 8,       // a ReplicaOrder to a spare process → kPong: from now on it is that replica
  kRest = 9,  // a socket's path to a replica → kPong: it becomes a spare process that waits there
};

// What a spare process is to be.
struct ReplicaOrder {
  std::string model;   // NAME@VERSION=PATH
  std::string socket;  // to listen on
  std::string log;     // a file to append standard output and error to
};

inline constexpr uint64_t kFrameBytesMax = 512ULL << 20;

struct FrameHead {
  uint32_t magic = kMagic;
  FrameKind kind = FrameKind::kPing;
  uint64_t body_bytes = 0;
  static constexpr uint32_t kMagic = 0x3154574d;  // "MWT1"
};
static_assert(sizeof(FrameHead) == 16);

// Tells whether these bytes start a frame that may be read.
bool IsPlausible(const FrameHead& head);
// The head that these sizeof(FrameHead) bytes are; nothing for what is not plausible.
std::optional<FrameHead> ReadHead(std::string_view bytes);

// Each makes a whole frame, head and body, ready to be sent.
std::string EncodeInfer(const InferRequest& request);
std::string EncodeAnswer(const InferAnswer& answer);
std::string EncodeError(const Error& error);
std::string EncodeEmpty(FrameKind kind);
std::string EncodeDescribe(const std::string& model);
std::string EncodeDescription(const ModelInfo& info);
std::string EncodeBecome(const ReplicaOrder& order);
std::string EncodeRest(const std::string& socket);

// Each reads a body. Throws kInternal for one that is cut short or has impossible lengths.
InferRequest DecodeInfer(std::string_view body);
InferAnswer DecodeAnswer(std::string_view body);
Error DecodeError(std::string_view body);
// What came as the answer to kInfer; a reply that cannot be read is kInternal.
Result<InferAnswer> DecodeReply(FrameKind kind, std::string_view body);
std::string DecodeDescribe(std::string_view body);
ModelInfo DecodeDescription(std::string_view body);
ReplicaOrder DecodeBecome(std::string_view body);
std::string DecodeRest(std::string_view body);

}  // namespace millwright::serving
