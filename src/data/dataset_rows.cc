#include "data/dataset_rows.h"

#include "base/error.h"

namespace millwright::data {
namespace {

struct StateRow {
  Snapshot::State state;
  std::string_view name;
};

constexpr StateRow kStates[] = {
    {Snapshot::State::kArchived, "archived"},
    {Snapshot::State::kParsed, "parsed"},
    {Snapshot::State::kFailed, "failed"},
};

struct VersionStateRow {
  VersionState state;
  std::string_view name;
};

constexpr VersionStateRow kVersionStates[] = {
    {VersionState::kReady, "ready"},
    {VersionState::kPending, "pending"},
    {VersionState::kQuarantined, "quarantined"},
    {VersionState::kReleased, "released"},
};

Snapshot::State ParseState(const std::string& name) {
  for (const auto& row : kStates)
    if (row.name == name) return row.state;
  throw Internal("Unknown state of a snapshot: {}", name);
}

}  // namespace

VersionState ParseVersionState(const std::string& name) {
  for (const auto& row : kVersionStates)
    if (row.name == name) return row.state;
  throw Internal("Unknown state of a version: {}", name);
}

std::string_view VersionStateName(VersionState state) {
  for (const auto& row : kVersionStates)
    if (row.state == state) return row.name;
  return "";
}

std::string_view SnapshotStateName(Snapshot::State state) {
  for (const auto& row : kStates)
    if (row.state == state) return row.name;
  return "";
}

Json InputsToJson(const std::vector<Input>& inputs) {
  Json json = Json::MakeArray();
  for (const auto& input : inputs)
    json.Append(
        Json::Of({{"view", input.view}, {"dataset", input.dataset}, {"version", input.version}}));
  return json;
}

std::vector<Input> InputsFromJson(const Json& json) {
  std::vector<Input> inputs;
  for (const Json& input : json.AsArray("inputs"))
    inputs.push_back(
        {input.GetString("view"), input.GetString("dataset"), input.GetInt("version")});
  return inputs;
}

DatasetVersion VersionFromRow(const storage::Row& row) {
  DatasetVersion version;
  version.dataset = row.Text(0);
  version.version = row.Int(1);
  version.md5 = row.Text(2);
  version.sha256 = row.Text(3);
  version.bytes = static_cast<uint64_t>(row.Int(4));
  version.row_count = row.Int(5);
  version.columns = ColumnsFromJson(ParseJson(row.Text(6)));
  version.source = row.Text(7);
  version.snapshot_id = row.OptionalText(8);
  version.sql = row.OptionalText(9);
  version.inputs = InputsFromJson(ParseJson(row.Text(10)));
  version.created_ms = row.Int(11);
  version.created_by = row.Text(12);
  version.state = ParseVersionState(row.Text(13));
  version.state_reason = row.Text(14);
  version.state_ms = row.Int(15);
  version.state_by = row.Text(16);
  return version;
}

Snapshot SnapshotFromRow(const storage::Row& row) {
  Snapshot snapshot;
  snapshot.id = row.Text(0);
  snapshot.source = row.Text(1);
  snapshot.location = row.Text(2);
  snapshot.sha256 = row.Text(3);
  snapshot.bytes = static_cast<uint64_t>(row.Int(4));
  snapshot.etag = row.Text(5);
  snapshot.parser = row.Text(6);
  snapshot.state = ParseState(row.Text(7));
  snapshot.error = row.Text(8);
  snapshot.dataset = row.Text(9);
  snapshot.version = row.Int(10);
  snapshot.created_ms = row.Int(11);
  return snapshot;
}

}  // namespace millwright::data
