#include "data/dataset_store.h"

#include <algorithm>
#include <charconv>

#include "base/digest.h"
#include "base/error.h"
#include "base/id.h"
#include "data/dataset_rows.h"
#include "data/sql.h"

namespace millwright::data {
namespace {

using storage::Connection;
using storage::Optional;
using storage::Row;

constexpr size_t kUploadChunkBytes = 1 << 20;

void RequireLimit(int64_t limit, int64_t max) {
  if (limit < 1 || limit > max)
    throw InvalidArgument("Limit must be 1 to {}: {}", max, limit).WithField("limit");
}

[[noreturn]] void RefuseHeld(const DatasetVersion& version) {
  if (version.state == VersionState::kPending)
    throw FailedPrecondition("{} is held until its suites have judged it", version.Reference());
  throw FailedPrecondition("{} is quarantined: {}. It can be released with a reason",
                           version.Reference(), version.state_reason);
}

std::string Recipe(const std::string& sql, const std::vector<Input>& inputs) {
  return Sha256Hex(Json::Of({{"sql", sql}, {"inputs", InputsToJson(inputs)}}).Dump());
}

void RequireInputs(const std::vector<Input>& inputs) {
  if (inputs.empty()) throw InvalidArgument("A derived dataset needs inputs").WithField("inputs");
  if (inputs.size() > kInputsMax)
    throw InvalidArgument("{} inputs, {} are allowed", inputs.size(), kInputsMax)
        .WithField("inputs");
  for (const auto& input : inputs) RequireName(input.view, "inputs");
}

}  // namespace

DatasetStore::DatasetStore(storage::Database& database, events::EventLog& events,
                           lineage::LineageGraph& lineage, const Clock& clock, DataOptions options,
                           VersionGate* gate)
    : database_(database),
      events_(events),
      lineage_(lineage),
      clock_(clock),
      options_(std::move(options)),
      content_(options_.root),
      writer_(content_, options_),
      gate_(gate) {}

std::vector<DatasetSummary> DatasetStore::List(int limit, const std::string& after) const {
  RequireLimit(limit, kPageMax);
  return database_.Read([&](Connection& connection) {
    std::vector<DatasetSummary> datasets;
    for (const Row& row : connection.Select(sql::kListDatasets, {after, int64_t{limit}}))
      datasets.push_back({row.Text(0), VersionFromRow(row)});
    return datasets;
  });
}

DatasetVersion DatasetStore::Get(const std::string& name, int64_t version) const {
  DatasetVersion found = Look(name, version);
  if (found.is_held()) RefuseHeld(found);
  return found;
}

DatasetVersion DatasetStore::Look(const std::string& name, int64_t version) const {
  const auto [found, held] = database_.Read([&](Connection& connection) {
    auto row = version == 0 ? connection.SelectOne(sql::kLatestVersion, {name})
                            : connection.SelectOne(sql::kGetVersion, {name, version});
    std::optional<Row> newest;
    if (!row && version == 0) newest = connection.SelectOne(sql::kListVersions, {name, int64_t{1}});
    return std::pair(std::move(row), std::move(newest));
  });
  if (found) return VersionFromRow(*found);
  if (held) RefuseHeld(VersionFromRow(*held));
  if (version == 0) throw NotFound("Dataset", name);
  throw NotFound("Dataset version", fmt::format("{}@{}", name, version));
}

std::vector<DatasetVersion> DatasetStore::Versions(const std::string& name, int limit) const {
  RequireLimit(limit, kPageMax);
  return database_.Read([&](Connection& connection) {
    std::vector<DatasetVersion> versions;
    for (const Row& row : connection.Select(sql::kListVersions, {name, int64_t{limit}}))
      versions.push_back(VersionFromRow(row));
    if (versions.empty()) throw NotFound("Dataset", name);
    return versions;
  });
}

DatasetVersion DatasetStore::Resolve(const std::string& reference) const {
  const size_t at = reference.rfind('@');
  if (at == std::string::npos) return Get(reference);
  int64_t version = 0;
  const char* const end = reference.data() + reference.size();
  const auto [stop, error] = std::from_chars(reference.data() + at + 1, end, version);
  if (error != std::errc() || stop != end || version < 1)
    throw InvalidArgument("Dataset reference is not NAME or NAME@VERSION: {}", reference);
  return Get(reference.substr(0, at), version);
}

std::vector<DatasetVersion> DatasetStore::Held(const std::string& name, int limit) const {
  RequireLimit(limit, kPageMax);
  return database_.Read([&](Connection& connection) {
    std::vector<DatasetVersion> versions;
    for (const Row& row : connection.Select(sql::kListHeld, {name, int64_t{limit}}))
      versions.push_back(VersionFromRow(row));
    return versions;
  });
}

std::filesystem::path DatasetStore::File(const DatasetVersion& version) const {
  return content_.TablePath(version.md5);
}

std::string DatasetStore::ReadSql(const DatasetVersion& version) const {
  return ReadTableSql(File(version));
}

analytics::Table DatasetStore::Rows(const DatasetVersion& version, int64_t limit,
                                    int64_t offset) const {
  RequireLimit(limit, kRowsPageMax);
  if (offset < 0) throw InvalidArgument("Offset is negative: {}", offset).WithField("offset");
  return writer_.Open({File(version)})
      .Query(fmt::format("FROM {} LIMIT {} OFFSET {}", ReadSql(version), limit, offset));
}

Snapshot DatasetStore::GetSnapshot(const std::string& id) const {
  return database_.Read([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kGetSnapshot, {id});
    if (!row) throw NotFound("Snapshot", id);
    return SnapshotFromRow(*row);
  });
}

