// What a file's name says it is.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/yaml.h"
#include "scan/onnx_check.h"
#include "scan/scanner.h"

namespace millwright::scan {
namespace {

constexpr size_t kTextBytesMax = size_t{16} << 20;  // of a document or configuration that is read
constexpr int kJsonDepthOfKeras = 64;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

// Tells whether text, in lower case, holds what a browser would run.
bool HoldsScript(std::string_view text) {
  for (const char* mark : {"<script", "javascript:", "<iframe", "<object", "<embed",
                           "<foreignobject", "data:text/html"}) {
    if (text.find(mark) != std::string_view::npos) return true;
  }
  // An attribute such as onload= within a tag.
  for (size_t at = text.find(" on"); at != std::string_view::npos; at = text.find(" on", at + 1)) {
    size_t end = at + 3;
    while (end < text.size() && text[end] >= 'a' && text[end] <= 'z') ++end;
    if (end - at > 5 && end < text.size() && text[end] == '=') return true;
  }
  return false;
}

bool IsKerasModule(std::string_view module) {
  for (const std::string_view known : {"keras", "tf_keras", "tensorflow"}) {
    if (module == known || (module.starts_with(known) && module[known.size()] == '.')) return true;
  }
  return module == "builtins";
}

void ScanKerasValue(const Json& value, int depth, const Part& part, Scanner* scanner) {
  if (depth > kJsonDepthOfKeras) return;
  if (value.is_array()) {
    for (const Json& item : value.AsArray()) ScanKerasValue(item, depth + 1, part, scanner);
  }
  if (!value.is_object()) return;
  const Json* class_name = value.Find("class_name");
  const Json* module = value.Find("module");
  if (class_name != nullptr && class_name->is_string()) {
    if (class_name->AsString() == "Lambda" || class_name->AsString() == "__lambda__") {
      scanner->Say(Severity::kHigh, "keras.lambda", part.place,
                   "holds a Lambda layer, which is Python code");
    }
    if (module != nullptr && module->is_string() && !IsKerasModule(module->AsString())) {
      scanner->Say(Severity::kHigh, "keras.module", part.place,
                   fmt::format("names {}.{}, which is not of Keras", module->AsString(),
                               class_name->AsString()));
    }
  }
  for (const auto& [key, item] : value.AsObject()) ScanKerasValue(item, depth + 1, part, scanner);
}

}  // namespace

void ScanOnnx(const Part& part, Scanner* scanner) {
  try {
    CheckOnnxBytes(part.bytes, part.folder);
  } catch (const Error& error) {
    const bool reaches_out = error.message().find("outside of") != std::string::npos;
    scanner->Say(reaches_out ? Severity::kCritical : Severity::kHigh, "onnx.structure", part.place,
                 "is no sound ONNX model: " + error.message());
  }
}

void ScanKeras(const Part& part, Scanner* scanner) {
  // Keras 2 keeps the configuration as text inside of HDF5.
  if (part.bytes.starts_with("\x89HDF")) {
    for (const char* mark : {"\"class_name\": \"Lambda\"", "\"class_name\":\"Lambda\""}) {
      if (part.bytes.find(mark) == std::string_view::npos) continue;
      scanner->Say(Severity::kHigh, "keras.lambda", part.place,
                   "holds a Lambda layer, which is Python code");
    }
    return;
  }
  if (part.name != "config.json" || part.bytes.size() > kTextBytesMax) return;
  try {
    ScanKerasValue(ParseJson(part.bytes), 0, part, scanner);
  } catch (const Error& error) {
    scanner->Say(Severity::kLow, "config.unreadable", part.place,
                 "is no readable JSON: " + error.message());
  }
}

void ScanSavedModel(const Part& part, Scanner* scanner) {
  // A node's operator is field 2, a text with its length in front.
  for (const std::string_view op :
       {"ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "EagerPyFunc", "PyFuncStateless"}) {
    const std::string field =
        "\x12" + std::string(1, static_cast<char>(op.size())) + std::string(op);
    if (part.bytes.find(field) == std::string_view::npos) continue;
    scanner->Say(Severity::kHigh, "tensorflow.operator", part.place,
                 fmt::format("holds the operator {}, which reaches files or Python", op));
  }
}

void ScanMlmodel(const Part& part, Scanner* scanner) {
  if (part.bytes.size() > kTextBytesMax) {
    scanner->Say(Severity::kHigh, "mlmodel.unreadable", part.place, "is too large");
    return;
  }
  if (HoldsScript(Lower(part.bytes))) {
    scanner->Say(Severity::kMedium, "document.script", part.place,
                 "holds what a browser would run if it were shown as a page");
  }
  try {
    const Json mlmodel = ParseYaml(part.bytes);
    const Json* flavors = mlmodel.Find("flavors");
    const Json* pyfunc = flavors == nullptr ? nullptr : flavors->Find("python_function");
    if (pyfunc == nullptr || !pyfunc->is_object()) return;
    const Json* loader = pyfunc->Find("loader_module");
    if (loader != nullptr && loader->is_string() && !loader->AsString().starts_with("mlflow.")) {
      scanner->Say(
          Severity::kMedium, "mlmodel.loader", part.place,
          fmt::format("is loaded by the module {}, which is imported by name", loader->AsString()));
    }
    const Json* code = pyfunc->Find("code");
    if (code != nullptr && code->is_string()) {
      scanner->Say(Severity::kLow, "mlmodel.code", part.place, "brings Python code of its own");
    }
  } catch (const Error& error) {
    scanner->Say(Severity::kMedium, "mlmodel.unreadable", part.place,
                 "is no readable MLmodel: " + error.message());
  }
}

void ScanDocument(const Part& part, Scanner* scanner) {
  if (part.bytes.size() > kTextBytesMax || HoldsScript(Lower(part.bytes))) {
    scanner->Say(Severity::kMedium, "document.script", part.place,
                 "holds what a browser would run");
  }
}

}  // namespace millwright::scan
