#include "cli/file_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"

namespace millwright::cli {
namespace {

constexpr std::string_view kProxy = "/api/2.0/mlflow-artifacts/artifacts/";
constexpr std::string_view kUploads = "/api/v1/artifacts/uploads";
constexpr uint64_t kPartBytes = 16 << 20;
constexpr uint64_t kPartsMax = 10'000;  // the server's own
constexpr int64_t kPartTimeoutMs = 600'000;
constexpr int64_t kCompleteTimeoutMs = 3'600'000;  // the server puts the parts together meanwhile
constexpr int64_t kAwayMsMax = 30'000;
// How often a lost connection is tried again without a part that got through in between.
constexpr int kTriesMax = 10;

// One upload in parts, over as many connections as it takes.
class PartwiseUpload {
 public:
  PartwiseUpload(Client& client, std::string path, const std::filesystem::path& file,
                 const std::function<void(uint64_t)>& progress)
      : client_(client),
        path_(std::move(path)),
        file_(file),
        bytes_(std::filesystem::file_size(file)),
        part_bytes_(std::max(kPartBytes, (bytes_ + kPartsMax - 1) / kPartsMax)),
        sha256_(Sha256OfFile(file)),
        progress_(progress) {}

  UploadedFile Run() {
    for (int tries = 1; !Try(); ++tries) {
      if (sent_ != sent_before_) tries = 1;
      sent_before_ = sent_;
      if (tries >= kTriesMax || !client_.WaitUntilReady(kAwayMsMax))
        throw Unavailable("{}; the next upload of this file goes on where it was", lost_);
    }
    return {bytes_, sent_};
  }

 private:
  // False when the connection was lost on the way, or a part got lost at the server.
  bool Try() {
    try {
      SendAll();
      return true;
    } catch (const Error& error) {
      const Code code = error.code();
      const bool may_go_on =
          code == Code::kUnavailable || code == Code::kDeadlineExceeded || code == Code::kAborted;
      if (!may_go_on) throw;
      lost_ = error.message();
      return false;
    }
  }

  void SendAll() {
    const Json upload =
        client_.Post(std::string(kUploads), Json::Of({{"path", path_},
                                                      {"bytes", bytes_},
                                                      {"sha256", sha256_},
                                                      {"part_bytes", part_bytes_}}));
    if (upload.GetBool("is_stored")) return Tell(bytes_);
    std::set<int64_t> stored;
    for (const Json& part : upload.At("parts").AsArray()) stored.insert(part.GetInt("number"));
    std::ifstream in(file_, std::ios::binary);
    uint64_t there = 0;
    for (uint64_t at = 0; at < bytes_; at += part_bytes_) {
      const auto number = static_cast<int64_t>(at / part_bytes_) + 1;
      const uint64_t size = std::min(part_bytes_, bytes_ - at);
      if (!stored.contains(number)) Send(upload.GetString("id"), number, ReadPart(in, at, size));
      there += size;
      Tell(there);
    }
    client_.Send({.method = "POST",
                  .url = fmt::format("{}/{}/complete", kUploads, upload.GetString("id")),
                  .timeout_ms = kCompleteTimeoutMs});
  }

  std::string ReadPart(std::ifstream& in, uint64_t at, uint64_t size) const {
    std::string bytes(size, '\0');
    in.seekg(static_cast<std::streamoff>(at));
    if (!in.read(bytes.data(), static_cast<std::streamsize>(size)))
      throw InvalidArgument("The file became shorter: {}", file_.string());
    return bytes;
  }

  void Send(const std::string& id, int64_t number, std::string bytes) {
    const uint64_t size = bytes.size();
    const std::string sum = Base64(FromHex(Sha256Hex(bytes)));
    client_.Send({.method = "PUT",
                  .url = fmt::format("{}/{}/parts/{}", kUploads, id, number),
                  .headers = {{"Content-Type", "application/octet-stream"},
                              {"Content-Digest", "sha-256=:" + sum + ":"}},
                  .body = std::move(bytes),
                  .timeout_ms = kPartTimeoutMs});
    sent_ += size;
  }

  void Tell(uint64_t bytes) {
    if (progress_) progress_(bytes);
  }

  Client& client_;
  const std::string path_;
  const std::filesystem::path file_;
  const uint64_t bytes_;
  const uint64_t part_bytes_;
  const std::string sha256_;
  const std::function<void(uint64_t)>& progress_;
  uint64_t sent_ = 0;
  uint64_t sent_before_ = 0;
  std::string lost_;
};

}  // namespace

UploadedFile UploadFile(Client& client, const std::string& path, const std::filesystem::path& file,
                        const std::function<void(uint64_t bytes)>& progress) {
  const uint64_t bytes = std::filesystem::file_size(file);
  if (bytes >= kInPartsFromBytes) return PartwiseUpload(client, path, file, progress).Run();
  client.Upload(std::string(kProxy) + fetch::PercentEncode(path, fetch::Slashes::kKeep), file);
  if (progress) progress(bytes);
  return {bytes, bytes};
}

}  // namespace millwright::cli
