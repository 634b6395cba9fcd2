#include <algorithm>
#include <thread>

#include "artifacts/artifacts.h"
#include "artifacts/sql.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"

// Whether the store still has what was stored.
namespace millwright::artifacts {
namespace {

using storage::Connection;

constexpr int64_t kListedAtOnce = 500;
constexpr int64_t kProgressUs = 250'000;
constexpr int64_t kPauseUsMax = 100'000;  // so that a slow check still ends when it is told to

struct KnownFile {
  std::string path;
  Checksum checksum;
  bool is_marked = false;  // its damage was noted before
};

// One check on its way.
class Check {
 public:
  explicit Check(const Verification& verification)
      : verification_(verification), started_us_(MonotonicUs()), told_us_(started_us_) {}

  // Counts bytes that were read, waits where that was too fast, and says how far it is. False ends.
  bool Count(size_t bytes) {
    done_.bytes += static_cast<int64_t>(bytes);
    do {
      const int64_t now_us = MonotonicUs();
      if (now_us - told_us_ >= kProgressUs) Tell(now_us);
      const int64_t pause_us = DueUs() - now_us;
      if (!goes_on_ || pause_us <= 0) break;
      std::this_thread::sleep_for(std::chrono::microseconds(std::min(pause_us, kPauseUsMax)));
    } while (true);
    return goes_on_;
  }
  void Passed(const std::string& path) {
    ++done_.files;
    last_ = path;
  }
  void Tell(int64_t now_us) {
    told_us_ = now_us;
    goes_on_ = goes_on_ && verification_.on_progress(done_, last_);
  }
  bool goes_on() const { return goes_on_; }
  const VerifiedFiles& done() const { return done_; }

 private:
  // When so many bytes may have been read.
  int64_t DueUs() const {
    if (verification_.bytes_per_s == 0) return 0;
    const double seconds =
        static_cast<double>(done_.bytes) / static_cast<double>(verification_.bytes_per_s);
    return started_us_ + static_cast<int64_t>(seconds * 1e6);
  }

