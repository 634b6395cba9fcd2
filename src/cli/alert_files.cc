#include "cli/alert_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "alerts/alert_store.h"
#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"

namespace millwright::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFilesMax = 1'000;

struct SecretField {
  const char* kind;
  const char* file;
  const char* field;
};
constexpr SecretField kSecretFields[] = {{"webhook", "secret_file", "secret"},
                                         {"slack", "url_file", "url"},
                                         {"email", "password_file", "password"},
                                         {"alertmanager", "token_file", "token"}};

bool IsYaml(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

std::vector<fs::path> FilesOf(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& given : paths) {
    if (!fs::is_directory(given)) {
      files.emplace_back(given);
      continue;
    }
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(given))
      if (entry.is_regular_file() && IsYaml(entry.path())) found.push_back(entry.path());
    if (found.empty()) throw NotFound("YAML file of alerts in the folder", given);
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  if (files.size() > kFilesMax)
    throw ResourceExhausted("At most {} files of alerts are read at a time", kFilesMax);
  return files;
}

// Reads in what the receivers' fields *_file name, beside the file itself. A secret that cannot be
// read is one of the things that are wrong.
void ReadSecrets(const fs::path& file, Json* document,
                 std::vector<alerts::AlertConfig::Problem>* problems) {
  Json* receivers = nullptr;
  if (!document->is_object()) return;
  for (auto& [name, value] : document->AsObject())
    if (name == "receivers" && value.is_array()) receivers = &value;
  if (receivers == nullptr) return;
  for (size_t i = 0; i < receivers->AsArray().size(); ++i) {
    Json& receiver = receivers->AsArray()[i];
    if (!receiver.is_object()) continue;
    for (auto& [kind, settings] : receiver.AsObject()) {
      for (const SecretField& row : kSecretFields) {
        const Json* named = kind == row.kind ? settings.Find(row.file) : nullptr;
        if (named == nullptr || !named->is_string()) continue;
        const std::string path = fmt::format("receivers[{}].{}.{}", i, kind, row.file);
        try {
          std::string secret = ReadFile(file.parent_path() / named->AsString());
          while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
          if (secret.empty()) throw InvalidArgument("the file is empty");
          std::erase_if(settings.AsObject(),
                        [&](const auto& field) { return field.first == row.file; });
          settings.Set(row.field, secret);
        } catch (const Error& error) {
          problems->push_back({path, error.message()});
        }
      }
    }
  }
}

}  // namespace

AlertFiles ReadAlertFiles(const std::vector<std::string>& paths) {
  AlertFiles all;
  Json rules = Json::MakeArray(), receivers = Json::MakeArray(), inhibit = Json::MakeArray();
  Json routes;
  std::map<std::string, std::string> seen;  // what has a name: the file that has it
  std::string wrong;
  for (const fs::path& file : FilesOf(paths)) {
    all.files.push_back(file.string());
    YamlLines lines;
    Json document;
    const auto refuse = [&](const std::string& path, const std::string& what) {
      wrong += fmt::format("{}{}:{}: {}{}{}", wrong.empty() ? "" : "\n", file.string(),
                           LineOf(lines, path), path, path.empty() ? "" : ": ", what);
    };
    try {
      document = ParseYaml(ReadFile(file), &lines);
    } catch (const Error& error) {
      wrong += fmt::format("{}{}: {}", wrong.empty() ? "" : "\n", file.string(), error.message());
      continue;
    }
    if (document.is_null()) document = Json::MakeObject();
    std::vector<alerts::AlertConfig::Problem> problems;
    ReadSecrets(file, &document, &problems);
    if (problems.empty()) alerts::AlertConfig::FromJson(document, &problems);
    for (const auto& [path, what] : problems) refuse(path, what);
    if (!problems.empty()) continue;
    const auto take = [&](const char* section, Json* list) {
      const Json* given = document.Find(section);
      if (given == nullptr || given->is_null()) return;
      const Json::Array& array = given->AsArray(section);
      for (size_t i = 0; i < array.size(); ++i) {
        const std::string name = array[i].GetString("name");
        const auto [first, is_new] =
            seen.try_emplace(fmt::format("{} {}", section, name), file.string());
        if (!is_new && !name.empty())
          refuse(fmt::format("{}[{}].name", section, i),
                 fmt::format("{} is in {} already", name, first->second));
        list->Append(array[i]);
      }
    };
    take("rules", &rules);
    take("receivers", &receivers);
    if (const Json* given = document.Find("inhibit"); given != nullptr && given->is_array())
      for (const Json& one : given->AsArray()) inhibit.Append(one);
    if (const Json* given = document.Find("routes"); given != nullptr && !given->is_null()) {
      if (all.routes) refuse("routes", "routes stand in one file");
      routes = *given;
      all.routes = true;
    }
  }
  if (!wrong.empty()) throw InvalidArgument("{}", wrong);
  all.rules = rules.AsArray().size();
  all.receivers = receivers.AsArray().size();
  all.document = Json::Of({{"rules", rules}, {"receivers", receivers}});
  if (all.routes) all.document.Set("routes", routes);
  if (!inhibit.AsArray().empty()) {
    if (!all.routes)
      throw InvalidArgument("inhibit stands beside routes, which none of these files has");
    all.document.Set("inhibit", inhibit);
  }
  return all;
}

}  // namespace millwright::cli
