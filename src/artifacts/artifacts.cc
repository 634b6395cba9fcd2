#include "artifacts/artifacts.h"

#include "artifacts/sql.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace millwright::artifacts {
namespace {

using storage::Connection;

class StoreUpload : public Upload {
 public:
  StoreUpload(storage::Database& database, events::EventLog& events, const Clock& clock,
              KnownSums& known_sums, std::string path, std::unique_ptr<blob::BlobWriter> writer,
              ExpectedSums expected)
      : database_(database),
        events_(events),
        clock_(clock),
        known_sums_(known_sums),
        path_(std::move(path)),
        writer_(std::move(writer)),
        expected_(std::move(expected)) {
    if (!expected_.md5.empty()) md5_.emplace(Digest::Kind::kMd5);
  }

  void Write(std::string_view bytes) override {
    writer_->Write(bytes);
    if (md5_) md5_->Update(bytes);
    bytes_ += static_cast<int64_t>(bytes.size());
  }

  Checksum Commit(const std::string& who) override {
    Checksum checksum{bytes_, writer_->Finish()};
    CheckExpected(checksum);
    checksum.version = writer_->Commit();
    database_.Write([&](Connection& connection) {
      connection.Execute(sql::kRecordArtifact, {path_, checksum.bytes, checksum.sha256,
                                                clock_.NowMs(), who, checksum.version});
      events_.Append(connection, "artifact.uploaded", "artifact:" + path_, who,
                     Json::Of({{"bytes", checksum.bytes}, {"sha256", checksum.sha256}}));
    });
    known_sums_.Put(path_, checksum.version, checksum.sha256, MonotonicUs());
    return checksum;
  }

 private:
  void CheckExpected(const Checksum& checksum) {
    if (expected_.bytes && *expected_.bytes != static_cast<uint64_t>(bytes_))
      throw InvalidArgument("{} bytes came of a file of {} bytes: {}", bytes_, *expected_.bytes,
                            path_);
    if (!expected_.sha256.empty() && expected_.sha256 != checksum.sha256)
      throw InvalidArgument("The file has another SHA-256 than was announced: {}", path_);
    if (md5_ && md5_->FinishHex() != expected_.md5)
      throw InvalidArgument("The file has another MD5 than was announced: {}", path_);
  }

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  KnownSums& known_sums_;
  const std::string path_;
  std::unique_ptr<blob::BlobWriter> writer_;
  const ExpectedSums expected_;
  std::optional<Digest> md5_;
  int64_t bytes_ = 0;
};

}  // namespace

Artifacts::Artifacts(storage::Database& database, blob::BlobStore& store, events::EventLog& events,
                     const Clock& clock, std::filesystem::path copies)
    : database_(database),
      store_(store),
      events_(events),
      clock_(clock),
      copies_(std::move(copies)) {}

std::optional<std::string> Artifacts::FindPath(std::string_view artifact_uri) const {
  if (auto path = StorePath(artifact_uri)) return path;
  const std::string address = store_.address();
  constexpr std::string_view kFile = "file://";
  // A query or a fragment would be read in one way here and in another by whoever wrote the files.
  if (artifact_uri.find_first_of("?#") != std::string_view::npos) return std::nullopt;
  if (artifact_uri.starts_with(kFile)) artifact_uri.remove_prefix(kFile.size());
  if (!artifact_uri.starts_with(address)) return std::nullopt;
  artifact_uri.remove_prefix(address.size());
  if (!artifact_uri.empty() && artifact_uri.front() != '/') return std::nullopt;
  while (artifact_uri.starts_with('/')) artifact_uri.remove_prefix(1);
  return std::string(artifact_uri);
}

std::unique_ptr<Upload> Artifacts::Create(const std::string& path, ExpectedSums expected) {
  if (IsHiddenFolder(path)) throw InvalidPath(path);
  return std::make_unique<StoreUpload>(database_, events_, clock_, known_sums_, path,
                                       store_.Create(path), std::move(expected));
}

Checksum Artifacts::Put(const std::string& path, std::string_view bytes, const std::string& who) {
  const auto upload = Create(path);
  upload->Write(bytes);
  return upload->Commit(who);
}

std::string Artifacts::ReadAll(const std::string& path) const {
  std::string bytes;
  Read(path, [&](std::string_view piece) {
    bytes.append(piece);
    return true;
  });
  return bytes;
}

