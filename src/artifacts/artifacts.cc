#include "artifacts/artifacts.h"

#include "artifacts/sql.h"
#include "base/error.h"
#include "base/json.h"

namespace millwright::artifacts {
namespace {

using storage::Connection;

class StoreUpload : public Upload {
 public:
  StoreUpload(storage::Database& database, events::EventLog& events, const Clock& clock,
              std::string path, std::unique_ptr<blob::BlobWriter> writer)
      : database_(database),
        events_(events),
        clock_(clock),
        path_(std::move(path)),
        writer_(std::move(writer)) {}

  void Write(std::string_view bytes) override {
    writer_->Write(bytes);
    bytes_ += static_cast<int64_t>(bytes.size());
  }

  Checksum Commit(const std::string& who) override {
    const Checksum checksum{bytes_, writer_->Commit()};
    database_.Write([&](Connection& connection) {
      connection.Execute(sql::kRecordArtifact,
                         {path_, checksum.bytes, checksum.sha256, clock_.NowMs(), who});
      events_.Append(connection, "artifact.uploaded", "artifact:" + path_, who,
                     Json::Of({{"bytes", checksum.bytes}, {"sha256", checksum.sha256}}));
    });
    return checksum;
  }

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const std::string path_;
  std::unique_ptr<blob::BlobWriter> writer_;
  int64_t bytes_ = 0;
};

}  // namespace

Artifacts::Artifacts(storage::Database& database, blob::BlobStore& store, events::EventLog& events,
                     const Clock& clock)
    : database_(database), store_(store), events_(events), clock_(clock) {}

std::unique_ptr<Upload> Artifacts::Create(const std::string& path) {
  return std::make_unique<StoreUpload>(database_, events_, clock_, path, store_.Create(path));
}

Checksum Artifacts::Put(const std::string& path, std::string_view bytes, const std::string& who) {
  const auto upload = Create(path);
  upload->Write(bytes);
  return upload->Commit(who);
}

std::string Artifacts::ReadAll(const std::string& path) const {
  return store_.ReadAll(path);
}

void Artifacts::Read(const std::string& path,
                     const std::function<bool(std::string_view)>& each) const {
  store_.Read(path, 0, std::nullopt, each);
}

std::optional<blob::BlobInfo> Artifacts::Stat(const std::string& path) const {
  return store_.Stat(path);
}

std::vector<blob::BlobInfo> Artifacts::List(const std::string& folder) const {
  return store_.List(folder);
}

void Artifacts::Remove(const std::string& path, const std::string& who) {
  if (!store_.Stat(path)) return;
  store_.Remove(path);
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kForgetArtifacts, {path, path + "/", path + "0"});
    events_.Append(connection, "artifact.deleted", "artifact:" + path, who);
  });
}

std::optional<std::filesystem::path> Artifacts::LocalPath(const std::string& path) const {
  return store_.LocalPath(path);
}

std::optional<Checksum> Artifacts::FindChecksum(const std::string& path) const {
  return database_.Read([&](Connection& connection) -> std::optional<Checksum> {
    const auto row = connection.SelectOne(sql::kArtifactByPath, {path});
    if (!row) return std::nullopt;
    return Checksum{row->Int(0), row->Text(1)};
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