std::filesystem::path DatasetStore::RawFile(const Snapshot& snapshot) const {
  return content_.RawPath(snapshot.sha256);
}

Versioned DatasetStore::Upload(const std::string& name, const std::string& file_name,
                               const ByteReader& read, const std::string& who, const Json& config,
                               const ProgressFunction& progress) {
  RequireName(name, "name");
  const Reader reader = MakeReader(config, ReaderByName(file_name));
  Incoming incoming(content_.temp_folder());
  std::vector<char> buffer(kUploadChunkBytes);
  uint64_t bytes = 0;
  while (const size_t size = read(buffer.data(), buffer.size())) {
    incoming.Write({buffer.data(), size});
    bytes += size;
    if (progress) progress({Progress::Stage::kReading, bytes, 0});
  }
  const ContentHash hash = incoming.Finish();
  content_.KeepRaw(incoming.path(), hash);
  Snapshot snapshot;
  snapshot.id = NewShortId("snap-");
  snapshot.location = file_name;
  snapshot.sha256 = hash.sha256;
  snapshot.bytes = hash.bytes;
  snapshot.parser = reader.Fingerprint();
  snapshot.dataset = name;
  AddSnapshot(snapshot, who);
  return Parse(snapshot, reader, who, progress);
}

Versioned DatasetStore::Derive(const std::string& name, const std::string& sql,
                               const std::vector<Input>& inputs, const std::string& who,
                               const std::function<bool()>& is_wanted) {
  RequireName(name, "name");
  RequireInputs(inputs);
  Registration registration;
  std::vector<View> views;
  for (const auto& input : inputs) {
    const DatasetVersion version = Get(input.dataset, input.version);
    registration.inputs.push_back({input.view, input.dataset, version.version});
    registration.upstream.emplace_back("dataset:" + version.Reference(), "derived");
    views.push_back({input.view, File(version)});
  }
  registration.recipe = Recipe(sql, registration.inputs);
  if (auto known = FindRecipe(name, registration.recipe)) return {std::move(*known), true};
  registration.dataset = name;
  registration.source = "derived";
  registration.sql = sql;
  registration.who = who;
  registration.table = writer_.FromQuery(sql, views, is_wanted);
  return Register(registration);
}

std::optional<DatasetVersion> DatasetStore::FindRecipe(const std::string& name,
                                                       const std::string& recipe) const {
  return database_.Read([&](Connection& connection) -> std::optional<DatasetVersion> {
    const auto row = connection.SelectOne(sql::kVersionByRecipe, {name, recipe});
    if (!row) return std::nullopt;
    return VersionFromRow(*row);
  });
}

Versioned DatasetStore::Register(const Registration& registration) {
  const int64_t now_ms = clock_.NowMs();
  const auto& name = registration.dataset;
  bool is_unchanged = false;
  const int64_t version = database_.Write([&](Connection& connection) {
    connection.Execute(sql::kEnsureDataset, {name, now_ms, registration.who});
    const int64_t latest = connection.SelectOne(sql::kLockDataset, {name})->Int(0);
    is_unchanged = latest > 0 && IsSameAs(connection, registration, latest);
    const int64_t number =
        is_unchanged ? latest : Insert(connection, registration, latest + 1, now_ms);
    if (registration.snapshot)
      connection.Execute(sql::kSnapshotParsed, {registration.snapshot->id, number});
    for (const auto& [node, label] : registration.upstream)
      lineage_.Add(connection, node, fmt::format("dataset:{}@{}", name, number), label);
    return number;
  });
  DatasetVersion made = Look(name, version);
  if (!is_unchanged && made.state == VersionState::kPending) made = Settle(made);
  return {std::move(made), is_unchanged};
}

