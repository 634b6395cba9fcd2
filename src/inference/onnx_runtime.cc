#include "inference/onnx_runtime.h"

#include <onnxruntime_c_api.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/shared_library.h"

namespace millwright::inference {
namespace {

constexpr uint32_t kOrtApiVersion = 21;
constexpr size_t kExtendAsRequested = 1;  // not in powers of two
constexpr char kLibraryName[] = "libonnxruntime.so.1";

std::vector<std::string> Candidates() {
  const char* chosen = std::getenv("MILLWRIGHT_ORT_LIBRARY");
  if (chosen != nullptr && *chosen != '\0') return {chosen};
  const auto folder = ThisObject().parent_path();
  return {(folder / kLibraryName).string(),
          (folder / "../lib/millwright" / kLibraryName).string(),  // where `make install` puts it
          MILLWRIGHT_ORT_FETCHED, kLibraryName};
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

// Memory that all sessions' intermediate tensors may take together: a model that computes an absurd
// shape at run time then fails its run instead of taking the machine down.
size_t ArenaBytesMax() {
  const auto pages = static_cast<size_t>(sysconf(_SC_PHYS_PAGES));
  return pages / 2 * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Gives the environment one arena for all sessions, with a limit.
OrtStatus* ShareArena(const OrtApi& api, OrtEnv* environment) {
  OrtArenaCfg* config = nullptr;
  OrtMemoryInfo* memory = nullptr;
  const char* const keys[] = {"max_mem", "arena_extend_strategy"};
  const size_t values[] = {ArenaBytesMax(), kExtendAsRequested};
  OrtStatus* status = api.CreateArenaCfgV2(keys, values, std::size(keys), &config);
  if (status == nullptr) {
    status = api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory);
  }
  if (status == nullptr) status = api.CreateAndRegisterAllocator(environment, memory, config);
  if (memory != nullptr) api.ReleaseMemoryInfo(memory);
  if (config != nullptr) api.ReleaseArenaCfg(config);
  return status;
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
  if (status == nullptr) status = ShareArena(*runtime.api, runtime.environment);
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
