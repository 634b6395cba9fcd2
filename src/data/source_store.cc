#include "data/source_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/id.h"
#include "data/dataset_rows.h"
#include "data/sql.h"

namespace millwright::data {
namespace {

using storage::Connection;
using storage::Row;

struct KindRow {
  SourceKind kind;
  std::string_view name;
};

constexpr KindRow kKinds[] = {
    {SourceKind::kFile, "file"},
    {SourceKind::kHttp, "http"},
    {SourceKind::kUpload, "upload"},
};

constexpr size_t kReadChunkBytes = 1 << 20;
// A file that was written this short before it was read may be written again within the same tick
// of its time stamp; then the time stamp does not tell.
constexpr int64_t kRacyFileNs = 2'000'000'000;

Source SourceFromRow(const Row& row) {
  return {row.Text(0), ParseSourceKind(row.Text(1)),
          row.Text(2), ParseJson(row.Text(3)),
          row.Int(4),  row.Text(5)};
}

int64_t Nanoseconds(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

// Names a state of a file by its size, time and inode; empty where that does not tell for sure.
std::string FileEtag(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw NotFound("File", path);
    throw InvalidArgument("Cannot read the file {}: {}", path, std::strerror(errno));
  }
  if (!S_ISREG(about.st_mode)) throw InvalidArgument("Not a regular file: {}", path);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const int64_t changed = Nanoseconds(about.st_mtim);
  if (Nanoseconds(now) - changed < kRacyFileNs) return "";
  return fmt::format("file-{}-{}-{}", about.st_size, changed, about.st_ino);
}

bool IsHttpUrl(const std::string& url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

}  // namespace

// Bytes that were read but not archived yet. Nothing when the source says that it is unchanged.
struct SourceStore::Fetched {
  std::unique_ptr<Incoming> incoming;
  ContentHash hash;
  std::string location;
  std::string etag;
  std::optional<Reader> reader;  // as far as the location or the answer tells
};

std::string_view SourceKindName(SourceKind kind) {
  for (const auto& row : kKinds)
    if (row.kind == kind) return row.name;
  return "";
}

SourceKind ParseSourceKind(std::string_view name) {
  for (const auto& row : kKinds)
    if (row.name == name) return row.kind;
  throw InvalidArgument("Kind of a source must be file, http or upload: {}", name)
      .WithField("kind");
}

SourceStore::SourceStore(storage::Database& database, events::EventLog& events, const Clock& clock,
                         DatasetStore& datasets, fetch::Client& client)
    : database_(database), events_(events), clock_(clock), datasets_(datasets), client_(client) {}

void SourceStore::RequireInRoots(const std::filesystem::path& path) const {
  const auto& roots = datasets_.options().file_roots;
  if (roots.empty()) return;
  const auto real = std::filesystem::weakly_canonical(path);
  const bool inside = std::any_of(roots.begin(), roots.end(), [&](const auto& root) {
    const auto relative = real.lexically_relative(std::filesystem::weakly_canonical(root));
    return !relative.empty() && *relative.begin() != "..";
  });
  if (!inside)
    throw PermissionDenied("File lies outside of the folders that sources may read: {}",
                           path.string())
        .WithField("path");
}

void SourceStore::Validate(const Source& source) const {
  RequireName(source.name, "name");
  RequireName(source.dataset, "dataset");
  switch (source.kind) {
    case SourceKind::kFile: {
      const std::filesystem::path path = source.config.At("path").AsString("path");
      if (!path.is_absolute() || path.string().find('\0') != std::string::npos)
        throw InvalidArgument("Path of a source must be absolute: {}", path.string())
            .WithField("path");
      RequireInRoots(path);
      MakeReader(source.config, ReaderByName(path.string()));
      return;
    }
    case SourceKind::kHttp: {
      const std::string& url = source.config.At("url").AsString("url");
      if (!IsHttpUrl(url))
        throw InvalidArgument("URL must start with http:// or https://: {}", url).WithField("url");
      MakeReader(source.config, Reader{});
      return;
    }
    case SourceKind::kUpload:
      return;
  }
}

Source SourceStore::Put(const Source& source, const std::string& who) {
  Validate(source);
  const std::vector<storage::Value> values = {source.name, std::string(SourceKindName(source.kind)),
                                              source.dataset, source.config.Dump()};
  auto with_creation = values;
  with_creation.emplace_back(clock_.NowMs());
  with_creation.emplace_back(who);
  const Json payload =
      Json::Of({{"kind", SourceKindName(source.kind)}, {"dataset", source.dataset}});
  database_.Write([&](Connection& connection) {
    if (connection.Execute(sql::kInsertSource, with_creation) > 0) {
      events_.Append(connection, "source.created", "source:" + source.name, who, payload);
    } else if (connection.Execute(sql::kUpdateSource, values) > 0) {
      events_.Append(connection, "source.updated", "source:" + source.name, who, payload);
    }
  });
  return Get(source.name);
}

Source SourceStore::Get(const std::string& name) const {
  return database_.Read([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kGetSource, {name});
    if (!row) throw NotFound("Source", name);
    return SourceFromRow(*row);
  });
}

std::vector<Source> SourceStore::List(int limit, const std::string& after) const {
  return database_.Read([&](Connection& connection) {
    std::vector<Source> sources;
    for (const Row& row :
         connection.Select(sql::kListSources, {after, int64_t{std::clamp(limit, 1, kPageMax)}}))
      sources.push_back(SourceFromRow(row));
    return sources;
  });
}

std::vector<Snapshot> SourceStore::Snapshots(const std::string& name, int limit) const {
  return database_.Read([&](Connection& connection) {
    std::vector<Snapshot> snapshots;
    for (const Row& row :
         connection.Select(sql::kListSnapshots, {name, int64_t{std::clamp(limit, 1, kPageMax)}}))
      snapshots.push_back(SnapshotFromRow(row));
    return snapshots;
  });
}

std::mutex& SourceStore::LockOf(const std::string& name) {
  const std::lock_guard lock(locks_mutex_);
  return locks_[name];
}

Collected SourceStore::Collect(const std::string& name, const std::string& who,
                               const ProgressFunction& progress) {
  const Source source = Get(name);
  Validate(source);
  const std::lock_guard lock(LockOf(name));
  const auto last = database_.Read([&](Connection& connection) -> std::optional<Snapshot> {
    const auto row = connection.SelectOne(sql::kLatestSnapshot, {name, source.dataset});
    if (!row) return std::nullopt;
    return SnapshotFromRow(*row);
  });
  const bool is_parsed = last && last->state == Snapshot::State::kParsed;
  const std::string known_etag = is_parsed ? last->etag : "";
  const auto fetch = [&]() -> Fetched {
    switch (source.kind) {
      case SourceKind::kFile:
        return FetchFile(source, known_etag, progress);
      case SourceKind::kHttp:
        return FetchHttp(source, known_etag, progress);
      case SourceKind::kUpload:
        break;
    }
    throw FailedPrecondition("Source is filled by uploads, it cannot be collected: {}", name);
  };
  const Fetched fetched = fetch();
  const Reader reader = MakeReader(source.config, fetched.reader);
  const std::string parser = reader.Fingerprint();
  if (!fetched.incoming && last->parser == parser) return Unchanged(*last);
  if (fetched.incoming && is_parsed && last->sha256 == fetched.hash.sha256 &&
      last->parser == parser) {
    database_.Write([&](Connection& connection) {
      connection.Execute(sql::kSnapshotSeen, {last->id, fetched.etag});
    });
    return Unchanged(*last);
  }
  const Snapshot snapshot = Archive(source, fetched, parser, last, who);
  Versioned parsed = datasets_.Parse(snapshot, reader, who, progress);
  Collected collected{std::move(parsed.version), parsed.is_unchanged, snapshot};
  collected.snapshot.state = Snapshot::State::kParsed;
  collected.snapshot.version = collected.version.version;
  return collected;
}

Collected SourceStore::Unchanged(const Snapshot& snapshot) const {
  return {datasets_.Look(snapshot.dataset, snapshot.version), true, snapshot};
}

SourceStore::Fetched SourceStore::FetchFile(const Source& source, const std::string& known_etag,
                                            const ProgressFunction& progress) {
  Fetched fetched;
  fetched.location = source.config.At("path").AsString("path");
  fetched.reader = ReaderByName(fetched.location);
  fetched.etag = FileEtag(fetched.location);
  if (!fetched.etag.empty() && fetched.etag == known_etag) return fetched;
  std::ifstream file(fetched.location, std::ios::binary);
  if (!file) throw InvalidArgument("Cannot read the file: {}", fetched.location);
  const uint64_t total = std::filesystem::file_size(fetched.location);
  if (total > kSourceBytesMax)
    throw ResourceExhausted("File is larger than {} bytes: {}", kSourceBytesMax, fetched.location);
  fetched.incoming = std::make_unique<Incoming>(datasets_.content().temp_folder());
  std::vector<char> buffer(kReadChunkBytes);
  uint64_t done = 0;
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0) {
    const auto size = static_cast<size_t>(file.gcount());
    fetched.incoming->Write({buffer.data(), size});
    done += size;
    if (progress) progress({Progress::Stage::kReading, done, total});
  }
  if (file.bad()) throw Internal("Reading failed: {}", fetched.location);
  fetched.hash = fetched.incoming->Finish();
  // A file that changed while it was read has no state to be known by.
  if (FileEtag(fetched.location) != fetched.etag) fetched.etag.clear();
  return fetched;
}

