#include "blob/s3_store.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "blob/s3_upload.h"

namespace millwright::blob {
namespace {

constexpr size_t kKeyBytesMax = 1024;  // S3's own
constexpr size_t kKeysPerCall = 1000;  // S3's own, of listings and of deletions
// How often a download goes on after it was cut; one that got any further counts anew.
constexpr int kResumesMax = 4;

// The key that a path means; refuses what FileStore refuses.
std::string CheckedKey(const S3Client& client, std::string_view path, bool may_be_root = false) {
  const std::string_view given = path;
  if (path.find('\0') != std::string_view::npos || path.find('\\') != std::string_view::npos ||
      path.starts_with('/'))
    throw InvalidPath(given);
  std::string key;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part == "..") throw InvalidPath(given);
    if (part.empty() || part == ".") continue;
    if (!key.empty()) key.push_back('/');
    key.append(part);
  }
  if ((key.empty() && !may_be_root) || client.FullKey(key).size() > kKeyBytesMax)
    throw InvalidPath(given);
  return key;
}

uint64_t ParseBytes(std::string_view text) {
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size())
    throw Internal("The artifact store names no size: {}", text);
  return bytes;
}

// Undoes `encoding-type=url`, where S3 agreed to it.
std::string Decoded(std::string_view text, bool encoded) {
  if (!encoded) return std::string(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

// A server that names no time, or one of its own form, makes a file look new: nothing old is made
// of it by mistake.
int64_t TimeOf(std::string_view text) {
  try {
    return ParseTime(text);
  } catch (const Error&) {
    return std::numeric_limits<int64_t>::max();
  }
}

// One answer of ListObjectsV2.
struct Listing {
  std::vector<BlobInfo> entries;  // by full key
  std::string next;               // the token of the next; empty at the end
};

struct ListCall {
  std::string prefix;  // full
  bool deep = false;   // all below, else the direct children
  std::string after;   // begin behind this full key
  std::string token;
  size_t max = kKeysPerCall;
};

Listing ListOnce(S3Client& client, const ListCall& list) {
  NamedValues query{{"list-type", "2"},
                    {"encoding-type", "url"},
                    {"max-keys", std::to_string(std::min(list.max, kKeysPerCall))},
                    {"prefix", list.prefix}};
  if (!list.deep) query.emplace_back("delimiter", "/");
  if (!list.token.empty()) query.emplace_back("continuation-token", list.token);
  if (list.token.empty() && !list.after.empty()) query.emplace_back("start-after", list.after);
  const auto response = client.Call({.query = std::move(query)});
  if (response.status != 200) throw Internal("The artifact store cannot list {}", list.prefix);
  const XmlElement root = ParseXml(response.body);
  const bool encoded = root.Text("EncodingType") == "url";
  Listing listing;
  for (const auto& child : root.children) {
    if (child.name == "Contents") {
      listing.entries.push_back({.path = Decoded(child.Text("Key"), encoded),
                                 .bytes = ParseBytes(child.Text("Size")),
                                 .version = Unquoted(child.Text("ETag")),
                                 .modified_ms = TimeOf(child.Text("LastModified"))});
    } else if (child.name == "CommonPrefixes") {
      std::string folder = Decoded(child.Text("Prefix"), encoded);
      if (folder.ends_with('/')) folder.pop_back();
      listing.entries.push_back({.path = std::move(folder), .is_folder = true});
    }
  }
  if (root.Text("IsTruncated") == "true") listing.next = root.Text("NextContinuationToken");
  return listing;
}

std::string FolderPrefix(const S3Client& client, const std::string& key) {
  const std::string full = client.FullKey(key);
  return full.empty() ? full : full + "/";
}

bool ByPath(const BlobInfo& a, const BlobInfo& b) {
  return a.path < b.path;
}

std::string DeleteBody(const std::vector<BlobInfo>& entries) {
  std::string body = "<Delete><Quiet>true</Quiet>";
  for (const auto& entry : entries)
    body += "<Object><Key>" + XmlEscape(entry.path) + "</Key></Object>";
  return body + "</Delete>";
}

std::string Md5Base64(std::string_view bytes) {
  Digest digest(Digest::Kind::kMd5);
  digest.Update(bytes);
  return Base64(FromHex(digest.FinishHex()));
}

void DeleteAll(S3Client& client, const std::vector<BlobInfo>& entries) {
  if (entries.empty()) return;
  std::string body = DeleteBody(entries);
  NamedValues headers{{"Content-MD5", Md5Base64(body)}, {"Content-Type", "application/xml"}};
  const auto response = client.Call({.method = "POST",
                                     .query = {{"delete", ""}},
                                     .headers = std::move(headers),
                                     .body = std::move(body)});
  const XmlElement root = ParseXml(response.body);
  if (const XmlElement* error = root.Find("Error"))
    throw Internal("The artifact store did not delete {}: {} {}", error->Text("Key"),
                   error->Text("Code"), error->Text("Message"));
}

// One download, over as many requests as it takes.
class Download {
 public:
  Download(S3Client& client, const std::string& path, std::string key, uint64_t offset,
           std::optional<uint64_t> length, const std::function<bool(std::string_view)>& each,
           std::string tag = "")
      : client_(client),
        path_(path),
        key_(std::move(key)),
        at_(offset),
        end_(length ? std::optional(offset + *length) : std::nullopt),
        each_(each),
        tag_(std::move(tag)) {}

  void Run() {
    for (int resumes = 0; !Done(); ++resumes) {
      const uint64_t before = at_;
      try {
        return Request();
      } catch (const Error& error) {
        const bool lost =
            error.code() == Code::kUnavailable || error.code() == Code::kDeadlineExceeded;
        if (thrown_) std::rethrow_exception(thrown_);
        if (at_ != before) resumes = 0;
        if (!lost || tag_.empty() || resumes >= kResumesMax) throw;
      }
    }
  }

 private:
  bool Done() const { return stopped_ || (end_ && at_ >= *end_); }

  void Request() {
    S3Call call{.key = key_};
    const bool part = at_ > 0 || end_;
    if (part)
      call.headers.emplace_back("Range", end_ ? fmt::format("bytes={}-{}", at_, *end_ - 1)
                                              : fmt::format("bytes={}-", at_));
    if (!tag_.empty()) call.headers.emplace_back("If-Match", tag_);
    call.on_head = [&](const fetch::FetchResponse& head) { CheckHead(head, part); };
    call.on_body = [&](std::string_view bytes) { return Take(bytes); };
    const auto response = client_.Call(call);
    if (response.status == 404) throw NotFound("Blob", path_);
  }

  void CheckHead(const fetch::FetchResponse& head, bool part) {
    if (part && (head.status != 206 ||
                 !head.Header("Content-Range").starts_with(fmt::format("bytes {}-", at_))))
      throw Internal("The artifact store answered another part than was asked for: {}", path_);
    tag_ = head.Header("ETag");
  }

  bool Take(std::string_view bytes) {
    // There are servers that answer more than was asked for.
    if (end_) bytes = bytes.substr(0, std::min<uint64_t>(bytes.size(), *end_ - at_));
    at_ += bytes.size();
    try {
      stopped_ = !each_(bytes);
    } catch (...) {
      thrown_ = std::current_exception();
      stopped_ = true;
      throw;
    }
    stopped_ = stopped_ || (end_ && at_ >= *end_);
    return !stopped_;
  }

  S3Client& client_;
  const std::string& path_;
  const std::string key_;
  uint64_t at_;
  const std::optional<uint64_t> end_;
  const std::function<bool(std::string_view)>& each_;
  std::string tag_;  // of the object that is read; that of the first answer where none was given
  bool stopped_ = false;
  std::exception_ptr thrown_;
};

std::optional<BlobInfo> HeadOf(S3Client& client, const std::string& path, const std::string& key) {
  const auto response = client.Call({.method = "HEAD", .key = key});
  if (response.status != 200) return std::nullopt;
  return BlobInfo{.path = path,
                  .bytes = ParseBytes(response.Header("Content-Length")),
                  .version = Unquoted(response.Header("ETag"))};
}

// Holds no connection between reads: what keeps the version is the condition on its tag.
class ObjectReader : public BlobReader {
 public:
  ObjectReader(S3Client& client, BlobInfo info, std::string key)
      : BlobReader(std::move(info)), client_(client), key_(std::move(key)) {}

  void Read(uint64_t offset, std::optional<uint64_t> length,
            const std::function<bool(std::string_view)>& each) override {
    const std::string tag = info().version.empty() ? "" : "\"" + info().version + "\"";
    Download(client_, info().path, key_, offset, length, each, tag).Run();
  }

 private:
  S3Client& client_;
  const std::string key_;
};

}  // namespace

std::unique_ptr<BlobWriter> S3Store::Create(const std::string& path) {
  if (path.ends_with('/')) throw InvalidPath(path);
  return std::make_unique<S3Upload>(client_, CheckedKey(client_, path));
}

void S3Store::Read(const std::string& path, uint64_t offset, std::optional<uint64_t> length,
                   const std::function<bool(std::string_view)>& each) {
  Download(client_, path, CheckedKey(client_, path), offset, length, each).Run();
}

std::unique_ptr<BlobReader> S3Store::Open(const std::string& path) {
  const std::string key = CheckedKey(client_, path);
  auto info = HeadOf(client_, path, key);
  if (!info) return nullptr;
  return std::make_unique<ObjectReader>(client_, *std::move(info), key);
}

std::optional<BlobInfo> S3Store::Stat(const std::string& path) {
  const std::string key = CheckedKey(client_, path);
  if (auto info = HeadOf(client_, path, key)) return info;
  const Listing below = ListOnce(client_, {.prefix = FolderPrefix(client_, key), .max = 1});
  if (below.entries.empty()) return std::nullopt;
  return BlobInfo{.path = path, .is_folder = true};
}

std::vector<BlobInfo> S3Store::List(const std::string& folder) {
  std::vector<BlobInfo> entries;
  std::string after;
  do {
    BlobPage page = ListPage(folder, after, kKeysPerCall);
    std::move(page.entries.begin(), page.entries.end(), std::back_inserter(entries));
    after = std::move(page.next);
  } while (!after.empty());
  std::sort(entries.begin(), entries.end(), ByPath);
  return entries;
}

BlobPage S3Store::ListPage(const std::string& folder, const std::string& after, size_t max) {
  const std::string key = CheckedKey(client_, folder, true);
  const std::string prefix = FolderPrefix(client_, key);
  Listing listing = ListOnce(client_, {.prefix = prefix, .token = after, .max = max});
  BlobPage page{.next = std::move(listing.next)};
  for (auto& entry : listing.entries) {
    entry.path.erase(0, prefix.size());
    // Consoles make an empty object of a folder's own name.
    if (!entry.path.empty() && !entry.path.ends_with('/')) page.entries.push_back(std::move(entry));
  }
  return page;
}

void S3Store::Remove(const std::string& path) {
  const std::string key = CheckedKey(client_, path);
  client_.Call({.method = "DELETE", .key = key});
  const std::string prefix = FolderPrefix(client_, key);
  // Each round lists anew, for what was listed is gone.
  while (true) {
    const Listing listing = ListOnce(client_, {.prefix = prefix, .deep = true});
    DeleteAll(client_, listing.entries);
    if (listing.next.empty()) return;
  }
}

void S3Store::Move(const std::string& from, const std::string& to) {
  const std::string source = CheckedKey(client_, from);
  const std::string target = CheckedKey(client_, to);
  if (const auto info = Stat(source); info && !info->is_folder) {
    CopyObject(client_, client_.FullKey(source), target, info->bytes);
    client_.Call({.method = "DELETE", .key = source});
  }
  const std::string prefix = FolderPrefix(client_, source);
  while (true) {
    const Listing listing = ListOnce(client_, {.prefix = prefix, .deep = true});
    for (const auto& entry : listing.entries)
      CopyObject(client_, entry.path, target + "/" + entry.path.substr(prefix.size()), entry.bytes);
    DeleteAll(client_, listing.entries);
    if (listing.next.empty()) return;
  }
}

std::string S3Store::address() const {
  const S3Options& options = client_.options();
  return "s3://" + options.bucket + (options.prefix.empty() ? "" : "/" + options.prefix);
}

std::string S3Store::Direct::DownloadUrl(const std::string& path, int64_t expires_s) {
  return client_.Presign({.key = CheckedKey(client_, path)}, expires_s);
}

std::string S3Store::Direct::UploadUrl(const std::string& path, int64_t expires_s) {
  return client_.Presign({.method = "PUT", .key = CheckedKey(client_, path)}, expires_s);
}

std::string S3Store::Direct::BeginParts(const std::string& path) {
  return BeginMultipart(client_, CheckedKey(client_, path));
}

std::string S3Store::Direct::PartUrl(const std::string& path, const std::string& upload_id,
                                     int number, int64_t expires_s) {
  return client_.Presign(
      {.method = "PUT",
       .key = CheckedKey(client_, path),
       .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}}},
      expires_s);
}

void S3Store::Direct::CompleteParts(const std::string& path, const std::string& upload_id,
                                    const std::vector<UploadedPart>& parts) {
  CompleteMultipart(client_, CheckedKey(client_, path), upload_id, parts);
}

void S3Store::Direct::AbortParts(const std::string& path, const std::string& upload_id) {
  AbortMultipart(client_, CheckedKey(client_, path), upload_id);
}

}  // namespace millwright::blob
