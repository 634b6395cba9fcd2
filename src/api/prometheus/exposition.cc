#include "api/prometheus/exposition.h"

#include <charconv>
#include <cmath>

namespace millwright::api::prometheus {
namespace {

std::string_view TypeName(Type type) {
  switch (type) {
    case Type::kCounter:
      return "counter";
    case Type::kGauge:
      return "gauge";
    case Type::kHistogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace

void AppendHead(std::string_view name, std::string_view help, Type type, std::string* out) {
  out->append("# HELP ").append(name).append(" ").append(help);
  out->append("\n# TYPE ").append(name).append(" ").append(TypeName(type)).append("\n");
}

void AppendLabel(std::string_view name, std::string_view value, std::string* labels) {
  if (!labels->empty()) labels->push_back(',');
  labels->append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') labels->push_back('\\');
    if (c == '\n') {
      labels->append("\\n");
    } else {
      labels->push_back(c);
    }
  }
  labels->push_back('"');
}

void AppendSample(std::string_view name, std::string_view labels, double value, std::string* out) {
  out->append(name);
  if (!labels.empty()) out->append("{").append(labels).append("}");
  out->push_back(' ');
  AppendNumber(value, out);
  out->push_back('\n');
}

void AppendNumber(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
  } else if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
  } else {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    out->append(text, static_cast<size_t>(end - text));
  }
}

}  // namespace millwright::api::prometheus
