#pragma once

#include <memory>
#include <string>

struct OrtApi;
struct OrtEnv;
struct OrtStatus;

namespace millwright::inference {

// ONNX Runtime as this process has loaded it. Only the sources that drive it see its own header.
struct OnnxRuntime {
  const OrtApi* api = nullptr;
  OrtEnv* environment = nullptr;
  std::string library_path;
  std::string version;  // "1.30.0"
};

// Opens the library at the first call: MILLWRIGHT_ORT_LIBRARY alone when it is set, else
// libonnxruntime.so.1 beside the program, where the build fetched it, or the system's. Its
// telemetry is switched off before the library is mapped and again before any session exists; its
// log goes to ours. Throws kUnavailable when no library is found or it is older than 1.21; a later
// call tries again. Thread-safe.
const OnnxRuntime& GetOnnxRuntime();

// Takes the status over and throws it: kInternal with `what` in front of the runtime's message.
[[noreturn]] void ThrowOrtStatus(OrtStatus* status, const std::string& what);

}  // namespace millwright::inference