std::unique_ptr<StoredFile> Artifacts::Open(const std::string& path) const {
  if (IsHiddenFolder(path)) throw InvalidPath(path);
  auto reader = store_.Open(path);
  if (!reader) return nullptr;
  const std::string& version = reader->info().version;
  const int64_t now_us = MonotonicUs();
  auto sha256 = known_sums_.Find(path, version, now_us);
  if (!sha256) {
    const auto checksum = FindChecksum(path);
    sha256 = checksum && checksum->version == version ? checksum->sha256 : "";
    known_sums_.Put(path, version, *sha256, now_us);
  }
  return MakeStored(std::move(reader), *sha256);
}

std::unique_ptr<StoredFile> Artifacts::OpenAtOnce(const std::string& path) const {
  if (IsHiddenFolder(path) || !known_sums_.Has(path)) return nullptr;
  auto reader = store_.OpenAtOnce(path);
  if (!reader) return nullptr;
  const auto sha256 = known_sums_.Find(path, reader->info().version, MonotonicUs());
  return sha256 ? MakeStored(std::move(reader), *sha256) : nullptr;
}

std::unique_ptr<StoredFile> Artifacts::MakeStored(std::unique_ptr<blob::BlobReader> reader,
                                                  const std::string& sha256) const {
  std::optional<Checksum> checksum;
  if (!sha256.empty())
    checksum = {static_cast<int64_t>(reader->info().bytes), sha256, reader->info().version};
  return std::make_unique<StoredFile>(*this, std::move(reader), std::move(checksum));
}

void Artifacts::Read(const std::string& path,
                     const std::function<bool(std::string_view)>& each) const {
  const auto file = Open(path);
  if (!file) throw NotFound("Artifact", path);
  file->Read(each);
}

void Artifacts::ReadPart(const std::string& path, uint64_t offset, uint64_t length,
                         const std::function<bool(std::string_view)>& each) const {
  store_.Read(path, offset, length, each);
}

std::optional<blob::BlobInfo> Artifacts::Stat(const std::string& path) const {
  if (IsHiddenFolder(path)) throw InvalidPath(path);
  return store_.Stat(path);
}

std::vector<blob::BlobInfo> Artifacts::List(const std::string& folder) const {
  if (IsHiddenFolder(folder)) throw InvalidPath(folder);
  auto entries = store_.List(folder);
  std::erase_if(entries,
                [&](const auto& entry) { return IsHiddenFolder(JoinPath(folder, entry.path)); });
  return entries;
}

blob::BlobPage Artifacts::ListPage(const std::string& folder, const std::string& after,
                                   size_t max) const {
  if (IsHiddenFolder(folder)) throw InvalidPath(folder);
  auto page = store_.ListPage(folder, after, max);
  std::erase_if(page.entries,
                [&](const auto& entry) { return IsHiddenFolder(JoinPath(folder, entry.path)); });
  return page;
}

void Artifacts::NoteUploaded(const std::string& path, const std::string& who) {
  const auto info = store_.Stat(path);
  const int64_t bytes = info ? static_cast<int64_t>(info->bytes) : 0;
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kForgetArtifacts, {path, path + "/", path + "0"});
    events_.Append(connection, "artifact.uploaded", "artifact:" + path, who,
                   Json::Of({{"bytes", bytes}}));
  });
}

std::optional<std::filesystem::path> Artifacts::LocalPath(const std::string& path) const {
  return store_.LocalPath(path);
}

std::optional<Checksum> Artifacts::FindChecksum(const std::string& path) const {
  return database_.Read([&](Connection& connection) -> std::optional<Checksum> {
    const auto row = connection.SelectOne(sql::kArtifactByPath, {path});
    if (!row) return std::nullopt;
    return Checksum{row->Int(0), std::string(row->Text(1)), std::string(row->Text(2))};
  });
}

std::optional<std::string> StorePath(std::string_view artifact_uri) {
  constexpr std::string_view kScheme = "mlflow-artifacts:";
  if (!artifact_uri.starts_with(kScheme)) return std::nullopt;
  std::string_view path = artifact_uri.substr(kScheme.size());
  if (path.starts_with("//")) {
    const size_t slash = path.find('/', 2);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  }
  while (path.starts_with('/')) path.remove_prefix(1);
  return std::string(path);
}

std::string JoinPath(std::string_view folder, std::string_view path) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  while (path.starts_with('/')) path.remove_prefix(1);
  if (folder.empty()) return std::string(path);
  if (path.empty()) return std::string(folder);
  return std::string(folder) + "/" + std::string(path);
}

}  // namespace millwright::artifacts
