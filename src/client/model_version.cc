#include "client/model_version.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "client/client.h"

namespace millwright::client {
namespace {

constexpr std::string_view kScheme = "models:/";
constexpr std::string_view kProxy = "/api/2.0/mlflow-artifacts/artifacts/";
constexpr std::string_view kProxiedScheme = "mlflow-artifacts:";
constexpr const char* kPageSize = "1000";
constexpr int kFoldersDeepMax = 32;

void DownloadFolder(Client& client, const std::string& root, const std::string& path,
                    const std::filesystem::path& target, int depth) {
  if (depth > kFoldersDeepMax) throw InvalidArgument("The model's folders are nested too deep");
  std::string token;
  do {
    Query query = {{"path", path.empty() ? root : root + "/" + path}, {"max_results", kPageSize}};
    if (!token.empty()) query.emplace_back("page_token", token);
    const Json page = client.Get("/api/2.0/mlflow-artifacts/artifacts", query);
    token = page.GetString("next_page_token");
    const Json* files = page.Find("files");
    if (files == nullptr) continue;
    for (const Json& file : files->AsArray()) {
      const std::string name = file.GetString("path");
      const std::string below = path.empty() ? name : path + "/" + name;
      if (file.GetBool("is_dir")) {
        DownloadFolder(client, root, below, target, depth + 1);
      } else {
        DownloadArtifact(client, root, below, ConfinedPath(target, below));
      }
    }
  } while (!token.empty());
}

}  // namespace

bool IsModelUri(const std::string& text) {
  return text.starts_with(kScheme);
}

ModelUri ParseModelUri(std::string_view uri) {
  std::string_view text = uri;
  text.remove_prefix(kScheme.size());
  size_t at = text.rfind('@');
  const bool is_alias = at != std::string_view::npos;
  if (!is_alias) at = text.rfind('/');
  if (at == std::string_view::npos) return {std::string(text), "", ""};
  const std::string rest(text.substr(at + 1));
  if (at == 0 || rest.empty()) {
    throw InvalidArgument("Write models:/NAME/VERSION or models:/NAME@ALIAS, not \"{}\"", uri);
  }
  ModelUri parsed{.name = std::string(text.substr(0, at)), .version = "", .alias = ""};
  (is_alias ? parsed.alias : parsed.version) = rest;
  return parsed;
}

std::string PinModelUri(Client& client, const std::string& uri) {
  const ModelUri parsed = ParseModelUri(uri);
  const auto& [name, number, alias] = parsed;
  const std::string& version = alias.empty() ? number : alias;
  if (version.empty()) {
    throw InvalidArgument("{} names no version; say models:/{}/1 or models:/{}@champion", uri, name,
                          name);
  }
  return fmt::format("{}{}/{}", kScheme, name, ResolveModelVersion(client, name, version));
}

std::string ResolveModelVersion(Client& client, const std::string& model, const std::string& name) {
  if (name.find_first_not_of("0123456789") == std::string::npos) return name;
  return client.MlflowGet("registered-models/alias", {{"name", model}, {"alias", name}})
      .At("model_version")
      .GetString("version");
}

void DownloadArtifact(Client& client, const std::string& folder, const std::string& path,
                      const std::filesystem::path& target) {
  client.Download(
      std::string(kProxy) + fetch::PercentEncode(folder + "/" + path, fetch::Slashes::kKeep),
      target);
}

void DownloadModel(Client& client, const std::string& pinned, const std::filesystem::path& folder) {
  const auto [name, version, alias] = ParseModelUri(pinned);
  std::string root =
      client.MlflowGet("model-versions/get-download-uri", {{"name", name}, {"version", version}})
          .GetString("artifact_uri");
  if (!root.starts_with(kProxiedScheme)) {
    throw FailedPrecondition("The files of {} are not kept by the server, but at {}", pinned, root);
  }
  root.erase(0, kProxiedScheme.size());
  root.erase(0, std::min(root.find_first_not_of('/'), root.size()));
  DownloadFolder(client, root, "", folder, 0);
}

}  // namespace millwright::client
