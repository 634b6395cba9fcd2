#include "moving/meta_yaml.h"

#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"

namespace millwright::moving {
namespace {

// A dataset's profile and schema, of at most 16 MB each in MLflow, are the largest things in one.
constexpr uintmax_t kMetaBytesMax = 64 << 20;

}  // namespace

MetaYaml::MetaYaml(const std::filesystem::path& file) {
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(file, error);
  if (error) throw NotFound("file", file.string());
  if (bytes > kMetaBytesMax) {
    throw InvalidArgument("{} has {} bytes, more than any meta.yaml", file.string(), bytes);
  }
  text_ = ReadFile(file);
  json_ = ParseYaml(text_);
  if (!json_.is_object()) throw InvalidArgument("{} holds no names and values", file.string());
}

std::optional<std::string> MetaYaml::OptionalText(std::string_view key) const {
  const Json* value = json_.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_string()) return value->AsString();
  // Taken for a number or a word: the text as it stands on its line.
  const std::string name = std::string(key) + ": ";
  size_t from = 0;
  while (from < text_.size()) {
    const size_t end = std::min(text_.find('\n', from), text_.size());
    const std::string_view line(text_.data() + from, end - from);
    if (line.starts_with(name)) return std::string(line.substr(name.size()));
    from = end + 1;
  }
  return value->Dump();
}

std::string MetaYaml::Text(std::string_view key) const {
  return OptionalText(key).value_or("");
}

std::optional<int64_t> MetaYaml::Int(std::string_view key) const {
  const Json* value = json_.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->AsInt(key);
}

std::string ToMetaYaml(const Json& fields) {
  std::string text;
  // JSON's literals are YAML's as well, in one line each.
  for (const auto& [key, value] : fields.AsObject()) text += key + ": " + value.Dump() + "\n";
  return text;
}

}  // namespace millwright::moving
