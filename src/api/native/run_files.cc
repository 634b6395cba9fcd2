#include "api/native/run_files.h"

#include <fmt/format.h>

#include <fstream>

#include "analytics/session.h"
#include "api/native/request_reader.h"
#include "api/native/table_json.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/file.h"
#include "tracking/run_store.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kRowsPerPage = 1000;
constexpr int64_t kRowsMax = 10'000;
constexpr int64_t kTableMsMax = 20'000;
constexpr uint64_t kTableMemoryBytesMax = 512ULL << 20;
// What is fetched of a store elsewhere to be looked at here.
constexpr int64_t kFetchedBytesMax = 256LL << 20;

// A page that a run left behind is somebody else's program: it gets an origin of its own, which can
// read nothing of this server, and may ask nobody anything. Scripts and styles may come from where
// plotting libraries keep theirs.
constexpr std::string_view kPagePolicy =
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' https:; "
    "style-src 'unsafe-inline' https:; img-src data: blob: https:; font-src data: https:; "
    "frame-ancestors 'self'";

// The path in the store of the file that the request names. The store refuses paths that leave it;
// one that leaves the run's folder is refused here.
std::string FileOf(Context& context, const http::Request& request) {
  const auto run = context.runs.GetInfo(tracking::RunId(request.PathValue("id")));
  const std::string path = QueryText(request, "path");
  if (path.empty()) throw InvalidArgument("Missing parameter: path").WithField("path");
  if (("/" + path + "/").find("/../") != std::string::npos)
    throw InvalidArgument("Invalid path").WithField("path");
  const auto folder = context.artifacts.FindPath(run.artifact_uri);
  if (!folder)
    throw FailedPrecondition("The artifacts at {} are not kept by this server", run.artifact_uri);
  std::string file = artifacts::JoinPath(*folder, path);
  const auto info = context.artifacts.Stat(file);
  if (!info) throw NotFound("Artifact", path);
  if (info->is_folder)
    throw InvalidArgument("This artifact is a folder: {}", path).WithField("path");
  return file;
}

// Brings a file of a store elsewhere into a folder here.
std::filesystem::path Fetch(Context& context, const std::string& file,
                            const std::filesystem::path& folder) {
  const auto info = context.artifacts.Stat(file);
  if (info && static_cast<int64_t>(info->bytes) > kFetchedBytesMax)
    throw ResourceExhausted("The file has {} bytes; {} are looked at", info->bytes,
                            kFetchedBytesMax);
  const auto local = folder / std::filesystem::path(file).filename();
  std::ofstream out(local, std::ios::binary);
  context.artifacts.Read(file, [&](std::string_view bytes) {
    return static_cast<bool>(out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())));
  });
  out.close();
  if (!out) throw ResourceExhausted("The file could not be kept for looking at it");
  return local;
}

}  // namespace

http::Response GetRunTable(Context& context, const http::Request& request) {
  const std::string file = FileOf(context, request);
  const int64_t limit = QueryInt(request, "limit", kRowsPerPage, 1, kRowsMax);
  const int64_t offset = QueryInt(request, "offset", 0, 0, INT64_MAX);
  const TempDir folder;
  const auto kept = context.artifacts.LocalPath(file);
  const std::string local = (kept ? *kept : Fetch(context, file, folder.path())).string();
  analytics::Session session({.memory_bytes_max = kTableMemoryBytesMax,
                              .allowed_files = {local},
                              .time_limit_ms = kTableMsMax});
  return Answer(TableJson(session.Query(
      fmt::format("FROM {} LIMIT {} OFFSET {}", analytics::ReadFileSql(local), limit, offset))));
}

http::Response GetRunPage(Context& context, const http::Request& request) {
  const std::string file = FileOf(context, request);
  http::Response response;
  response.headers.Set("Content-Type", "text/html; charset=utf-8");
  response.headers.Set("Content-Security-Policy", std::string(kPagePolicy));
  response.headers.Set("X-Content-Type-Options", "nosniff");
  if (const auto local = context.artifacts.LocalPath(file)) {
    response.file = local->string();
    return response;
  }
  response.producer = [&artifacts = context.artifacts, file](http::BodyWriter& writer) {
    artifacts.Read(file, [&](std::string_view bytes) { return writer.Write(bytes); });
  };
  return response;
}

}  // namespace millwright::api::native
