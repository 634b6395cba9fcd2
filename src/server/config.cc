#include "server/config.h"

#include <cstdlib>

#include "base/file.h"
#include "base/yaml.h"

namespace millwright::server {

std::map<std::string, OptionSource> LoadConfig(const Config& given, Config* config) {
  *config = Config{};
  auto options = BindOptions(kServerOptions, *config);
  std::string file = given.config_file;
  if (file.empty()) {
    const char* named = std::getenv("MILLWRIGHT_CONFIG");
    if (named != nullptr) file = named;
  }
  auto sources =
      ApplyConfiguration(options, file.empty() ? Json() : ParseYaml(ReadFile(file)),
                         [](const char* name) -> const char* { return std::getenv(name); });

  // A flag that differs from its default was given; it wins over file and environment.
  Config flags = given;
  const auto given_options = BindOptions(kServerOptions, flags);
  Config untouched;
  const auto defaults = BindOptions(kServerOptions, untouched);
  for (size_t i = 0; i < options.size(); ++i) {
    if (given_options[i].get() == defaults[i].get()) continue;
    if (options[i].is_list) {
      config->*std::get<std::vector<std::string> Config::*>(kServerOptions[i].member) =
          given.*std::get<std::vector<std::string> Config::*>(kServerOptions[i].member);
    } else {
      options[i].set(given_options[i].get());
    }
    if (!options[i].key.empty()) sources[std::string(options[i].key)] = OptionSource::kFlag;
  }
  return sources;
}

}  // namespace millwright::server
