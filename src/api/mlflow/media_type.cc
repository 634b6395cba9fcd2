#include "api/mlflow/media_type.h"

namespace millwright::api::mlflow {
namespace {

struct MediaRow {
  std::string_view extension;
  std::string_view type;
};

constexpr std::string_view kText = "text/plain";

constexpr MediaRow kTypes[] = {
    {"txt", kText},
    {"log", kText},
    {"err", kText},
    {"cfg", kText},
    {"conf", kText},
    {"ini", kText},
    {"properties", kText},
    {"toml", kText},
    {"yaml", kText},
    {"yml", kText},
    {"xml", kText},
    {"json", kText},
    {"jsonl", kText},
    {"js", kText},
    {"py", kText},
    {"csv", kText},
    {"tsv", kText},
    {"md", kText},
    {"rst", kText},
    {"patch", kText},
    {"html", "text/html"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"svg", "image/svg+xml"},
    {"webp", "image/webp"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"parquet", "application/vnd.apache.parquet"},
};

}  // namespace

std::string_view MediaTypeOf(std::string_view file_name) {
  if (file_name == "MLmodel" || file_name == "MLproject") return kText;
  const size_t dot = file_name.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  const std::string_view extension = file_name.substr(dot + 1);
  for (const auto& row : kTypes) {
    if (row.extension == extension) return row.type;
  }
  return "application/octet-stream";
}

}  // namespace millwright::api::mlflow
