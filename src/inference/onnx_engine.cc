#include "inference/onnx_engine.h"

#include <onnxruntime_c_api.h>

#include <atomic>

#include "base/error.h"
#include "inference/input_contract.h"
#include "inference/onnx_handle.h"
#include "inference/onnx_signature.h"
#include "inference/onnx_value.h"
#include "inference/onnx_writer.h"
#include "inference/output_plan.h"
#include "inference/run_limit.h"

namespace millwright::inference {
namespace {

// Pointers of one run, kept by each thread so that a run does not allocate for them.
struct RunScratch {
  std::vector<const Tensor*> slots;
  std::vector<const char*> input_names;
  std::vector<OrtValue*> inputs;
  std::vector<OrtValue*> outputs;

  void ReleaseOutputs(const OrtApi& api) {
    for (OrtValue* value : outputs) {
      if (value != nullptr) api.ReleaseValue(value);
    }
    outputs.clear();
  }
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
    scratch_->ReleaseOutputs(api_);
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
    inputs_ = std::move(read.inputs);
    outputs_ = std::move(read.outputs);
    bool all_known = true;
    for (const OnnxOutput& output : outputs_) {
      output_names_.push_back(output.name.c_str());
      plans_.emplace_back(output, read.symbols);
      all_known = all_known && plans_.back().is_known();
    }
    foretells_shapes_ = all_known;
    contract_ = InputContract(signature_.inputs, std::move(read.symbols));
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
      scratch.inputs.push_back(ValueOf(i, *scratch.slots[i]));
      scratch.input_names.push_back(signature_.inputs[i].name.c_str());
    }
    if (foretells_shapes_.load(std::memory_order_relaxed)) {
      auto outputs = RunInto(&scratch);
      if (outputs) return std::move(*outputs);
      // The model's declared shapes are wrong, or it failed: the plain way tells which.
      scratch.ReleaseOutputs(api_);
    }
    scratch.outputs.assign(outputs_.size(), nullptr);
    if (OrtStatus* status = RunSession(&scratch); status != nullptr) {
      const std::string reason = api_.GetErrorMessage(status);
      api_.ReleaseStatus(status);
      const RunLimit* limit = RunLimit::OfThisThread();
      if (limit != nullptr && limit->has_passed()) {
        throw DeadlineExceeded("{}", limit->Reason());
      }
      ThrowFailure(reason);
    }
    return CopyOutputs(scratch.outputs);
  }

 private:
  OrtValue* ValueOf(size_t input, const Tensor& tensor) const {
    return inputs_[input] == OnnxKind::kSequence ? ToOrtSequence(api_, memory_.get(), tensor)
                                                 : ToOrtValue(api_, memory_.get(), tensor);
  }

  OrtStatus* RunSession(RunScratch* scratch) {
    RunLimit* limit = RunLimit::OfThisThread();
    if (limit == nullptr) return RunSession(scratch, nullptr);
    OrtRunOptions* options = nullptr;
    CheckOrt(api_.CreateRunOptions(&options), "No run options");
    const OrtHandle<OrtRunOptions> owned(options);
    limit->SetStop([api = &api_, options] {
      if (OrtStatus* status = api->RunOptionsSetTerminate(options)) api->ReleaseStatus(status);
    });
    OrtStatus* status = RunSession(scratch, options);
    limit->SetStop({});
    return status;
  }

  OrtStatus* RunSession(RunScratch* scratch, const OrtRunOptions* options) {
    return api_.Run(session_.get(), options, scratch->input_names.data(), scratch->inputs.data(),
                    scratch->inputs.size(), output_names_.data(), output_names_.size(),
                    scratch->outputs.data());
  }

  // Runs with the answer's own memory as outputs; nothing when the model refuses that.
  std::optional<std::vector<Tensor>> RunInto(RunScratch* scratch) {
    std::vector<Tensor> outputs;
    outputs.reserve(plans_.size());
    for (const OutputPlan& plan : plans_) {
      auto tensor = plan.Allocate(scratch->slots);
      if (!tensor) return std::nullopt;
      outputs.push_back(std::move(*tensor));
      scratch->outputs.push_back(ToOrtValue(api_, memory_.get(), outputs.back()));
    }
    OrtStatus* status = RunSession(scratch);
    if (status == nullptr) return outputs;
    const bool is_wrong_shape = IsShapeRefusal(api_.GetErrorMessage(status));
    api_.ReleaseStatus(status);
    if (is_wrong_shape) foretells_shapes_.store(false, std::memory_order_relaxed);
    return std::nullopt;
  }

