#include "inference/onnx_runtime.h"

#include <onnxruntime_c_api.h>

#include <cstdlib>
#include <mutex>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "inference/shared_library.h"

namespace millwright::inference {
namespace {

constexpr uint32_t kOrtApiVersion = 21;
constexpr char kLibraryName[] = "libonnxruntime.so.1";

std::vector<std::string> Candidates() {
  const char* chosen = std::getenv("MILLWRIGHT_ORT_LIBRARY");
  if (chosen != nullptr && *chosen != '\0') return {chosen};
  return {(ThisProgram().parent_path() / kLibraryName).string(), MILLWRIGHT_ORT_FETCHED,
          kLibraryName};
}

// ONNX Runtime's official builds report model names and graphs unless this is set before the
// library starts up.
void ForbidTelemetry() {
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
}

void ForwardLog(void*, OrtLoggingLevel severity, const char* category, const char*,
                const char* location, const char* message) {
  // Errors of a session or a run reach the caller as an Error with the same text; a client must not
  // be able to fill the log with them.
  const LogLevel level = severity == ORT_LOGGING_LEVEL_FATAL ? LogLevel::kError : LogLevel::kDebug;
  Log(level, "inference", message,
      {{"runtime", "onnxruntime"}, {"category", category}, {"at", location}});
}

OnnxRuntime Open() {
  ForbidTelemetry();
  const SharedLibrary library(
      "ONNX Runtime", Candidates(),
      "set MILLWRIGHT_ORT_LIBRARY or put libonnxruntime.so.1 beside the program");
  const auto get_base = reinterpret_cast<const OrtApiBase* (*)()>(library.Symbol("OrtGetApiBase"));
  const OrtApiBase* base = get_base();
  OnnxRuntime runtime;
  runtime.version = base->GetVersionString();
  runtime.library_path = library.path();
  runtime.api = base->GetApi(kOrtApiVersion);
  if (runtime.api == nullptr) {
    throw Unavailable("ONNX Runtime is older than 1.{}: {} is {}", kOrtApiVersion, library.path(),
                      runtime.version);
  }
  OrtStatus* status = runtime.api->CreateEnvWithCustomLogger(
      ForwardLog, nullptr, ORT_LOGGING_LEVEL_WARNING, "millwright", &runtime.environment);
  if (status == nullptr) status = runtime.api->DisableTelemetryEvents(runtime.environment);
  if (status != nullptr) {
    const std::string message = runtime.api->GetErrorMessage(status);
    runtime.api->ReleaseStatus(status);
    throw Unavailable("ONNX Runtime does not start: {}", message);
  }
  return runtime;
}

}  // namespace

const OnnxRuntime& GetOnnxRuntime() {
  // Never destroyed: sessions in other static objects may end after any order we could choose.
  static std::mutex mutex;
  static OnnxRuntime* runtime = nullptr;
  std::lock_guard lock(mutex);
  if (runtime == nullptr) runtime = new OnnxRuntime(Open());
  return *runtime;
}

void ThrowOrtStatus(OrtStatus* status, const std::string& what) {
  const OrtApi* api = GetOnnxRuntime().api;
  const std::string message = api->GetErrorMessage(status);
  api->ReleaseStatus(status);
  throw Internal("{}: {}", what, message);
}

}  // namespace millwright::inference
