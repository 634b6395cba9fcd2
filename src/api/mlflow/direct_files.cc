#include "api/mlflow/direct_files.h"

#include <algorithm>

#include "api/mlflow/request.h"
#include "api/mlflow/safe_path.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/json.h"
#include "tracking/run_store.h"

namespace millwright::api::mlflow::direct_files {
namespace {

constexpr int64_t kUrlSeconds = 3600;
constexpr int64_t kPartsMax = 10'000;  // S3's own

struct Begin {
  std::string path;
  int64_t num_parts = 1;
  static constexpr auto fields() {
    return std::tuple(Must("path", &Begin::path), May("num_parts", &Begin::num_parts));
  }
};
struct Part {
  int64_t part_number = 0;
  std::string etag;
  static constexpr auto fields() {
    return std::tuple(Must("part_number", &Part::part_number), Must("etag", &Part::etag));
  }
};
struct End {
  std::string path;
  std::string upload_id;
  std::vector<Part> parts;
  static constexpr auto fields() {
    return std::tuple(Must("path", &End::path), May("upload_id", &End::upload_id),
                      May("parts", &End::parts));
  }
};
struct UploadUrlOf {
  std::string run_id;
  std::string path;
  static constexpr auto fields() {
    using T = UploadUrlOf;
    return std::tuple(Must("run_id", &T::run_id), Must("path", &T::path));
  }
};

blob::DirectAccess& Direct(Context& context, std::string_view what) {
  blob::DirectAccess* direct = context.artifacts.direct();
  if (direct == nullptr)
    throw Unimplemented("{} is not supported for the current artifact repository", what);
  return *direct;
}

// The client names its own file, with all its folders; only the base name counts.
std::string Target(const http::Request& request, const std::string& local_file) {
  const std::string name = SafePath(local_file.substr(local_file.rfind('/') + 1));
  if (name.empty()) throw InvalidArgument("Invalid path");
  return artifacts::JoinPath(SafePath(request.PathValue("path")), name);
}

}  // namespace

http::Response BeginParts(Context& context, const http::Request& request) {
  SafePath(request.PathValue("path"));
  const auto message = Read<Begin>(request);
  auto& direct = Direct(context, "Multipart upload");
  if (message.num_parts < 1 || message.num_parts > kPartsMax)
    throw InvalidArgument("An upload has 1 to {} parts, not {}", kPartsMax, message.num_parts);
  const std::string path = Target(request, message.path);
  const std::string id = direct.BeginParts(path);
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Field("upload_id", id).Key("credentials").BeginArray();
  for (int number = 1; number <= message.num_parts; ++number) {
    json.BeginObject().Field("url", direct.PartUrl(path, id, number, kUrlSeconds));
    json.Field("part_number", number).Key("headers").BeginObject().EndObject().EndObject();
  }
  json.EndArray().EndObject();
  return http::Response::JsonText(200, std::move(body));
}

http::Response CompleteParts(Context& context, const http::Request& request) {
  SafePath(request.PathValue("path"));
  const auto message = Read<End>(request);
  auto& direct = Direct(context, "Multipart upload");
  const std::string path = Target(request, message.path);
  std::vector<blob::UploadedPart> parts;
  for (const auto& part : message.parts)
    parts.push_back({static_cast<int>(part.part_number), part.etag});
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  direct.CompleteParts(path, message.upload_id, parts);
  context.artifacts.NoteUploaded(path, request.principal);
  return Empty();
}

http::Response AbortParts(Context& context, const http::Request& request) {
  SafePath(request.PathValue("path"));
  const auto message = Read<End>(request);
  Direct(context, "Multipart upload").AbortParts(Target(request, message.path), message.upload_id);
  return Empty();
}

http::Response DownloadUrl(Context& context, const http::Request& request) {
  const std::string path = SafePath(request.PathValue("path"));
  auto& direct = Direct(context, "Multipart download");
  const auto info = path.empty() ? std::nullopt : context.artifacts.Stat(path);
  if (!info || info->is_folder)
    throw Error(Code::kNotFound, fmt::format("No such artifact: '{}'", path));
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Field("url", direct.DownloadUrl(path, kUrlSeconds));
  json.Key("headers").BeginObject().EndObject();
  json.Field("file_size", static_cast<int64_t>(info->bytes)).EndObject();
  return http::Response::JsonText(200, std::move(body));
}

http::Response UploadUrl(Context& context, const http::Request& request) {
  const auto message = Read<UploadUrlOf>(request);
  SafePath(message.path);
  context.runs.GetInfo(tracking::RunId(message.run_id));
  throw InvalidArgument(
      "Presigned upload is not supported for runs with proxied artifact storage (artifact URI "
      "scheme: mlflow-artifacts). This endpoint requires a run with a direct cloud storage "
      "artifact URI.");
}

}  // namespace millwright::api::mlflow::direct_files
