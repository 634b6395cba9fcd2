#include "inference/onnx_engine.h"

#include <onnxruntime_c_api.h>

#include "base/error.h"
#include "inference/input_contract.h"
#include "inference/onnx_handle.h"
#include "inference/onnx_signature.h"
#include "inference/onnx_value.h"

namespace millwright::inference {
namespace {

// Pointers of one run, kept by each thread so that a run does not allocate for them.
struct RunScratch {
  std::vector<const Tensor*> slots;
  std::vector<const char*> input_names;
  std::vector<OrtValue*> inputs;
  std::vector<OrtValue*> outputs;
};

// Releases a run's values whatever happens.
class ScratchGuard {
 public:
  ScratchGuard(const OrtApi& api, RunScratch* scratch) : api_(api), scratch_(scratch) {
    scratch_->input_names.clear();
    scratch_->inputs.clear();
    scratch_->outputs.clear();
  }
  ~ScratchGuard() {
    for (OrtValue* value : scratch_->inputs) api_.ReleaseValue(value);
    for (OrtValue* value : scratch_->outputs) {
      if (value != nullptr) api_.ReleaseValue(value);
    }
  }
  ScratchGuard(const ScratchGuard&) = delete;
  ScratchGuard& operator=(const ScratchGuard&) = delete;

 private:
  const OrtApi& api_;
  RunScratch* scratch_;
};

class OnnxEngine final : public Engine {
 public:
  explicit OnnxEngine(OrtHandle<OrtSession> session)
      : api_(*GetOnnxRuntime().api), session_(std::move(session)) {
    OnnxSignature read = ReadOnnxSignature(session_.get());
    signature_ = std::move(read.signature);
    output_names_ = std::move(read.output_names);
    contract_ = InputContract(signature_.inputs, std::move(read.symbols));
    for (const std::string& name : output_names_) output_pointers_.push_back(name.c_str());
    OrtMemoryInfo* memory = nullptr;
    CheckOrt(api_.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory),
             "No memory info");
    memory_.reset(memory);
  }

  const Signature& signature() const override { return signature_; }

  std::vector<Tensor> Run(const std::vector<Tensor>& inputs) override {
    thread_local RunScratch scratch;
    contract_.Match(inputs, &scratch.slots);
    const ScratchGuard guard(api_, &scratch);
    for (size_t i = 0; i < scratch.slots.size(); ++i) {
      if (scratch.slots[i] == nullptr) continue;
      scratch.inputs.push_back(ToOrtValue(api_, memory_.get(), *scratch.slots[i]));
      scratch.input_names.push_back(signature_.inputs[i].name.c_str());
    }
    scratch.outputs.assign(output_names_.size(), nullptr);
    CheckOrt(api_.Run(session_.get(), nullptr, scratch.input_names.data(), scratch.inputs.data(),
                      scratch.inputs.size(), output_pointers_.data(), output_pointers_.size(),
                      scratch.outputs.data()),
             "The model failed");
    return CopyOutputs(scratch.outputs);
  }

 private:
  std::vector<Tensor> CopyOutputs(const std::vector<OrtValue*>& values) const {
    std::vector<Tensor> outputs;
    outputs.reserve(signature_.outputs.size());
    for (size_t i = 0; i < values.size(); ++i) {
      ONNXType kind = ONNX_TYPE_UNKNOWN;
      CheckOrt(api_.GetValueType(values[i], &kind), "Cannot read an output's type");
      if (kind == ONNX_TYPE_TENSOR) {
        outputs.push_back(FromOrtValue(api_, values[i], output_names_[i]));
      } else {
        FlattenMaps(api_, values[i], output_names_[i], &outputs);
      }
    }
    return outputs;
  }

  const OrtApi& api_;
  OrtHandle<OrtSession> session_;
  OrtHandle<OrtMemoryInfo> memory_;
  Signature signature_;
  InputContract contract_;
  std::vector<std::string> output_names_;
  std::vector<const char*> output_pointers_;
};

OrtHandle<OrtSessionOptions> MakeOptions(const OrtApi& api) {
  OrtSessionOptions* raw_options = nullptr;
  CheckOrt(api.CreateSessionOptions(&raw_options), "No session options");
  OrtHandle<OrtSessionOptions> options(raw_options);
  // Callers are the threads: a pool inside of each session would fight with them for the cores.
  CheckOrt(api.SetIntraOpNumThreads(raw_options, 1), "Cannot set threads");
  CheckOrt(api.SetInterOpNumThreads(raw_options, 1), "Cannot set threads");
  CheckOrt(api.SetSessionGraphOptimizationLevel(raw_options, ORT_ENABLE_ALL), "Cannot optimise");
  CheckOrt(
      api.AddSessionConfigEntry(raw_options, "session.use_device_allocator_for_initializers", "1"),
      "Cannot configure");
  return options;
}

}  // namespace

std::unique_ptr<Engine> LoadOnnxEngine(const std::filesystem::path& path) {
  const OnnxRuntime& runtime = GetOnnxRuntime();
  const auto options = MakeOptions(*runtime.api);
  OrtSession* session = nullptr;
  OrtStatus* status =
      runtime.api->CreateSession(runtime.environment, path.c_str(), options.get(), &session);
  if (status != nullptr) {
    const std::string reason = runtime.api->GetErrorMessage(status);
    runtime.api->ReleaseStatus(status);
    throw InvalidArgument("The model cannot be loaded: {}: {}", path.filename().string(), reason);
  }
  return std::make_unique<OnnxEngine>(OrtHandle<OrtSession>(session));
}

}  // namespace millwright::inference
