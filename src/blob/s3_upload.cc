#include "blob/s3_upload.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"

namespace millwright::blob {
namespace {

// After so many parts they are twice as large, up to kPartGrowthMax times: 8 MiB parts, which hold
// 8 GB in the first thousand, end at 128 MiB and 880 GB.
constexpr size_t kPartsPerSize = 1000;
constexpr uint64_t kPartGrowthMax = 16;
constexpr uint64_t kCopyPartBytes = 1ULL << 30;

std::string Md5Hex(std::string_view bytes) {
  Digest digest(Digest::Kind::kMd5);
  digest.Update(bytes);
  return digest.FinishHex();
}

bool IsMd5(std::string_view tag) {
  return tag.size() == 34 && tag.front() == '"' && tag.back() == '"' &&
         tag.substr(1, 32).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Sends a body with its sum; S3 names what it holds by its MD5, unless it encrypts with keys of
// its customers. Returns that name.
std::string PutChecked(S3Client& client, S3Call call) {
  const std::string md5 = Md5Hex(call.body);
  call.method = "PUT";
  call.headers.emplace_back("Content-MD5", Base64(FromHex(md5)));
  const auto response = client.Call(call);
  if (response.status == 404)
    throw Unavailable("The artifact store has lost the upload of {}", call.key);
  std::string tag(response.Header("ETag"));
  const std::string_view encryption = response.Header("x-amz-server-side-encryption");
  const bool names_content = encryption.empty() || encryption == "AES256";
  if (names_content && IsMd5(tag) && tag.substr(1, 32) != md5)
    throw Unavailable("The artifact store holds other bytes than were sent: {}", call.key);
  return tag;
}

}  // namespace

std::string Unquoted(std::string_view tag) {
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"')
    tag = tag.substr(1, tag.size() - 2);
  return std::string(tag);
}

void CopyObject(S3Client& client, const std::string& full_source_key, const std::string& key,
                uint64_t bytes) {
  const std::string source =
      fetch::PercentEncode(client.options().bucket + "/" + full_source_key, fetch::Slashes::kKeep);
  if (bytes <= kS3CopyBytesMax) {
    const auto response = client.Call({.method = "PUT",
                                       .key = key,
                                       .headers = {{"x-amz-copy-source", source}},
                                       .answers_error_late = true});
    if (response.status == 404) throw NotFound("Blob", full_source_key);
    return;
  }
  const std::string id = BeginMultipart(client, key);
  std::vector<UploadedPart> parts;
  for (uint64_t at = 0; at < bytes; at += kCopyPartBytes) {
    const int number = static_cast<int>(parts.size()) + 1;
    const std::string range =
        fmt::format("bytes={}-{}", at, std::min(at + kCopyPartBytes, bytes) - 1);
    const auto response =
        client.Call({.method = "PUT",
                     .key = key,
                     .query = {{"partNumber", std::to_string(number)}, {"uploadId", id}},
                     .headers = {{"x-amz-copy-source", source}, {"x-amz-copy-source-range", range}},
                     .answers_error_late = true});
    parts.push_back({number, std::string(ParseXml(response.body).Text("ETag"))});
  }
  CompleteMultipart(client, key, id, parts);
}

std::string BeginMultipart(S3Client& client, const std::string& key) {
  const auto response = client.Call({.method = "POST", .key = key, .query = {{"uploads", ""}}});
  std::string id;
  if (response.status == 200) id = ParseXml(response.body).Text("UploadId");
  if (id.empty()) throw Internal("The artifact store began no upload of {}", key);
  return id;
}

std::string CompleteMultipart(S3Client& client, const std::string& key,
                              const std::string& upload_id,
                              const std::vector<UploadedPart>& parts) {
  std::string body = "<CompleteMultipartUpload>";
  for (const auto& part : parts) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", part.number,
                        XmlEscape(part.tag));
  }
  body += "</CompleteMultipartUpload>";
  const auto response = client.Call({.method = "POST",
                                     .key = key,
                                     .query = {{"uploadId", upload_id}},
                                     .headers = {{"Content-Type", "application/xml"}},
                                     .body = std::move(body),
                                     .answers_error_late = true});
  if (response.status == 404) throw NotFound("Upload", upload_id);
  std::string tag = Unquoted(ParseXml(response.body).Text("ETag"));
  if (!tag.empty()) return tag;
  // Ceph's gateway leaves it empty.
  return Unquoted(client.Call({.method = "HEAD", .key = key}).Header("ETag"));
}

void AbortMultipart(S3Client& client, const std::string& key, const std::string& upload_id) {
  try {
    client.Call({.method = "DELETE", .key = key, .query = {{"uploadId", upload_id}}});
  } catch (const Error& error) {
    Log(LogLevel::kWarning, "blob", "The parts of an upload that was given up stay in S3",
        {{"key", key}, {"upload", upload_id}, {"error", error.what()}});
  }
}

S3Upload::S3Upload(S3Client& client, std::string key)
    : client_(client), key_(std::move(key)), digest_(Digest::Kind::kSha256) {}

S3Upload::~S3Upload() {
  if (!committed_ && !upload_id_.empty()) AbortMultipart(client_, key_, upload_id_);
}

uint64_t S3Upload::PartBytes() const {
  const uint64_t growth = 1ULL << std::min<size_t>(sent_.size() / kPartsPerSize, 10);
  return client_.options().part_bytes * std::min(growth, kPartGrowthMax);
}

void S3Upload::Write(std::string_view bytes) {
  digest_.Update(bytes);
  while (!bytes.empty()) {
    // A full part waits for the byte behind it: what fits into one is not sent in parts at all.
    if (part_.size() == PartBytes()) SendPart();
    const size_t taken = std::min<uint64_t>(bytes.size(), PartBytes() - part_.size());
    part_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
  }
}

void S3Upload::SendPart() {
  if (sent_.size() >= kS3PartsMax) throw InvalidArgument("The file is too large for S3: {}", key_);
  if (upload_id_.empty()) upload_id_ = BeginMultipart(client_, key_);
  const int number = static_cast<int>(sent_.size()) + 1;
  S3Call call{.key = key_,
              .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id_}},
              .body = std::move(part_)};
  sent_.push_back({number, PutChecked(client_, std::move(call))});
  part_.clear();
}

std::string S3Upload::Commit() {
  std::string tag;
  if (upload_id_.empty()) {
    tag = Unquoted(PutChecked(client_, {.key = key_, .body = std::move(part_)}));
  } else {
    if (!part_.empty()) SendPart();
    tag = CompleteMultipart(client_, key_, upload_id_, sent_);
  }
  committed_ = true;
  return tag;
}

}  // namespace millwright::blob