  const Verification& verification_;
  const int64_t started_us_;
  int64_t told_us_;
  VerifiedFiles done_;
  std::string last_ = verification_.after;
  bool goes_on_ = true;
};

std::vector<KnownFile> KnownBehind(storage::Database& database, const std::string& after) {
  return database.Read([&](Connection& connection) {
    std::vector<KnownFile> files;
    for (const auto& row : connection.Select(sql::kKnownArtifacts, {after, kListedAtOnce}))
      files.push_back({row.Text(0), {row.Int(1), row.Text(2), row.Text(3)}, row.Int(4) != 0});
    return files;
  });
}

// What was found where a file should be.
struct Found {
  std::string sha256;  // empty where it cannot be read
  std::string version;
};

// Nothing where there is no file.
std::optional<Found> Find(blob::BlobStore& store, const std::string& path, Check* check) {
  try {
    const auto reader = store.Open(path);
    if (!reader) return std::nullopt;
    Digest digest(Digest::Kind::kSha256);
    reader->Read(0, std::nullopt, [&](std::string_view bytes) {
      digest.Update(bytes);
      return check->Count(bytes.size());
    });
    // Whoever writes into the file meanwhile has changed it.
    return Found{digest.FinishHex(), reader->WasChanged() ? "" : reader->info().version};
  } catch (const Error& error) {
    if (error.code() == Code::kInvalidArgument) return std::nullopt;  // a link took its place
    if (error.code() != Code::kInternal) throw;
    Log(LogLevel::kError, "artifacts", "a file cannot be read",
        {{"path", path}, {"error", error.message()}});
    const auto info = store.Stat(path);
    return Found{"", info ? info->version : ""};
  }
}

}  // namespace

std::string_view FaultName(Fault fault) {
  constexpr std::string_view kNames[] = {"damaged", "missing", "changed"};
  return kNames[static_cast<size_t>(fault)];
}

StoredFile::StoredFile(const Artifacts& artifacts, std::unique_ptr<blob::BlobReader> reader,
                       std::optional<Checksum> checksum)
    : artifacts_(artifacts), reader_(std::move(reader)), checksum_(std::move(checksum)) {}

// The last piece is held back, so that whoever reads damaged bytes never gets all that he waits
// for.
void StoredFile::Read(const std::function<bool(std::string_view)>& each) {
  if (!checksum_) return reader_->Read(0, std::nullopt, each);
  Digest digest(Digest::Kind::kSha256);
  std::string last;
  uint64_t read = 0;
  bool stopped = false;
  reader_->Read(0, std::nullopt, [&](std::string_view bytes) {
    digest.Update(bytes);
    read += bytes.size();
    if (read >= info().bytes) {
      last.append(bytes);
      return true;
    }
    stopped = !each(bytes);
    return !stopped;
  });
  if (stopped) return;
  if (digest.FinishHex() != checksum_->sha256) {
    if (reader_->WasChanged())
      throw Internal("The file was written to while it was read: {}", info().path);
    artifacts_.NoteDamage(info().path, *checksum_);
    throw Internal("The store's file is not what was stored, its SHA-256 differs: {}", info().path);
  }
  if (!last.empty()) each(last);
}

std::optional<std::string> StoredFile::ReadAtOnce() {
  auto bytes = reader_->ReadAtOnce();
  if (bytes && checksum_ && Sha256Hex(*bytes) != checksum_->sha256) return std::nullopt;
  return bytes;
}

void Artifacts::NoteDamage(const std::string& path, const Checksum& checksum) const {
  damage_found_.fetch_add(1);
  Log(LogLevel::kError, "artifacts", "a file of the store is damaged",
      {{"path", path}, {"sha256", checksum.sha256}});
  database_.Write([&](Connection& connection) {
    const auto parameters = {storage::Value(path), storage::Value(checksum.version),
                             storage::Value(clock_.NowMs())};
    if (connection.Execute(sql::kNoteDamage, parameters) == 0) return;
    events_.Append(connection, "artifact.damaged", "artifact:" + path, "system",
                   Json::Of({{"bytes", checksum.bytes}, {"sha256", checksum.sha256}}));
  });
}

VerifiedFiles Artifacts::CountKnown(const std::string& after) const {
  return database_.Read([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kCountArtifacts, {after});
    return VerifiedFiles{row->Int(0), row->Int(1)};
  });
}

void Artifacts::NoteSound(const std::string& path, const Checksum& checksum) const {
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kNoteSound, {path, checksum.version, checksum.sha256});
  });
  known_sums_.Put(path, checksum.version, checksum.sha256, MonotonicUs());
}

VerifiedFiles Artifacts::Verify(const Verification& verification) const {
  Check check(verification);
  const auto look = [&](const KnownFile& file) {
    const Checksum& stored = file.checksum;
    const auto found = Find(store_, file.path, &check);
    if (!check.goes_on()) return;
    const bool is_same_version = found && found->version == stored.version;
    if (found && !found->version.empty() && found->sha256 == stored.sha256) {
      if (!is_same_version || file.is_marked)
        NoteSound(file.path, {stored.bytes, stored.sha256, found->version});
      return;
    }
    // Files come and go meanwhile: it counts only while the same is known of this one.
    const auto now = FindChecksum(file.path);
    if (!now || now->sha256 != stored.sha256 || now->version != stored.version) return;
    if (is_same_version) NoteDamage(file.path, stored);
    verification.on_fault(file.path, !found            ? Fault::kMissing
                                     : is_same_version ? Fault::kDamaged
                                                       : Fault::kChanged);
  };
  std::string after = verification.after;
  while (check.goes_on()) {
    const auto files = KnownBehind(database_, after);
    if (files.empty()) break;
    for (const auto& file : files) {
      look(file);
      if (!check.goes_on()) return check.done();
      check.Passed(file.path);
    }
    after = files.back().path;
  }
  check.Tell(MonotonicUs());
  return check.done();
}

}  // namespace millwright::artifacts
