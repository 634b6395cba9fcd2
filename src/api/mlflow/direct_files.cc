#include "api/mlflow/direct_files.h"

#include <algorithm>
#include <charconv>

#include "api/mlflow/artifact_owner.h"
#include "api/mlflow/request.h"
#include "api/mlflow/safe_path.h"
#include "api/mlflow/upload_sums.h"
#include "artifacts/part_uploads.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "security/secret.h"
#include "tracking/run_lease.h"
#include "tracking/run_store.h"

namespace millwright::api::mlflow::direct_files {
namespace {

constexpr int64_t kUrlSeconds = 3600;
constexpr int64_t kPartsMax = artifacts::kPartsMax;  // S3's own
constexpr size_t kPieceBytes = 256 << 10;

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

// What a client is told of the parts that it is to send.
class PartAddresses {
 public:
  explicit PartAddresses(const std::string& upload_id) {
    json_.BeginObject().Field("upload_id", upload_id).Key("credentials").BeginArray();
  }
  void Add(int number, const std::string& url) {
    json_.BeginObject().Field("url", url).Field("part_number", number);
    json_.Key("headers").BeginObject().EndObject().EndObject();
  }
  http::Response Take() {
    json_.EndArray().EndObject();
    return http::Response::JsonText(200, std::move(body_));
  }

 private:
  std::string body_;
  JsonWriter json_{&body_};
};

http::Response BeginAtStore(blob::DirectAccess& direct, const std::string& path, int64_t parts) {
  const std::string id = direct.BeginParts(path);
  PartAddresses addresses(id);
  for (int number = 1; number <= parts; ++number)
    addresses.Add(number, direct.PartUrl(path, id, number, kUrlSeconds));
  return addresses.Take();
}

std::string SignatureOf(const artifacts::PartUpload& upload, int number) {
  return ToHex(HmacSha256(upload.secret, fmt::format("{}/{}", upload.id, number)));
}

// How the client reaches this server, by its own words: a proxy in front says how it was reached.
std::string OwnAddress(const http::Request& request) {
  const auto host = request.headers.Find("Host");
  if (!host || host->empty()) throw InvalidArgument("The request names no Host");
  const bool is_https =
      request.headers.Find("X-Forwarded-Proto").value_or("http").starts_with("https");
  return fmt::format("{}://{}", is_https ? "https" : "http", *host);
}

http::Response BeginHere(Context& context, const http::Request& request, const std::string& path,
                         int64_t parts) {
  const auto upload = context.part_uploads.Begin({.path = path}, request.principal);
  PartAddresses addresses(upload.id);
  for (int number = 1; number <= parts; ++number)
    addresses.Add(number,
                  fmt::format("{}/api/2.0/mlflow-artifacts/mpu/part/{}/{}?signature={}",
                              OwnAddress(request), upload.id, number, SignatureOf(upload, number)));
  return addresses.Take();
}

std::optional<artifacts::PartUpload> FindUpload(Context& context, const std::string& path,
                                                const std::string& id) {
  auto upload = context.part_uploads.Find(id);
  if (upload && upload->request.path != path) upload.reset();
  return upload;
}

// A client that names its parts gets a file of these and no others.
void RequireParts(const artifacts::PartUpload& upload, const std::vector<Part>& named) {
  if (named.size() != upload.parts.size())
    throw FailedPrecondition("{} parts are named, {} were stored", named.size(),
                             upload.parts.size());
  for (const Part& part : named) {
    const auto stored =
        std::find_if(upload.parts.begin(), upload.parts.end(),
                     [&](const auto& each) { return each.number == part.part_number; });
    if (stored == upload.parts.end() || part.etag.find(stored->sha256) == std::string::npos)
      throw FailedPrecondition("Part {} was not stored with the tag {}", part.part_number,
                               part.etag);
  }
}

}  // namespace

http::Response BeginParts(Context& context, const http::Request& request) {
  SafePath(request.PathValue("path"));
  const auto message = Read<Begin>(request);
  if (message.num_parts < 1 || message.num_parts > kPartsMax)
    throw InvalidArgument("An upload has 1 to {} parts, not {}", kPartsMax, message.num_parts);
  const std::string path = Target(request, message.path);
  return context.artifacts.direct() != nullptr
             ? BeginAtStore(*context.artifacts.direct(), path, message.num_parts)
             : BeginHere(context, request, path, message.num_parts);
}

http::Response CompleteParts(Context& context, const http::Request& request) {
  SafePath(request.PathValue("path"));
  const auto message = Read<End>(request);
  const std::string path = Target(request, message.path);
  blob::DirectAccess* const direct = context.artifacts.direct();
  if (direct == nullptr) {
    const auto upload = FindUpload(context, path, message.upload_id);
    if (!upload) throw NotFound("Upload", message.upload_id);
    RequireParts(*upload, message.parts);
    context.part_uploads.Complete(*upload, request.principal);
    return Empty();
  }
  std::vector<blob::UploadedPart> parts;
  for (const auto& part : message.parts)
    parts.push_back({static_cast<int>(part.part_number), part.etag});
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  direct->CompleteParts(path, message.upload_id, parts);
  context.artifacts.NoteUploaded(path, request.principal);
  return Empty();
}

http::Response AbortParts(Context& context, const http::Request& request) {
  SafePath(request.PathValue("path"));
  const auto message = Read<End>(request);
  const std::string path = Target(request, message.path);
  if (blob::DirectAccess* const direct = context.artifacts.direct()) {
    direct->AbortParts(path, message.upload_id);
  } else if (const auto upload = FindUpload(context, path, message.upload_id)) {
    context.part_uploads.Abort(upload->id);
  }
  return Empty();
}

http::Response TakePart(Context& context, const http::Request& request) {
  const std::string& id = request.PathValue("upload_id");
  int number = 0;
  const std::string& text = request.PathValue("number");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw InvalidArgument("Parts have numbers, not {}", text);
  const auto upload = context.part_uploads.Get(id);
  if (!security::EqualsSafely(request.Query("signature").value_or(""), SignatureOf(upload, number)))
    throw PermissionDenied("The address of this part is signed otherwise");
  if (const auto run = OwnerOf(context, upload.request.path); !run.empty())
    context.run_leases.NoteLife(run);
  const auto part = context.part_uploads.CreatePart(upload, number, SumsOf(request));
  std::string buffer(kPieceBytes, '\0');
  while (const size_t size = request.body_reader->Read(buffer.data(), buffer.size()))
    part->Write(std::string_view(buffer.data(), size));
  http::Response response = Empty();
  response.headers.Set("ETag", "\"" + part->Commit().sha256 + "\"");
  return response;
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
