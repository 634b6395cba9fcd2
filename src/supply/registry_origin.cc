#include "supply/registry_origin.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"

namespace millwright::supply {
namespace {

constexpr int64_t kCallMsMax = 10'000;
constexpr int64_t kStallMsMax = 20'000;
constexpr const char* kPageSize = "1000";
constexpr size_t kVersionsMax = 100'000;

std::map<std::string, std::string> AliasesOf(const Json& model) {
  std::map<std::string, std::string> aliases;
  const Json* list = model.Find("aliases");
  if (list == nullptr || !list->is_array()) return aliases;
  for (const Json& one : list->AsArray()) {
    aliases[one.GetString("alias")] = one.GetString("version");
  }
  return aliases;
}

// A filter's text in quotes of MLflow's search language, which has no escape for them.
std::string NameFilter(const std::string& name) {
  const char quote = name.find('\'') == std::string::npos ? '\'' : '"';
  return fmt::format("name={0}{1}{0}", quote, name);
}

}  // namespace

RegistryOrigin::RegistryOrigin(const std::string& uri, const std::string& server,
                               const std::stop_token& stop)
    : uri_(uri),
      model_(client::ParseModelUri(uri)),
      client_(server,
              {.call_timeout_ms = kCallMsMax, .stall_timeout_ms = kStallMsMax, .stop = stop}) {}

std::string RegistryOrigin::DigestOfVersion(const Json& version) const {
  // A model that was deleted and registered again counts its versions from 1.
  const Json* created = version.Find("creation_timestamp");
  return Sha256Hex(Json::Of({{"server", client_.uri()},
                             {"name", model_.name},
                             {"version", version.GetString("version")},
                             {"created", created == nullptr ? Json() : *created},
                             {"run_id", version.GetString("run_id")},
                             {"source", version.GetString("source")}})
                       .Dump());
}

std::vector<Json> RegistryOrigin::AllVersions() {
  std::vector<Json> versions;
  std::string token;
  do {
    client::Query query{{"filter", NameFilter(model_.name)}, {"max_results", kPageSize}};
    if (!token.empty()) query.emplace_back("page_token", token);
    const Json page = client_.MlflowGet("model-versions/search", query);
    if (const Json* found = page.Find("model_versions"); found != nullptr) {
      for (const Json& one : found->AsArray()) {
        if (one.GetString("status", "READY") == "READY") versions.push_back(one);
      }
    }
    token = page.GetString("next_page_token");
    if (versions.size() > kVersionsMax) {
      throw ResourceExhausted("Model {} has more than {} versions", model_.name, kVersionsMax);
    }
  } while (!token.empty());
  std::sort(versions.begin(), versions.end(), [](const Json& a, const Json& b) {
    return std::stoll(a.GetString("version")) < std::stoll(b.GetString("version"));
  });
  return versions;
}

std::vector<Json> RegistryOrigin::Chosen(const Json& model, const VersionPolicy& policy) {
  std::string version = model_.version;
  if (!model_.alias.empty()) {
    const auto aliases = AliasesOf(model);
    const auto found = aliases.find(model_.alias);
    if (found == aliases.end()) throw NotFound("Alias", uri_);
    version = found->second;
  }
  if (!version.empty()) {
    return {client_.MlflowGet("model-versions/get", {{"name", model_.name}, {"version", version}})
                .At("model_version")};
  }
  std::vector<Json> all = AllVersions();
  std::vector<std::string> names;
  for (const Json& one : all) names.push_back(one.GetString("version"));
  const std::vector<std::string> chosen = policy.Choose(names);
  std::erase_if(all, [&](const Json& one) {
    return std::find(chosen.begin(), chosen.end(), one.GetString("version")) == chosen.end();
  });
  return all;
}

Offer RegistryOrigin::Look(const VersionPolicy& policy) {
  const Json model =
      client_.MlflowGet("registered-models/get", {{"name", model_.name}}).At("registered_model");
  Offer offer;
  for (const Json& version : Chosen(model, policy)) {
    offer.versions.push_back({version.GetString("version"), DigestOfVersion(version)});
  }
  offer.labels = AliasesOf(model);
  return offer;
}

void RegistryOrigin::Fetch(const OfferedVersion& version, const std::filesystem::path& folder) {
  client::DownloadModel(client_, fmt::format("models:/{}/{}", model_.name, version.version),
                        folder);
}

}  // namespace millwright::supply