  // What a converted encoder refuses is the caller's mistake, all else the model's.
  [[noreturn]] static void ThrowFailure(const std::string& reason) {
    const std::string node = std::string("Name:'") + kUnknownCategoryNode;
    const size_t begin = reason.find(node);
    const size_t end = begin == std::string::npos ? begin : reason.find("' Status", begin);
    if (end == std::string::npos) throw Internal("The model failed: {}", reason);
    const std::string column = reason.substr(begin + node.size(), end - begin - node.size());
    throw InvalidArgument("Input {}: a category that the model does not know", column)
        .WithField(column);
  }

  static bool IsShapeRefusal(std::string_view message) {
    return message.find("shape verification failed") != std::string_view::npos;
  }

  void CopyOutput(const OnnxOutput& output, OrtValue* value, std::vector<Tensor>* outputs) const {
    if (output.is_optional && !IsPresent(api_, value)) {
      throw Internal("Output {}: the model gave nothing", output.name);
    }
    switch (output.kind) {
      case OnnxKind::kTensor:
        outputs->push_back(FromOrtValue(api_, value, output.name));
        return;
      case OnnxKind::kSequence:
        outputs->push_back(StackTensors(api_, value, output.name));
        return;
      case OnnxKind::kMap:
        return FlattenMap(api_, value, output.name, outputs);
      case OnnxKind::kMapSequence:
        return FlattenMaps(api_, value, output.name, outputs);
    }
  }

  std::vector<Tensor> CopyOutputs(const std::vector<OrtValue*>& values) const {
    std::vector<Tensor> outputs;
    outputs.reserve(signature_.outputs.size());
    for (size_t i = 0; i < values.size(); ++i) {
      CopyOutput(outputs_[i], values[i], &outputs);
    }
    return outputs;
  }

  const OrtApi& api_;
  OrtHandle<OrtSession> session_;
  OrtHandle<OrtMemoryInfo> memory_;
  Signature signature_;
  InputContract contract_;
  std::vector<OnnxKind> inputs_;
  std::vector<OnnxOutput> outputs_;
  std::vector<OutputPlan> plans_;
  std::vector<const char*> output_names_;
  // Cleared for good once the model's own shapes turn out to be wrong.
  std::atomic<bool> foretells_shapes_ = false;
};

GraphOptimizationLevel LevelOf(OnnxOptions::Optimization optimization) {
  switch (optimization) {
    case OnnxOptions::Optimization::kNone:
      return ORT_DISABLE_ALL;
    case OnnxOptions::Optimization::kBasic:
      return ORT_ENABLE_BASIC;
    case OnnxOptions::Optimization::kExtended:
      return ORT_ENABLE_EXTENDED;
    case OnnxOptions::Optimization::kAll:
      break;
  }
  return ORT_ENABLE_ALL;
}

OrtHandle<OrtSessionOptions> MakeOptions(const OrtApi& api, const OnnxOptions& given) {
  OrtSessionOptions* raw_options = nullptr;
  CheckOrt(api.CreateSessionOptions(&raw_options), "No session options");
  OrtHandle<OrtSessionOptions> options(raw_options);
  // Callers are the threads: a pool inside of each session would fight with them for the cores, so
  // there is none unless the model asks for it.
  CheckOrt(api.SetIntraOpNumThreads(raw_options, given.intra_op_threads), "Cannot set threads");
  CheckOrt(api.SetInterOpNumThreads(raw_options, given.inter_op_threads), "Cannot set threads");
  const ExecutionMode mode = given.is_parallel ? ORT_PARALLEL : ORT_SEQUENTIAL;
  CheckOrt(api.SetSessionExecutionMode(raw_options, mode), "Cannot set the execution mode");
  CheckOrt(api.SetSessionGraphOptimizationLevel(raw_options, LevelOf(given.optimization)),
           "Cannot optimise");
  for (const auto& [key, value] : given.entries) {
    CheckOrt(api.AddSessionConfigEntry(raw_options, key.c_str(), value.c_str()),
             "Cannot configure");
  }
  CheckOrt(
      api.AddSessionConfigEntry(raw_options, "session.use_device_allocator_for_initializers", "1"),
      "Cannot configure");
  CheckOrt(api.AddSessionConfigEntry(raw_options, "session.use_env_allocators", "1"),
           "Cannot configure");
  return options;
}

}  // namespace

std::unique_ptr<Engine> LoadOnnxEngine(const std::filesystem::path& path,
                                       const OnnxOptions& given) {
  const OnnxRuntime& runtime = GetOnnxRuntime();
  const auto options = MakeOptions(*runtime.api, given);
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
