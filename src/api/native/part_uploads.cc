#include "artifacts/part_uploads.h"

#include <charconv>

#include "api/native/part_uploads.h"
#include "api/native/request_reader.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"

namespace millwright::api::native {
namespace {

constexpr size_t kPieceBytes = 256 << 10;
constexpr std::string_view kSha256 = "sha-256=:";

// The sum of the part as Content-Digest says it (RFC 9530); empty where it does not.
std::string AnnouncedSum(const http::Request& request) {
  std::string_view digest = request.headers.Find("Content-Digest").value_or("");
  if (!digest.starts_with(kSha256) || !digest.ends_with(':')) return "";
  digest.remove_prefix(kSha256.size());
  digest.remove_suffix(1);
  return ToHex(Base64Decode(digest));
}

// Whoever may write artifacts may go on with anybody's upload: ids are not secrets.
artifacts::PartUpload UploadOf(Context& context, const http::Request& request) {
  return context.part_uploads.Get(request.PathValue("id"));
}

}  // namespace

http::Response BeginPartUpload(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  artifacts::PartUploadRequest wanted;
  wanted.path = body.GetString("path");
  wanted.bytes = body.GetInt("bytes");
  wanted.sha256 = ToHex(FromHex(body.GetString("sha256")));
  wanted.part_bytes = body.GetInt("part_bytes");
  if (wanted.path.empty()) throw InvalidArgument("path is missing").WithField("path");
  if (wanted.bytes < 1) throw InvalidArgument("bytes is at least 1").WithField("bytes");
  if (wanted.sha256.size() != 64)
    throw InvalidArgument("sha256 is a sum of 64 digits").WithField("sha256");
  if (wanted.part_bytes < 1)
    throw InvalidArgument("part_bytes is at least 1").WithField("part_bytes");
  const auto file = context.artifacts.Open(wanted.path);
  if (file && file->checksum() && file->checksum()->sha256 == wanted.sha256)
    return Answer(Json::Of({{"is_stored", true}}));
  const auto upload = context.part_uploads.Begin(wanted, request.principal);
  Json parts = Json::MakeArray();
  for (const auto& part : upload.parts)
    parts.Append(Json::Of({{"number", part.number}, {"bytes", part.bytes}}));
  return Answer(Json::Of({{"id", upload.id}, {"parts", std::move(parts)}}));
}

http::Response TakeUploadPart(Context& context, const http::Request& request) {
  const auto upload = UploadOf(context, request);
  const auto number = static_cast<int>(PathVersion(request, "number"));
  artifacts::ExpectedSums expected{.bytes = request.body_reader->length(),
                                   .sha256 = AnnouncedSum(request)};
  const auto part = context.part_uploads.CreatePart(upload, number, std::move(expected));
  std::string buffer(kPieceBytes, '\0');
  while (const size_t size = request.body_reader->Read(buffer.data(), buffer.size()))
    part->Write(std::string_view(buffer.data(), size));
  const auto stored = part->Commit();
  return Answer(Json::Of({{"number", stored.number}, {"bytes", stored.bytes}}));
}

http::Response CompletePartUpload(Context& context, const http::Request& request) {
  const auto checksum =
      context.part_uploads.Complete(UploadOf(context, request), request.principal);
  return Answer(Json::Of({{"bytes", checksum.bytes}, {"sha256", checksum.sha256}}));
}

http::Response AbortPartUpload(Context& context, const http::Request& request) {
  context.part_uploads.Abort(UploadOf(context, request).id);
  return Answer(Json::MakeObject());
}

}  // namespace millwright::api::native