SourceStore::Fetched SourceStore::FetchHttp(const Source& source, const std::string& known_etag,
                                            const ProgressFunction& progress) {
  Fetched fetched;
  fetched.location = source.config.At("url").AsString("url");
  fetched.incoming = std::make_unique<Incoming>(datasets_.content().temp_folder());
  fetch::FetchRequest request;
  request.url = fetched.location;
  if (const Json* headers = source.config.Find("headers"); headers != nullptr)
    for (const auto& [name, value] : headers->AsObject("headers"))
      request.headers.emplace_back(name, value.AsString("headers"));
  if (!known_etag.empty()) request.headers.emplace_back("If-None-Match", known_etag);
  request.timeout_ms = 0;
  request.body_bytes_max = kSourceBytesMax;
  request.follow_redirects = true;
  uint64_t done = 0;
  request.on_body = [&](std::string_view part) {
    fetched.incoming->Write(part);
    done += part.size();
    if (progress) progress({Progress::Stage::kReading, done, 0});
    return true;
  };
  const fetch::FetchResponse response = client_.Fetch(request);
  fetched.reader = ReaderByName(fetched.location);
  if (!fetched.reader) fetched.reader = ReaderByContentType(response.Header("Content-Type"));
  if (response.status == 304 && !known_etag.empty()) {
    fetched.incoming.reset();
    return fetched;
  }
  if (response.status != 200)
    throw Unavailable("Source answered with status {}: {}", response.status, fetched.location);
  fetched.etag = std::string(response.Header("ETag"));
  fetched.hash = fetched.incoming->Finish();
  return fetched;
}

