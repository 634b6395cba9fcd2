#pragma once

#include <memory>

#include "inference/onnx_runtime.h"

struct OrtAllocator;
struct OrtMemoryInfo;
struct OrtModelMetadata;
struct OrtRunOptions;
struct OrtSession;
struct OrtSessionOptions;
struct OrtTensorTypeAndShapeInfo;
struct OrtTypeInfo;
struct OrtValue;

namespace millwright::inference {

// Releases what the C API of ONNX Runtime hands out.
struct OrtRelease {
  void operator()(OrtMemoryInfo* handle) const;
  void operator()(OrtModelMetadata* handle) const;
  void operator()(OrtRunOptions* handle) const;
  void operator()(OrtSession* handle) const;
  void operator()(OrtSessionOptions* handle) const;
  void operator()(OrtTensorTypeAndShapeInfo* handle) const;
  void operator()(OrtTypeInfo* handle) const;
  void operator()(OrtValue* handle) const;
};
template <typename T>
using OrtHandle = std::unique_ptr<T, OrtRelease>;

// Throws kInternal with `what` in front of the runtime's message unless the status is a success.
inline void CheckOrt(OrtStatus* status, const char* what) {
  if (status != nullptr) ThrowOrtStatus(status, what);
}

}  // namespace millwright::inference
