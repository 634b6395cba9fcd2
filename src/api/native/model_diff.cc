#include "api/native/model_diff.h"

#include <map>

#include "api/native/request_reader.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "registry/model_schema.h"
#include "registry/registry.h"

namespace millwright::api::native {
namespace {

using registry::ModelName;

constexpr size_t kFilesMax = 10'000;  // of a version; more are not compared

struct File {
  int64_t bytes = 0;
  std::string sha256;  // empty where none was recorded

  // Without both checksums the size has to do.
  bool IsLike(const File& other) const {
    if (sha256.empty() || other.sha256.empty()) return bytes == other.bytes;
    return sha256 == other.sha256;
  }
  Json ToJson() const {
    Json json = Json::Of({{"bytes", bytes}});
    if (!sha256.empty()) json.Set("sha256", sha256);
    return json;
  }
};
using Files = std::map<std::string, File>;

// The files of a version by their paths in its folder; nothing when another store has them.
std::optional<Files> FilesOf(Context& context, const ModelName& name, int64_t version) {
  const auto root =
      context.artifacts.FindPath(context.registry.GetVersion(name, version).artifact_uri);
  if (!root) return std::nullopt;
  Files files;
  std::vector<std::string> folders = {""};
  while (!folders.empty()) {
    const std::string folder = std::move(folders.back());
    folders.pop_back();
    for (const auto& child : context.artifacts.List(artifacts::JoinPath(*root, folder))) {
      std::string path = artifacts::JoinPath(folder, child.path);
      if (child.is_folder) {
        folders.push_back(std::move(path));
        continue;
      }
      if (files.size() == kFilesMax) {
        throw FailedPrecondition("More than {} files are not compared", kFilesMax);
      }
      const auto checksum = context.artifacts.FindChecksum(artifacts::JoinPath(*root, path));
      files[std::move(path)] = {static_cast<int64_t>(child.bytes),
                                checksum ? checksum->sha256 : ""};
    }
  }
  return files;
}

Json FileChanges(const Files& before, const Files& after) {
  Json changes = Json::MakeArray();
  const auto add = [&](const std::string& path, const File* was, const File* is) {
    Json change = Json::Of({{"path", path}});
    if (was != nullptr) change.Set("before", was->ToJson());
    if (is != nullptr) change.Set("after", is->ToJson());
    changes.Append(std::move(change));
  };
  for (const auto& [path, file] : before) {
    const auto found = after.find(path);
    if (found == after.end()) {
      add(path, &file, nullptr);
    } else if (!file.IsLike(found->second)) {
      add(path, &file, &found->second);
    }
  }
  for (const auto& [path, file] : after) {
    if (!before.contains(path)) add(path, nullptr, &file);
  }
  return changes;
}

void CompareVersionSchemas(Context& context, const ModelName& name, int64_t before, int64_t after,
                           Json* answer) {
  const auto schema_of = [&](int64_t version) {
    return registry::VersionSchema::Read(context.registry.GetSchema(name, version),
                                         context.registry.GetSignature(name, version));
  };
  const auto changes = registry::CompareVersionSchemas(schema_of(before), schema_of(after));
  answer->Set("known", changes.has_value());
  if (!changes) return;
  answer->Set("breaks", !registry::Breaks(*changes).empty());
  answer->Set("changes", registry::SchemaChangesToJson(*changes));
}

}  // namespace

http::Response CompareModelVersions(Context& context, const http::Request& request) {
  const ModelName name(request.PathValue("name"));
  const int64_t after = PathVersion(request);
  const int64_t before = QueryInt(request, "with", 0, 1, std::numeric_limits<int64_t>::max());
  if (before == 0) throw InvalidArgument("Say with which version").WithField("with");
  Json answer = Json::Of(
      {{"name", name.str()}, {"from", std::to_string(before)}, {"to", std::to_string(after)}});
  CompareVersionSchemas(context, name, before, after, &answer);
  const auto old_files = FilesOf(context, name, before);
  const auto new_files = FilesOf(context, name, after);
  if (old_files && new_files) answer.Set("files", FileChanges(*old_files, *new_files));
  return Answer(answer);
}

}  // namespace millwright::api::native
