#include "data/split_store.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/id.h"
#include "data/sql.h"

namespace millwright::data {
namespace {

using storage::Connection;
using storage::Row;

Json PartsToJson(const std::vector<SplitPart>& parts) {
  Json json = Json::MakeArray();
  for (const auto& part : parts)
    json.Append(Json::Of({{"name", part.name},
                          {"predicate", part.predicate},
                          {"row_count", part.row_count},
                          {"digest", part.digest}}));
  return json;
}

Split SplitFromRow(const Row& row) {
  Split split;
  split.id = row.Text(0);
  split.dataset = row.Text(1);
  split.version = row.Int(2);
  split.name = row.Text(3);
  split.spec = SplitSpec::FromJson(ParseJson(row.Text(5)));
  const Json parts = ParseJson(row.Text(6));
  for (const Json& part : parts.AsArray())
    split.parts.push_back({part.GetString("name"), part.GetString("predicate"),
                           part.GetInt("row_count"), part.GetString("digest")});
  split.unassigned_count = row.Int(7);
  split.created_ms = row.Int(8);
  split.created_by = row.Text(9);
  return split;
}

// The version's table with the number of each row.
std::string NumberedTable(const std::filesystem::path& file) {
  return fmt::format("read_parquet({}, file_row_number = true)",
                     analytics::QuoteText(file.string()));
}

std::string Placed(std::string predicate, const std::string& table) {
  const size_t mark = predicate.find(kTableMark);
  if (mark != std::string::npos) predicate.replace(mark, kTableMark.size(), table);
  return predicate;
}

}  // namespace

const SplitPart& Split::Part(const std::string& part) const {
  for (const auto& candidate : parts)
    if (candidate.name == part) return candidate;
  throw NotFound("Part of split " + name, part);
}

SplitStore::SplitStore(storage::Database& database, events::EventLog& events,
                       lineage::LineageGraph& lineage, const Clock& clock, DatasetStore& datasets)
    : database_(database), events_(events), lineage_(lineage), clock_(clock), datasets_(datasets) {}

Split SplitStore::Create(const std::string& name, const DatasetVersion& version,
                         const SplitSpec& spec, const std::string& who) {
  RequireName(name, "name");
  Split split;
  split.id = NewShortId("split-");
  split.dataset = version.dataset;
  split.version = version.version;
  split.name = name;
  split.spec = spec;
  split.created_ms = clock_.NowMs();
  split.created_by = who;
  const auto existing = database_.Read([&](Connection& connection) {
    return connection.SelectOne(sql::kFindSplit, {version.dataset, version.version, name});
  });
  if (existing) {
    Split known = SplitFromRow(*existing);
    if (known.spec.ToJson() != spec.ToJson())
      throw AlreadyExists("Split with another specification",
                          fmt::format("{} of {}", name, version.Reference()));
    return known;
  }
  Measure(version, &split);
  const std::string node = "split:" + split.id;
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kInsertSplit, {split.id, split.dataset, split.version, split.name,
                                           std::string(SplitKindName(spec.kind)),
                                           spec.ToJson().Dump(), PartsToJson(split.parts).Dump(),
                                           split.unassigned_count, split.created_ms, who});
    lineage_.Add(connection, "dataset:" + version.Reference(), node, "split");
    events_.Append(connection, "split.created", node, who,
                   Json::Of({{"dataset", split.dataset},
                             {"version", split.version},
                             {"name", split.name},
                             {"parts", PartsToJson(split.parts)}}));
  });
  return split;
}

void SplitStore::Measure(const DatasetVersion& version, Split* split) const {
  const auto file = datasets_.File(version);
  const std::string table = NumberedTable(file);
  // The rows of a part are told apart by the XOR and the sum of a hash of their numbers.
  std::string sql = "SELECT count(*)";
  for (const std::string& predicate : PartPredicates(split->spec, version.columns)) {
    const std::string where = Placed(predicate, table);
    sql += fmt::format(
        ", count(*) FILTER (WHERE {0}), "
        "coalesce(bit_xor(md5_number_lower(file_row_number::VARCHAR)) FILTER (WHERE {0}), "
        "0)::VARCHAR, "
        "coalesce(sum(md5_number_lower(file_row_number::VARCHAR)) FILTER (WHERE {0}), 0)::VARCHAR",
        where);
    split->parts.push_back({split->spec.parts[split->parts.size()].name, predicate, 0, ""});
  }
  const analytics::Table answer = datasets_.writer().Open({file}).Query(sql + " FROM " + table);
  split->unassigned_count = answer.Int(0, 0);
  for (size_t i = 0; i < split->parts.size(); ++i) {
    SplitPart& part = split->parts[i];
    part.row_count = answer.Int(0, 1 + i * 3);
    part.digest = Sha256Hex(fmt::format("{} {} {} {}", version.sha256, part.row_count,
                                        answer.Text(0, 2 + i * 3), answer.Text(0, 3 + i * 3)));
    split->unassigned_count -= part.row_count;
  }
}

Split SplitStore::Get(const std::string& id) const {
  return database_.Read([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kGetSplit, {id});
    if (!row) throw NotFound("Split", id);
    return SplitFromRow(*row);
  });
}

Split SplitStore::Find(const DatasetVersion& version, const std::string& name) const {
  return database_.Read([&](Connection& connection) {
    const auto row =
        connection.SelectOne(sql::kFindSplit, {version.dataset, version.version, name});
    if (!row) throw NotFound("Split of " + version.Reference(), name);
    return SplitFromRow(*row);
  });
}

std::vector<Split> SplitStore::List(const std::string& dataset, int limit) const {
  return database_.Read([&](Connection& connection) {
    std::vector<Split> splits;
    for (const Row& row :
         connection.Select(sql::kListSplits, {dataset, int64_t{std::clamp(limit, 1, kPageMax)}}))
      splits.push_back(SplitFromRow(row));
    return splits;
  });
}

std::string SplitStore::PartSql(const Split& split, const std::string& part) const {
  const std::string table =
      NumberedTable(datasets_.File(datasets_.Get(split.dataset, split.version)));
  return fmt::format("SELECT * EXCLUDE (file_row_number) FROM {} WHERE {}", table,
                     Placed(split.Part(part).predicate, table));
}

void SplitStore::WritePart(const Split& split, const std::string& part,
                           const std::filesystem::path& file) const {
  const DatasetVersion version = datasets_.Get(split.dataset, split.version);
  datasets_.writer().Export(PartSql(split, part), {datasets_.File(version)}, file);
}

}  // namespace millwright::data
