#include "api/native/datasets.h"

#include <fmt/format.h>

#include "analytics/session.h"
#include "api/author.h"
#include "api/native/request_reader.h"
#include "api/native/table_json.h"
#include "base/error.h"
#include "base/file.h"
#include "data/dataset_store.h"
#include "data/source_store.h"
#include "data/split_store.h"
#include "quality/profile.h"
#include "quality/profile_report.h"
#include "quality/table_profiler.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kRowsPerPage = 100;

Json VersionJson(const data::DatasetVersion& version) {
  Json columns = Json::MakeArray();
  for (const auto& column : version.columns)
    columns.Append(Json::Of({{"name", column.name},
                             {"type", analytics::ColumnTypeName(column.type)},
                             {"sql_type", column.sql_type}}));
  return Json::Of({{"version", version.version},
                   {"sha256", version.sha256},
                   {"bytes", static_cast<int64_t>(version.bytes)},
                   {"row_count", version.row_count},
                   {"created_ms", version.created_ms},
                   {"created_by", version.created_by},
                   {"source", version.source},
                   {"columns", columns},
                   {"state", data::VersionStateName(version.state)},
                   {"state_reason", version.state_reason},
                   {"state_ms", version.state_ms},
                   {"state_by", version.state_by}});
}

Json SplitJson(const data::Split& split) {
  Json parts = Json::MakeArray();
  for (const auto& part : split.parts)
    parts.Append(
        Json::Of({{"name", part.name}, {"row_count", part.row_count}, {"digest", part.digest}}));
  return Json::Of({{"id", split.id},
                   {"name", split.name},
                   {"dataset", split.dataset},
                   {"version", split.version},
                   {"kind", data::SplitKindName(split.spec.kind)},
                   {"spec", split.spec.ToJson()},
                   {"parts", parts},
                   {"unassigned_count", split.unassigned_count},
                   {"created_ms", split.created_ms}});
}

}  // namespace

Json VersionedJson(const std::string& dataset, const data::DatasetVersion& version,
                   bool unchanged) {
  return Json::Of(
      {{"dataset", dataset}, {"unchanged", unchanged}, {"version", VersionJson(version)}});
}

http::Response PutSource(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  data::Source source;
  source.name = body.At("name").AsString("name");
  source.kind = data::ParseSourceKind(body.GetString("kind", "file"));
  source.dataset = body.GetString("dataset", source.name);
  for (const char* key : {"path", "url", "headers", "format", "options"})
    if (const Json* value = body.Find(key)) source.config.Set(key, *value);
  const data::Source stored = context.sources.Put(source, request.principal);
  return Answer(Json::Of({{"name", stored.name},
                          {"kind", data::SourceKindName(stored.kind)},
                          {"dataset", stored.dataset}}));
}

http::Response ListSources(Context& context, const http::Request&) {
  Json sources = Json::MakeArray();
  for (const auto& source : context.sources.List())
    sources.Append(Json::Of({{"name", source.name},
                             {"kind", data::SourceKindName(source.kind)},
                             {"dataset", source.dataset},
                             {"created_ms", source.created_ms}}));
  return Answer(Json::Of({{"sources", sources}}));
}

http::Response CollectSource(Context& context, const http::Request& request) {
  const auto collected = context.sources.Collect(request.PathValue("name"), request.principal);
  Json answer = VersionedJson(collected.version.dataset, collected.version, collected.is_unchanged);
  answer.Set("snapshot", Json::Of({{"id", collected.snapshot.id},
                                   {"sha256", collected.snapshot.sha256},
                                   {"bytes", static_cast<int64_t>(collected.snapshot.bytes)}}));
  return Answer(answer);
}

http::Response ListDatasets(Context& context, const http::Request& request) {
  const auto limit = static_cast<int>(QueryInt(request, "limit", 1000, 1, data::kPageMax));
  Json datasets = Json::MakeArray();
  for (const auto& dataset : context.datasets.List(limit, QueryText(request, "after")))
    datasets.Append(Json::Of({{"name", dataset.name},
                              {"latest_version", dataset.latest.version},
                              {"row_count", dataset.latest.row_count},
                              {"bytes", static_cast<int64_t>(dataset.latest.bytes)},
                              {"created_ms", dataset.latest.created_ms},
                              {"source", dataset.latest.source},
                              {"state", data::VersionStateName(dataset.latest.state)}}));
  return Answer(Json::Of({{"datasets", datasets}}));
}

http::Response GetDataset(Context& context, const http::Request& request) {
  const std::string& name = request.PathValue("name");
  Json versions = Json::MakeArray();
  for (const auto& version : context.datasets.Versions(name)) versions.Append(VersionJson(version));
  Json splits = Json::MakeArray();
  for (const auto& split : context.splits.List(name)) splits.Append(SplitJson(split));
  return Answer(Json::Of({{"name", name}, {"versions", versions}, {"splits", splits}}));
}

http::Response UploadDataset(Context& context, const http::Request& request) {
  const std::string file_name = QueryText(request, "filename");
  if (file_name.empty()) throw InvalidArgument("Missing parameter: filename").WithField("filename");
  const std::string& name = request.PathValue("name");
  const auto uploaded = context.datasets.Upload(
      name, file_name,
      [&](char* buffer, size_t size) { return request.body_reader->Read(buffer, size); },
      request.principal);
  return Answer(VersionedJson(name, uploaded.version, uploaded.is_unchanged));
}

http::Response DeriveDataset(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  std::vector<data::Input> inputs;
  for (const auto& [view, reference] : body.At("inputs").AsObject("inputs")) {
    const auto version = context.datasets.Resolve(reference.AsString("inputs." + view));
    inputs.push_back({view, version.dataset, version.version});
  }
  const std::string& name = request.PathValue("name");
  const auto derived = context.datasets.Derive(name, body.At("sql").AsString("sql"), inputs,
                                               request.principal, IsWanted());
  return Answer(VersionedJson(name, derived.version, derived.is_unchanged));
}

