#include "api/intake/handlers.h"

#include "api/intake/body.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "registry/intake.h"
#include "tracking/experiment_store.h"
#include "tracking/intake.h"

namespace millwright::api::intake {
namespace {

constexpr size_t kRunsMax = 1000;
constexpr size_t kVersionsMax = 100;   // their files are scanned before the answer
constexpr size_t kFilesMax = 200'000;  // of one listing

http::Response Answer(const Json& json) {
  return http::Response::JsonText(200, json.Dump());
}

const Json::Array& Listed(const Json& body, std::string_view key, size_t max) {
  const auto& list = body.At(key).AsArray(key);
  if (list.size() > max) {
    throw InvalidArgument("{} has {} items; at most {} go in one request", key, list.size(), max)
        .WithField(std::string(key));
  }
  return list;
}

Json HeldJson(const std::vector<registry::Held>& versions) {
  Json list = Json::MakeArray();
  for (const auto& [version, reason] : versions)
    list.Append(Json::Of({{"version", version}, {"reason", reason}}));
  return list;
}

// Adds the files below a folder, with paths from `root` on.
void AddFiles(const artifacts::Artifacts& store, const std::string& root, const std::string& folder,
              Json* files) {
  for (const auto& entry : store.List(artifacts::JoinPath(root, folder))) {
    const std::string path = artifacts::JoinPath(folder, entry.path);
    if (entry.is_folder) {
      AddFiles(store, root, path, files);
      continue;
    }
    if (files->AsArray().size() >= kFilesMax) {
      throw ResourceExhausted("{} has more than {} files", root, kFilesMax);
    }
    const auto checksum = store.FindChecksum(artifacts::JoinPath(root, path));
    files->Append(Json::Of({{"path", path},
                            {"bytes", static_cast<int64_t>(entry.bytes)},
                            {"sha256", checksum ? Json(checksum->sha256) : Json()}}));
  }
}

}  // namespace

http::Response TakeExperiment(Context& context, const http::Request& request) {
  const auto given = ReadExperiment(ParseJson(request.body));
  const auto id = context.tracking_intake.Take(given, request.principal);
  const auto there = context.experiments.Get(id);
  return Answer(Json::Of({{"experiment_id", id.str()},
                          {"artifact_location", there.artifact_location},
                          {"lifecycle_stage", tracking::LifecycleName(there.lifecycle)}}));
}

http::Response TakeRuns(Context& context, const http::Request& request) {
  const Json body = ParseJson(request.body);
  std::vector<tracking::Run> runs;
  for (const auto& item : Listed(body, "runs", kRunsMax)) runs.push_back(ReadRun(item));
  context.tracking_intake.Take(runs, request.principal);
  return Answer(Json::Of({{"runs", runs.size()}}));
}

http::Response TakeLoggedModel(Context& context, const http::Request& request) {
  const auto model = ReadLoggedModel(ParseJson(request.body));
  context.tracking_intake.Take(model, request.principal);
  return Answer(Json::Of({{"model_id", model.id.str()}}));
}

http::Response TakeModel(Context& context, const http::Request& request) {
  const Json body = ParseJson(request.body);
  const auto model = ReadModel(body.At("model"));
  std::vector<registry::ModelVersion> versions;
  for (const auto& item : Listed(body, "versions", kVersionsMax)) {
    versions.push_back(ReadVersion(item));
    versions.back().name = model.name;
  }
  std::vector<int64_t> deleted;
  if (body.Has("deleted_versions")) {
    for (const auto& item : Listed(body, "deleted_versions", kVersionsMax)) {
      deleted.push_back(item.AsInt("deleted_versions"));
      if (deleted.back() < 1)
        throw InvalidArgument("A version has a number from 1").WithField("deleted_versions");
    }
  }
  const auto taken = context.registry_intake.Take(model, versions, deleted, request.principal);
  return Answer(Json::Of({{"name", model.name.str()},
                          {"versions", versions.size() - taken.refused.size()},
                          {"refused", HeldJson(taken.refused)},
                          {"quarantined", HeldJson(taken.quarantined)}}));
}

http::Response ListFiles(Context& context, const http::Request& request) {
  const std::string folder(request.Query("folder").value_or(""));
  if (folder.empty()) throw InvalidArgument("Missing field: folder").WithField("folder");
  Json files = Json::MakeArray();
  AddFiles(context.artifacts, folder, "", &files);
  return Answer(Json::Of({{"files", files}}));
}

}  // namespace millwright::api::intake