Snapshot SourceStore::Archive(const Source& source, const Fetched& fetched,
                              const std::string& parser, const std::optional<Snapshot>& last,
                              const std::string& who) {
  // An unchanged source whose parser changed is parsed anew from the bytes that are kept; bytes
  // whose parsing failed or was cut off keep their row of the manifest.
  if (last && last->parser == parser && last->state != Snapshot::State::kParsed &&
      last->sha256 == fetched.hash.sha256) {
    datasets_.content().KeepRaw(fetched.incoming->path(), fetched.hash);
    return *last;
  }
  Snapshot snapshot;
  snapshot.id = NewShortId("snap-");
  snapshot.source = source.name;
  snapshot.location = fetched.location;
  snapshot.sha256 = fetched.incoming ? fetched.hash.sha256 : last->sha256;
  snapshot.bytes = fetched.incoming ? fetched.hash.bytes : last->bytes;
  snapshot.etag = fetched.incoming ? fetched.etag : last->etag;
  snapshot.parser = parser;
  snapshot.dataset = source.dataset;
  snapshot.created_ms = clock_.NowMs();
  if (fetched.incoming) datasets_.content().KeepRaw(fetched.incoming->path(), fetched.hash);
  datasets_.AddSnapshot(snapshot, who);
  return snapshot;
}

}  // namespace millwright::data
