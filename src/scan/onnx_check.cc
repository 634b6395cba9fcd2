#include "scan/onnx_check.h"

#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/protobuf_reader.h"
#include "scan/onnx_graph_check.h"

namespace millwright::scan {
namespace {

// What ONNX Runtime 1.30 reads; newer files want a newer runtime.
constexpr int64_t kIrVersionMax = 13;
constexpr int64_t kOpsetMax = 26;
constexpr int64_t kMlOpsetMax = 5;
constexpr size_t kModelBytesMax = size_t{2} << 30;  // protobuf's own limit
constexpr size_t kTextProbeBytes = 64;

constexpr std::string_view kKnownDomains[] = {"",
                                              "ai.onnx.ml",
                                              "ai.onnx.preview.training",
                                              "ai.onnx.training",
                                              "com.microsoft",
                                              "com.microsoft.nchwc",
                                              "com.microsoft.experimental",
                                              "com.ms.internal.nhwc"};

bool LooksLikeText(std::string_view bytes) {
  for (const char c : bytes.substr(0, kTextProbeBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_blank = byte == '\n' || byte == '\r' || byte == '\t';
    if (byte >= 0x7F || (byte < 0x20 && !is_blank)) return false;
  }
  return true;
}

struct Model {
  std::optional<int64_t> ir_version;
  std::optional<std::string_view> graph;
  std::vector<std::string_view> functions;
  std::map<std::string_view, int64_t> opsets;
};

void ReadOpset(std::string_view bytes, Model* model) {
  std::string_view domain;
  int64_t version = 0;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number == 1) domain = field->Bytes();
    if (field->number == 2) version = field->Int();
  }
  if (domain == "ai.onnx") domain = "";
  model->opsets[domain] = version;
}

Model ReadModel(std::string_view bytes) {
  Model model;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    switch (field->number) {
      case 1:
        model.ir_version = field->Int();
        break;
      case 7:
        // Protobuf merges a field that comes twice: a check of either part would prove nothing.
        if (model.graph) throw InvalidArgument("it holds two graphs");
        model.graph = field->Bytes();
        break;
      case 8:
        ReadOpset(field->Bytes(), &model);
        break;
      case 25:
        model.functions.push_back(field->Bytes());
        break;
      default:
        break;
    }
  }
  return model;
}

// The fields of a ModelProto.
bool IsModelField(uint32_t number) {
  return (number >= 1 && number <= 8) || number == 14 || number == 20 || number == 25 ||
         number == 26;
}

void CheckVersions(const Model& model) {
  if (!model.ir_version || !model.graph) throw InvalidArgument("it is not an ONNX model");
  if (*model.ir_version < 1 || *model.ir_version > kIrVersionMax) {
    throw InvalidArgument("IR version {} is not supported (1 to {})", *model.ir_version,
                          kIrVersionMax);
  }
  if (model.opsets.empty() && *model.ir_version >= 3) {
    throw InvalidArgument("it names no operator set");
  }
  for (const auto& [domain, version] : model.opsets) {
    const int64_t max = domain.empty() ? kOpsetMax : domain == "ai.onnx.ml" ? kMlOpsetMax : 0;
    if (version < 1 || (max > 0 && version > max)) {
      throw InvalidArgument("operator set {} version {} is not supported (1 to {})",
                            domain.empty() ? "ai.onnx" : domain, version, max);
    }
  }
}

std::string_view FunctionDomain(std::string_view function) {
  std::string_view domain;
  ProtobufReader reader(function);
  while (const auto field = reader.Next()) {
    if (field->number == 10) domain = field->Bytes();
  }
  return domain;
}

}  // namespace

OnnxFacts CheckOnnxBytes(std::string_view bytes, const std::filesystem::path& folder) {
  if (bytes.empty()) throw InvalidArgument("the file is empty");
  if (bytes.starts_with("version https://git-lfs")) {
    throw InvalidArgument("it is a Git LFS pointer, not the model: run `git lfs pull`");
  }
  if (LooksLikeText(bytes)) throw InvalidArgument("it is text, not an ONNX model");
  if (bytes.size() > kModelBytesMax) throw InvalidArgument("it is larger than 2 GiB");
  const Model model = ReadModel(bytes);
  CheckVersions(model);
  std::set<std::string_view> domains(std::begin(kKnownDomains), std::end(kKnownDomains));
  for (const std::string_view function : model.functions) domains.insert(FunctionDomain(function));
  OnnxGraphChecker checker(folder, domains);
  for (const std::string_view function : model.functions) checker.CheckFunction(function);
  checker.CheckGraph(*model.graph);
  return checker.facts();
}

bool IsOnnx(std::string_view bytes) {
  constexpr std::string_view kIrVersionMark = "\x08";  // field 1, a number: every writer's first
  if (!bytes.starts_with(kIrVersionMark)) return false;
  bool has_opset = false, has_graph = false;
  try {
    ProtobufReader reader(bytes);
    while (const auto field = reader.Next()) {
      if (!IsModelField(field->number)) return false;
      has_opset = has_opset || field->number == 8;
      has_graph = has_graph || field->number == 7;
    }
  } catch (const Error&) {
    return false;
  }
  return has_opset && has_graph;
}

OnnxFacts CheckOnnxFile(const std::filesystem::path& path) {
  const MappedFile file(path);
  try {
    return CheckOnnxBytes(file.bytes(), path.parent_path());
  } catch (const Error& error) {
    throw InvalidArgument("The model is refused: {}: {}", path.filename().string(),
                          error.message());
  }
}

}  // namespace millwright::scan
