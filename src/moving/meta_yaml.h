#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace millwright::moving {

// A meta.yaml of MLflow's file store: one level of names and scalars. A text that another YAML
// reader takes for a number or a word, as the name 1e5, is given as it is written.
class MetaYaml {
 public:
  // Throws naming the file when it is absent, too large or no YAML.
  explicit MetaYaml(const std::filesystem::path& file);

  // Empty when absent or null.
  std::string Text(std::string_view key) const;
  std::optional<std::string> OptionalText(std::string_view key) const;
  std::optional<int64_t> Int(std::string_view key) const;
  const Json& json() const { return json_; }

 private:
  std::string text_;
  Json json_;
};

// Writes what MetaYaml reads, in the order of the fields; every text is quoted.
std::string ToMetaYaml(const Json& fields);

}  // namespace millwright::moving
