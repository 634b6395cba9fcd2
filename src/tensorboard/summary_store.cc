#include "tensorboard/summary_store.h"

#include "base/error.h"
#include "tensorboard/sql.h"

namespace millwright::tensorboard {
namespace {

using storage::Connection;
using storage::Row;
using storage::Value;

struct KindRow {
  TagKind kind;
  std::string_view name;
  size_t samples_max;
};
constexpr KindRow kKinds[] = {
    {TagKind::kScalar, "scalar", 0}, {TagKind::kHistogram, "histogram", 500},
    {TagKind::kImage, "image", 50},  {TagKind::kText, "text", 100},
    {TagKind::kUnshown, "other", 0},
};

const KindRow& RowOf(TagKind kind) {
  return kKinds[static_cast<size_t>(kind)];
}

EventFile FileOf(const Row& row) {
  return {row.Text(0), row.Int(1), row.Int(2), row.Text(3), row.Int(4)};
}

void MoveMark(Connection& connection, const std::string& run, const SummaryChange& change) {
  const EventFile& file = change.file;
  const std::vector<Value> row = {run,          file.name,    file.bytes_read,
                                  file.records, file.problem, file.updated_ms};
  std::vector<Value> from = row;
  from.push_back(change.bytes_read_before);
  if (connection.Execute(sql::kAdvanceEventFile, from) > 0) return;
  if (change.bytes_read_before == 0 && connection.Execute(sql::kInsertEventFile, row) > 0) return;
  throw Aborted("The event file is read by somebody else too: {}", file.name);
}

}  // namespace

std::string_view TagKindName(TagKind kind) {
  return RowOf(kind).name;
}

TagKind ParseTagKind(std::string_view name) {
  for (const auto& row : kKinds)
    if (row.name == name) return row.kind;
  throw InvalidArgument("kind must be scalar, histogram, image, text or other, not \"{}\"", name)
      .WithField("kind");
}

size_t SamplesMax(TagKind kind) {
  return RowOf(kind).samples_max;
}

EventFile SummaryStore::File(const tracking::RunId& run, const std::string& name) const {
  return database_.Read([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kEventFile, {run.str(), name});
    return row ? FileOf(*row) : EventFile{.name = name};
  });
}

std::vector<EventFile> SummaryStore::Files(const tracking::RunId& run) const {
  return database_.Read([&](Connection& connection) {
    std::vector<EventFile> files;
    for (const auto& row :
         connection.Select(sql::kEventFiles, {run.str(), int64_t{kFilesPerPageMax}}))
      files.push_back(FileOf(row));
    return files;
  });
}

std::vector<SummaryTag> SummaryStore::Tags(const tracking::RunId& run) const {
  return database_.Read([&](Connection& connection) {
    std::vector<SummaryTag> tags;
    for (const auto& row : connection.Select(sql::kSummaryTags, {run.str()}))
      tags.push_back({.kind = ParseTagKind(row.Text(1)),
                      .tag = row.Text(2),
                      .folder = row.Text(3),
                      .key = row.Text(4),
                      .plugin = row.Text(5),
                      .seen = row.Int(6),
                      .kept = row.Int(7),
                      .seq = row.Int(0)});
    return tags;
  });
}

int64_t SummaryStore::FindTag(const tracking::RunId& run, TagKind kind,
                              const std::string& tag) const {
  return database_.Read([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kFindSummaryTag,
                                          {run.str(), std::string(TagKindName(kind)), tag});
    if (!row) throw NotFound("Tag", tag);
    return row->Int(0);
  });
}

std::vector<int64_t> SummaryStore::Steps(int64_t tag_seq) const {
  return database_.Read([&](Connection& connection) {
    std::vector<int64_t> steps;
    for (const auto& row : connection.Select(sql::kSampleSteps, {tag_seq}))
      steps.push_back(row.Int(0));
    return steps;
  });
}

std::vector<Sample> SummaryStore::Samples(int64_t tag_seq, int64_t from_step, int limit) const {
  return database_.Read([&](Connection& connection) {
    std::vector<Sample> samples;
    for (const auto& row :
         connection.Select(sql::kSamplesAfter, {tag_seq, from_step, int64_t{limit}}))
      samples.push_back({row.Int(0), row.Int(1), ParseJson(row.Text(2))});
    return samples;
  });
}

std::vector<Json> SummaryStore::Apply(const tracking::RunId& run, const SummaryChange& change) {
  return database_.Write([&](Connection& connection) {
    MoveMark(connection, run.str(), change);
    std::vector<Json> dropped;
    for (const auto& [tag, kept, dropped_steps] : change.tags) {
      const auto row = connection.SelectOne(
          sql::kPutSummaryTag, {run.str(), std::string(TagKindName(tag.kind)), tag.tag, tag.folder,
                                tag.key, tag.plugin, tag.seen});
      const int64_t seq = row->Int(0);
      for (const int64_t step : dropped_steps)
        for (const auto& gone : connection.Select(sql::kDeleteSample, {seq, step}))
          dropped.push_back(ParseJson(gone.Text(0)));
      std::vector<std::vector<Value>> rows;
      for (const auto& sample : kept)
        rows.push_back({seq, sample.step, sample.time_ms, sample.data.Dump()});
      if (!rows.empty()) connection.ExecuteMany(sql::kPutSample, rows);
    }
    return dropped;
  });
}

std::vector<Json> SummaryStore::Purge(const tracking::RunId& run, const std::string& folder,
                                      int64_t step, int64_t before_ms) {
  return database_.Write([&](Connection& connection) {
    std::vector<Json> dropped;
    for (const auto& row :
         connection.Select(sql::kPurgeSamples, {run.str(), folder, step, before_ms}))
      dropped.push_back(ParseJson(row.Text(0)));
    return dropped;
  });
}

void ForgetRun(Connection& connection, const tracking::RunId& run) {
  connection.Execute(sql::kForgetSamples, {run.str()});
  connection.Execute(sql::kForgetSummaryTags, {run.str()});
  connection.Execute(sql::kForgetEventFiles, {run.str()});
}

}  // namespace millwright::tensorboard
