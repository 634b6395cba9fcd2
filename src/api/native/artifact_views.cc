#include "api/native/artifact_views.h"

#include <fmt/format.h>

#include <fstream>

#include "analytics/session.h"
#include "api/native/onnx_json.h"
#include "api/native/request_reader.h"
#include "api/native/table_json.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/file.h"
#include "base/ranged_protobuf.h"
#include "registry/registry.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kRowsPerPage = 1000;
constexpr int64_t kRowsMax = 10'000;
constexpr int64_t kTableMsMax = 20'000;
constexpr uint64_t kTableMemoryBytesMax = 512ULL << 20;
// What is fetched of a store elsewhere to be looked at here.
constexpr int64_t kFetchedBytesMax = 256LL << 20;

// A page that somebody left behind is somebody else's program: it gets an origin of its own, which
// can read nothing of this server, and may ask nobody anything. Scripts and styles may come from
// where plotting libraries keep theirs.
constexpr std::string_view kPagePolicy =
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' https:; "
    "style-src 'unsafe-inline' https:; img-src data: blob: https:; font-src data: https:; "
    "frame-ancestors 'self'";

// Where the files are of the run, logged model or model version that the path names.
std::string RootOf(Context& context, const http::Request& request) {
  for (const auto& [key, id] : request.path_values) {
    if (key == "run_id") return context.runs.GetInfo(tracking::RunId(id)).artifact_uri;
    if (key == "model_id") {
      return context.logged_models.Get(tracking::LoggedModelId(id)).artifact_uri;
    }
  }
  const registry::ModelName name(request.PathValue("name"));
  return context.registry.GetVersion(name, PathVersion(request)).artifact_uri;
}

struct File {
  std::string path;  // in the store
  uint64_t bytes = 0;
};

// The file that the request names. The store refuses paths that leave it; one that leaves the
// owner's folder is refused here.
File FileOf(Context& context, const http::Request& request) {
  const std::string root = RootOf(context, request);
  const std::string path = QueryText(request, "path");
  if (path.empty()) throw InvalidArgument("Missing parameter: path").WithField("path");
  if (("/" + path + "/").find("/../") != std::string::npos)
    throw InvalidPath(path).WithField("path");
  const auto folder = context.artifacts.FindPath(root);
  if (!folder) throw FailedPrecondition("The artifacts at {} are not kept by this server", root);
  std::string file = artifacts::JoinPath(*folder, path);
  const auto info = context.artifacts.Stat(file);
  if (!info) throw NotFound("Artifact", path);
  if (info->is_folder)
    throw InvalidArgument("This artifact is a folder: {}", path).WithField("path");
  return {std::move(file), info->bytes};
}

// Brings a file of a store elsewhere into a folder here.
std::filesystem::path Fetch(Context& context, const File& file,
                            const std::filesystem::path& folder) {
  if (static_cast<int64_t>(file.bytes) > kFetchedBytesMax)
    throw ResourceExhausted("The file has {} bytes; {} are looked at", file.bytes,
                            kFetchedBytesMax);
  const auto local = folder / std::filesystem::path(file.path).filename();
  std::ofstream out(local, std::ios::binary);
  context.artifacts.Read(file.path, [&](std::string_view bytes) {
    return static_cast<bool>(out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())));
  });
  out.close();
  if (!out) throw ResourceExhausted("The file could not be kept for looking at it");
  return local;
}

}  // namespace

http::Response GetArtifactTable(Context& context, const http::Request& request) {
  const File file = FileOf(context, request);
  const int64_t limit = QueryInt(request, "limit", kRowsPerPage, 1, kRowsMax);
  const int64_t offset = QueryInt(request, "offset", 0, 0, INT64_MAX);
  const TempDir folder;
  const auto kept = context.artifacts.LocalPath(file.path);
  const std::string local = (kept ? *kept : Fetch(context, file, folder.path())).string();
  // Whoever wrote the file may have written one that unfolds without end.
  analytics::Session session({.memory_bytes_max = kTableMemoryBytesMax,
                              .allowed_files = {local},
                              .time_limit_ms = kTableMsMax,
                              .host = &context.sql_host,
                              .is_wanted = IsWanted()});
  return Answer(TableJson(session.Query(
      fmt::format("FROM {} LIMIT {} OFFSET {}", analytics::ReadFileSql(local), limit, offset))));
}

http::Response GetArtifactPage(Context& context, const http::Request& request) {
  const std::string path = FileOf(context, request).path;
  http::Response response;
  response.headers.Set("Content-Type", "text/html; charset=utf-8");
  response.headers.Set("Content-Security-Policy", std::string(kPagePolicy));
  response.producer = [&artifacts = context.artifacts, path](http::BodyWriter& writer) {
    artifacts.Read(path, [&](std::string_view bytes) { return writer.Write(bytes); });
  };
  return response;
}

// The weights stay where they are: of the file only what tells its structure is read.
http::Response GetArtifactGraph(Context& context, const http::Request& request) {
  const File file = FileOf(context, request);
  RangedBytes bytes(file.bytes, [&](uint64_t offset, uint64_t length) {
    std::string part;
    part.reserve(length);
    context.artifacts.ReadPart(file.path, offset, length, [&](std::string_view piece) {
      part += piece;
      return true;
    });
    return part;
  });
  try {
    const auto model = inference::outline::ReadOnnx(bytes);
    return http::Response::Text(200, OnnxJson(model, file.bytes), "application/json");
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    throw InvalidArgument("This is no ONNX model that can be read: {}", error.message());
  }
}

}  // namespace millwright::api::native
