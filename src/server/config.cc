#include "server/config.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/file.h"
#include "base/yaml.h"

namespace millwright::server {

std::map<std::string, OptionSource> LoadConfig(const std::string& config_file,
                                               const GivenFlags& flags, Config* config) {
  *config = Config{};
  auto options = BindOptions(kServerOptions, *config);
  std::string file = config_file;
  if (const char* named = std::getenv("MILLWRIGHT_CONFIG"); file.empty() && named != nullptr)
    file = named;
  auto sources =
      ApplyConfiguration(options, file.empty() ? Json() : ParseYaml(ReadFile(file)),
                         [](const char* name) -> const char* { return std::getenv(name); });
  std::set<std::string_view> cleared;  // a list given by flags replaces the one of the file
  for (const auto& [flag, value] : flags) {
    const auto option = std::find_if(options.begin(), options.end(),
                                     [&](const auto& row) { return row.flag == flag; });
    if (option == options.end()) continue;
    if (option->is_list && cleared.insert(option->flag).second) option->clear();
    option->set(value);
    if (!option->key.empty()) sources[std::string(option->key)] = OptionSource::kFlag;
  }
  return sources;
}

}  // namespace millwright::server
