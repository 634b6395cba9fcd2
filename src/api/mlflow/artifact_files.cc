#include "api/mlflow/artifact_files.h"

#include "api/mlflow/media_type.h"
#include "api/mlflow/request.h"
#include "api/mlflow/safe_path.h"
#include "api/mlflow/tracking_messages.h"
#include "artifacts/artifacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "registry/registry.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_lease.h"
#include "tracking/run_store.h"

namespace millwright::api::mlflow::artifact_files {
namespace {

using artifacts::JoinPath;

constexpr size_t kPieceBytes = 256 << 10;
// How often an upload tells that its run lives.
constexpr int64_t kLifeIntervalUs = 1'000'000;

struct FileInfo {
  std::string path;
  bool is_dir = false;
  std::optional<int64_t> file_size;
  static constexpr auto fields() {
    using T = FileInfo;
    return std::tuple(May("path", &T::path), May("is_dir", &T::is_dir),
                      May("file_size", &T::file_size));
  }
};
struct FileList {
  std::optional<std::string> root_uri;
  std::vector<FileInfo> files;
  static constexpr auto fields() {
    using T = FileList;
    return std::tuple(May("root_uri", &T::root_uri), May("files", &T::files));
  }
};
struct ListArtifacts {
  std::string run_id;
  std::string path;
  static constexpr auto fields() {
    using T = ListArtifacts;
    return std::tuple(Must("run_id", &T::run_id, "run_uuid"), May("path", &T::path));
  }
};
struct Multipart {
  std::string path;
  static constexpr auto fields() { return std::tuple(Must("path", &Multipart::path)); }
};
struct PresignedRequest {
  std::string run_id;
  std::string path;
  static constexpr auto fields() {
    using T = PresignedRequest;
    return std::tuple(Must("run_id", &T::run_id), Must("path", &T::path));
  }
};

Error NoArtifact(const std::string& path) {
  return Error(Code::kNotFound, fmt::format("No such artifact: '{}'", path));
}

// The folder of this server's store that an artifact address means.
std::string FolderOf(const std::string& artifact_uri) {
  auto folder = artifacts::StorePath(artifact_uri);
  if (folder) return *std::move(folder);
  throw InvalidArgument("The artifacts at {} are not kept by this server", artifact_uri);
}

std::string FileNameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// A file name as a header value: plain where it can be, else percent-encoded UTF-8.
std::string Disposition(const std::string& name) {
  const bool plain = name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") ==
                     std::string::npos;
  if (plain) return "attachment; filename=" + name;
  std::string encoded;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool keep = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                      (byte >= 'a' && byte <= 'z') || c == '.' || c == '_' || c == '-';
    encoded += keep ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return "attachment; filename*=UTF-8''" + encoded;
}

http::Response Download(Context& context, const std::string& path) {
  const auto info = path.empty() ? std::nullopt : context.artifacts.Stat(path);
  if (!info) throw NoArtifact(path);
  if (info->is_folder) throw InvalidArgument("This artifact is a folder: '{}'", path);
  const std::string name = FileNameOf(path);
  http::Response response;
  response.headers.Set("Content-Type", std::string(MediaTypeOf(name)));
  response.headers.Set("Content-Disposition", Disposition(name));
  response.headers.Set("X-Content-Type-Options", "nosniff");
  if (const auto local = context.artifacts.LocalPath(path)) {
    response.file = local->string();
    return response;
  }
  response.producer = [&artifacts = context.artifacts, path](http::BodyWriter& writer) {
    artifacts.Read(path, [&](std::string_view bytes) { return writer.Write(bytes); });
  };
  return response;
}

// The run whose file a path of the store is, `<where the experiment keeps them>/<run>/artifacts/…`,
// or whose model's, `…/models/<model>/artifacts/…`. Empty, or no run's id, for other files.
tracking::RunId RunOf(Context& context, const std::string& path) {
  const size_t end = path.find("/artifacts/");
  if (end == std::string::npos) return {};
  const std::string name = FileNameOf(path.substr(0, end));
  return name.starts_with("m-") ? context.logged_models.SourceRun(tracking::LoggedModelId(name))
                                : tracking::RunId(name);
}

void Store(Context& context, const std::string& path, const http::Request& request) {
  if (path.empty()) throw InvalidArgument("Invalid path");
  const tracking::RunId run = RunOf(context, path);
  int64_t told_us = MonotonicUs();
  if (!run.empty()) context.run_leases.NoteLife(run);
  const auto upload = context.artifacts.Create(path);
  if (request.body_reader == nullptr) {
    upload->Write(request.body);
  } else {
    std::string buffer(kPieceBytes, '\0');
    while (const size_t size = request.body_reader->Read(buffer.data(), buffer.size())) {
      upload->Write(std::string_view(buffer.data(), size));
      if (run.empty() || MonotonicUs() - told_us < kLifeIntervalUs) continue;
      context.run_leases.NoteLife(run);
      told_us = MonotonicUs();
    }
  }
  upload->Commit(request.principal);
}

// Lists a folder of the store; paths in the answer begin with `prefix`.
FileList List(Context& context, const std::string& folder, const std::string& prefix) {
  FileList list;
  for (const auto& entry : context.artifacts.List(folder)) {
    FileInfo info{prefix + entry.path, entry.is_folder, std::nullopt};
    if (!entry.is_folder) info.file_size = static_cast<int64_t>(entry.bytes);
    list.files.push_back(std::move(info));
  }
  return list;
}

// Lists below a run's or a model's own folder, with paths from there.
http::Response ListBelow(Context& context, const std::string& root_uri, const std::string& path) {
  const std::string safe = SafePath(path);
  const auto folder = artifacts::StorePath(root_uri);
  FileList list;
  if (folder) list = List(context, JoinPath(*folder, safe), safe.empty() ? "" : safe + "/");
  list.root_uri = root_uri;
  return Answer(list);
}

std::string QueryOr(const http::Request& request, std::string_view name, std::string_view other) {
  auto value = request.Query(name);
  if (!value && !other.empty()) value = request.Query(other);
  return std::string(value.value_or(""));
}

}  // namespace

http::Response ProxyUpload(Context& context, const http::Request& request) {
  Store(context, SafePath(request.PathValue("path")), request);
  return Empty();
}

http::Response ProxyDownload(Context& context, const http::Request& request) {
  const std::string path = SafePath(request.PathValue("path"));
  if (path.empty()) throw InvalidArgument("Invalid path");
  return Download(context, path);
}

http::Response ProxyDelete(Context& context, const http::Request& request) {
  const std::string path = SafePath(request.PathValue("path"));
  if (path.empty()) throw InvalidArgument("Invalid path");
  context.artifacts.Remove(path, request.principal);
  return Empty();
}

http::Response ProxyList(Context& context, const http::Request& request) {
  return Answer(List(context, SafePath(QueryOr(request, "path", "")), ""));
}

http::Response MultipartUnsupported(Context&, const http::Request& request) {
  SafePath(request.PathValue("path"));
  Read<Multipart>(request);
  throw Unimplemented("Multipart upload is not supported for the current artifact repository");
}

http::Response PresignedUnsupported(Context&, const http::Request& request) {
  SafePath(request.PathValue("path"));
  throw Unimplemented("Multipart download is not supported for the current artifact repository");
}

http::Response PresignedUpload(Context& context, const http::Request& request) {
  const auto message = Read<PresignedRequest>(request);
  SafePath(message.path);
  context.runs.GetInfo(tracking::RunId(message.run_id));
  throw InvalidArgument(
      "Presigned upload is not supported for runs with proxied artifact storage (artifact URI "
      "scheme: mlflow-artifacts). This endpoint requires a run with a direct cloud storage "
      "artifact URI.");
}

http::Response ListOfRun(Context& context, const http::Request& request) {
  const auto message = Read<ListArtifacts>(request);
  const auto run = context.runs.GetInfo(tracking::RunId(message.run_id));
  return ListBelow(context, run.artifact_uri, message.path);
}

http::Response GetOfRun(Context& context, const http::Request& request) {
  const std::string id = QueryOr(request, "run_id", "run_uuid");
  const auto run = context.runs.GetInfo(tracking::RunId(id.empty() ? "None" : id));
  const std::string path = SafePath(QueryOr(request, "path", ""));
  return Download(context, JoinPath(FolderOf(run.artifact_uri), path));
}

http::Response UploadToRun(Context& context, const http::Request& request) {
  const std::string id = QueryOr(request, "run_uuid", "run_id");
  const std::string path = QueryOr(request, "path", "");
  if (id.empty()) throw InvalidArgument("Request must specify run_uuid.");
  if (path.empty()) throw InvalidArgument("Request must specify path.");
  const std::string safe = SafePath(path);
  const auto run = context.runs.GetInfo(tracking::RunId(id));
  Store(context, JoinPath(FolderOf(run.artifact_uri), safe), request);
  return http::Response::Text(200, "", "application/json");
}

http::Response ListOfLoggedModel(Context& context, const http::Request& request) {
  const auto model =
      context.logged_models.Get(tracking::LoggedModelId(request.PathValue("model_id")));
  return ListBelow(context, model.artifact_uri, QueryOr(request, "artifact_directory_path", ""));
}

http::Response GetOfLoggedModel(Context& context, const http::Request& request) {
  const std::string path = QueryOr(request, "artifact_file_path", "");
  if (path.empty()) {
    throw FailedPrecondition("Request must include the \"artifact_file_path\" query parameter.");
  }
  const std::string safe = SafePath(path);
  const auto model =
      context.logged_models.Get(tracking::LoggedModelId(request.PathValue("model_id")));
  return Download(context, JoinPath(FolderOf(model.artifact_uri), safe));
}

http::Response GetOfVersion(Context& context, const http::Request& request) {
  const registry::ModelName name(QueryOr(request, "name", ""));
  const std::string path = SafePath(QueryOr(request, "path", ""));
  const auto version =
      context.registry.GetVersion(name, registry::ParseVersion(QueryOr(request, "version", "")));
  return Download(context, JoinPath(FolderOf(version.artifact_uri), path));
}

}  // namespace millwright::api::mlflow::artifact_files
