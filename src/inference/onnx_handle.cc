#include "inference/onnx_handle.h"

#include <onnxruntime_c_api.h>

namespace millwright::inference {

void OrtRelease::operator()(OrtMemoryInfo* handle) const {
  GetOnnxRuntime().api->ReleaseMemoryInfo(handle);
}
void OrtRelease::operator()(OrtModelMetadata* handle) const {
  GetOnnxRuntime().api->ReleaseModelMetadata(handle);
}
void OrtRelease::operator()(OrtRunOptions* handle) const {
  GetOnnxRuntime().api->ReleaseRunOptions(handle);
}
void OrtRelease::operator()(OrtSession* handle) const {
  GetOnnxRuntime().api->ReleaseSession(handle);
}
void OrtRelease::operator()(OrtSessionOptions* handle) const {
  GetOnnxRuntime().api->ReleaseSessionOptions(handle);
}
void OrtRelease::operator()(OrtTensorTypeAndShapeInfo* handle) const {
  GetOnnxRuntime().api->ReleaseTensorTypeAndShapeInfo(handle);
}
void OrtRelease::operator()(OrtTypeInfo* handle) const {
  GetOnnxRuntime().api->ReleaseTypeInfo(handle);
}
void OrtRelease::operator()(OrtValue* handle) const {
  GetOnnxRuntime().api->ReleaseValue(handle);
}

}  // namespace millwright::inference