// What is left of a version whose rows were set aside stands for that version.
bool DatasetStore::IsSameAs(Connection& connection, const Registration& registration,
                            int64_t version) const {
  const auto content = connection.SelectOne(sql::kLatestContent, {registration.dataset, version});
  if (content->Text(0) == registration.table.hash.md5 && content->Text(1) == registration.recipe)
    return true;
  if (!content->Text(1).starts_with(kRestRecipe)) return false;
  const auto inputs = InputsFromJson(ParseJson(content->Text(2)));
  return inputs.at(0).version < version && IsSameAs(connection, registration, inputs.at(0).version);
}

int64_t DatasetStore::Insert(Connection& connection, const Registration& registration,
                             int64_t version, int64_t now_ms) {
  const auto& name = registration.dataset;
  const auto& table = registration.table;
  const auto bytes = static_cast<int64_t>(table.hash.bytes);
  std::optional<std::string> snapshot_id;
  if (registration.snapshot) snapshot_id = registration.snapshot->id;
  const std::string source = registration.snapshot ? registration.snapshot->source : "";
  const bool is_judged = gate_ != nullptr && !gate_->Stamp(connection, name, source).empty();
  const VersionState state = is_judged ? VersionState::kPending : VersionState::kReady;
  connection.Execute(sql::kSetLatestVersion, {name, version});
  connection.Execute(
      sql::kInsertVersion,
      {name, version, table.hash.md5, table.hash.sha256, bytes, table.row_count,
       ColumnsToJson(table.columns).Dump(), registration.source, Optional(snapshot_id),
       Optional(registration.sql), InputsToJson(registration.inputs).Dump(), registration.recipe,
       now_ms, registration.who, std::string(VersionStateName(state))});
  if (version == 1)
    events_.Append(connection, "dataset.created", "dataset:" + name, registration.who);
  DatasetVersion made;
  made.dataset = name;
  made.version = version;
  made.row_count = table.row_count;
  made.bytes = table.hash.bytes;
  made.sha256 = table.hash.sha256;
  made.source = registration.source;
  made.created_by = registration.who;
  SetState(connection, made, state, registration.reason, registration.who);
  if (state == VersionState::kReady) AppendCreated(connection, made);
  return version;
}

void DatasetStore::AddSnapshot(const Snapshot& snapshot, const std::string& who) {
  const int64_t now_ms = clock_.NowMs();
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kInsertSnapshot,
                       {snapshot.id, snapshot.source, snapshot.location, snapshot.sha256,
                        static_cast<int64_t>(snapshot.bytes), snapshot.etag, snapshot.parser,
                        snapshot.dataset, now_ms});
    if (!snapshot.source.empty())
      lineage_.Add(connection, "source:" + snapshot.source, "snapshot:" + snapshot.id, "archived");
    events_.Append(connection, "snapshot.created", "snapshot:" + snapshot.id, who,
                   Json::Of({{"source", snapshot.source},
                             {"location", snapshot.location},
                             {"sha256", snapshot.sha256},
                             {"bytes", static_cast<int64_t>(snapshot.bytes)}}));
  });
}

Versioned DatasetStore::Parse(const Snapshot& snapshot, const Reader& reader,
                              const std::string& who, const ProgressFunction& progress) {
  Registration registration;
  try {
    registration.table = writer_.FromRaw(reader, content_.RawPath(snapshot.sha256), progress);
  } catch (const Error& error) {
    MarkFailed(snapshot, error, who);
    throw Error(error.code(),
                fmt::format("Cannot parse {} as {} (its bytes are kept as snapshot {}): {}",
                            snapshot.location, TableFormatName(reader.format), snapshot.id,
                            error.message()));
  }
  registration.dataset = snapshot.dataset;
  registration.source = snapshot.location;
  registration.snapshot = snapshot;
  registration.upstream.emplace_back("snapshot:" + snapshot.id, "parsed");
  registration.who = who;
  return Register(registration);
}

void DatasetStore::MarkFailed(const Snapshot& snapshot, const Error& error,
                              const std::string& who) {
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kSnapshotFailed, {snapshot.id, error.message()});
    events_.Append(
        connection, "source.failed",
        snapshot.source.empty() ? "snapshot:" + snapshot.id : "source:" + snapshot.source, who,
        Json::Of({{"snapshot", snapshot.id}, {"error", error.message()}}));
  });
}

}  // namespace millwright::data