http::Response GetDatasetRows(Context& context, const http::Request& request) {
  const auto version = context.datasets.Look(request.PathValue("name"), PathVersion(request));
  const auto table = context.datasets.Rows(
      version, QueryInt(request, "limit", kRowsPerPage, 1, data::kRowsPageMax),
      QueryInt(request, "offset", 0, 0, INT64_MAX));
  return Answer(TableJson(table));
}

http::Response GetDatasetFile(Context& context, const http::Request& request) {
  const std::string& name = request.PathValue("name");
  // A held version is given to those only who say that they know it to be one.
  const auto version = QueryInt(request, "held", 0, 0, 1) == 1
                           ? context.datasets.Look(name, PathVersion(request))
                           : context.datasets.Get(name, PathVersion(request));
  http::Response response;
  response.headers.Set("Content-Type", "application/vnd.apache.parquet");
  response.headers.Set("ETag", "\"" + version.sha256 + "\"");
  response.headers.Set("Content-Disposition",
                       fmt::format("attachment; filename=\"version-{}.parquet\"", version.version));
  response.file = context.datasets.File(version).string();
  return response;
}

namespace {

// A version never changes, so what is told of it is made once and kept by the content's digest.
template <typename Make>
std::string KeptProfile(Context& context, const data::DatasetVersion& version,
                        std::string_view suffix, const Make& make) {
  const auto file =
      context.datasets.options().root / "profiles" / (version.md5 + std::string(suffix));
  if (!std::filesystem::exists(file)) {
    analytics::Session session;
    WriteFileDurably(file, make(session, context.datasets.ReadSql(version)).ToJson().Dump());
  }
  return ReadFile(file);
}

// Two datasets may have the same content, so the name is not of what is kept.
Json FullProfile(Context& context, const data::DatasetVersion& version) {
  Json profile = ParseJson(KeptProfile(context, version, ".full.json",
                                       [](analytics::Session& session, const std::string& table) {
                                         return quality::ProfileWholeTable(session, table);
                                       }));
  profile.Set("name", fmt::format("{}@{}", version.dataset, version.version));
  return profile;
}

}  // namespace

http::Response GetDatasetProfile(Context& context, const http::Request& request) {
  const auto version = context.datasets.Look(request.PathValue("name"), PathVersion(request));
  return http::Response::JsonText(
      200, KeptProfile(context, version, ".json",
                       [](analytics::Session& session, const std::string& table) {
                         return quality::ProfileTable(session, table);
                       }));
}

http::Response GetDatasetFullProfile(Context& context, const http::Request& request) {
  const auto version = context.datasets.Look(request.PathValue("name"), PathVersion(request));
  const Json profile = FullProfile(context, version);
  if (QueryInt(request, "sketches", 1, 0, 1) == 1) return Answer(profile);
  return Answer(
      quality::TableProfile::FromJson(profile).ToJson(quality::TableProfile::Sketches::kWithout));
}

http::Response GetDatasetProfileReport(Context& context, const http::Request& request) {
  const auto version = context.datasets.Look(request.PathValue("name"), PathVersion(request));
  const auto profile = quality::TableProfile::FromJson(FullProfile(context, version));
  auto response = http::Response::Text(200, quality::RenderProfile(profile, profile.name),
                                       "text/html; charset=utf-8");
  // The report is one file without scripts of others; nothing in it may reach out.
  response.headers.Set("Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; img-src data:");
  return response;
}

http::Response ListHeldVersions(Context& context, const http::Request& request) {
  const auto limit = static_cast<int>(QueryInt(request, "limit", 100, 1, data::kPageMax));
  Json versions = Json::MakeArray();
  for (const auto& version : context.datasets.Held(QueryText(request, "dataset"), limit)) {
    Json item = VersionJson(version);
    item.Set("dataset", version.dataset);
    versions.Append(std::move(item));
  }
  return Answer(Json::Of({{"versions", versions}}));
}

http::Response ReleaseVersion(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const auto version = context.datasets.Release(request.PathValue("name"), PathVersion(request),
                                                AuthorOf(request, body.GetString("reason")).reason,
                                                request.principal);
  return Answer(VersionedJson(version.dataset, version, false));
}

http::Response JudgeVersion(Context& context, const http::Request& request) {
  const auto version = context.datasets.Judge(request.PathValue("name"), PathVersion(request));
  return Answer(VersionedJson(version.dataset, version, false));
}

http::Response CreateSplit(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const auto version = context.datasets.Get(request.PathValue("name"), body.GetInt("version"));
  const auto split =
      context.splits.Create(body.At("name").AsString("name"), version,
                            data::SplitSpec::FromJson(body.At("spec")), request.principal);
  return Answer(SplitJson(split));
}

// A part never changes, so its file is written once and kept by the split's id.
http::Response GetSplitPartFile(Context& context, const http::Request& request) {
  const auto version = context.datasets.Get(request.PathValue("name"), PathVersion(request));
  const auto split = context.splits.Find(version, request.PathValue("split"));
  const std::string& part = split.Part(request.PathValue("part")).name;
  const auto file = context.datasets.options().root / "parts" / split.id / (part + ".parquet");
  if (!std::filesystem::exists(file)) {
    std::filesystem::create_directories(file.parent_path());
    context.splits.WritePart(split, part, file);
  }
  http::Response response;
  response.headers.Set("Content-Type", "application/vnd.apache.parquet");
  response.file = file.string();
  return response;
}

}  // namespace millwright::api::native
