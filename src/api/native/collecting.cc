#include "api/native/collecting.h"

#include "api/native/request_reader.h"
#include "artifacts/artifacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "registry/used_artifacts.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kGraceMs = 30LL * 86'400'000;
constexpr int64_t kGraceMsMax = 3650LL * 86'400'000;
constexpr int64_t kRowsMax = 1000;  // of one call; the next goes on behind them

bool IsWithin(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

// Why something must stay; empty when nothing is made of it.
std::string UserOf(const std::vector<registry::UsedArtifact>& used, const std::string& path) {
  for (const auto& version : used) {
    const auto place = artifacts::StorePath(version.artifact_uri);
    if (place && !place->empty() && (IsWithin(*place, path) || IsWithin(path, *place)))
      return fmt::format("version {} of {} is made of it", version.version, version.model);
  }
  return "";
}

Json DeletedJson(const artifacts::DeletedArtifact& deleted) {
  return Json::Of({{"id", deleted.id},
                   {"path", deleted.path},
                   {"deleted_ms", deleted.deleted_ms},
                   {"deleted_by", deleted.deleted_by}});
}

artifacts::DeletedArtifact Place(const std::string& token) {
  const size_t colon = token.find(':');
  if (token.empty()) return {};
  if (colon == std::string::npos) throw InvalidArgument("Malformed page token").WithField("after");
  artifacts::DeletedArtifact place;
  place.id = token.substr(colon + 1);
  try {
    place.deleted_ms = std::stoll(token.substr(0, colon));
  } catch (const std::exception&) {
    throw InvalidArgument("Malformed page token").WithField("after");
  }
  return place;
}

std::string TokenOf(const artifacts::DeletedArtifact& last) {
  return fmt::format("{}:{}", last.deleted_ms, last.id);
}

}  // namespace

http::Response ListDeletedArtifacts(Context& context, const http::Request& request) {
  const int64_t limit = QueryInt(request, "limit", 100, 1, kRowsMax);
  const auto list =
      context.artifacts.ListDeleted(Place(QueryText(request, "after")), static_cast<size_t>(limit));
  Json rows = Json::MakeArray();
  for (const auto& deleted : list) rows.Append(DeletedJson(deleted));
  Json answer = Json::Of({{"deleted", std::move(rows)}});
  if (static_cast<int64_t>(list.size()) == limit) answer.Set("after", TokenOf(list.back()));
  return Answer(answer);
}

http::Response RestoreArtifact(Context& context, const http::Request& request) {
  return Answer(DeletedJson(context.artifacts.Restore(request.PathValue("id"), request.principal)));
}

http::Response CollectGarbage(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const bool dry_run = body.GetBool("dry_run");
  const int64_t grace_ms = body.GetInt("grace_ms", kGraceMs);
  if (grace_ms < 0 || grace_ms > kGraceMsMax)
    throw InvalidArgument("The grace period is 0 to {} ms", kGraceMsMax).WithField("grace_ms");
  const auto list =
      context.artifacts.ListDeleted(Place(body.GetString("after")), static_cast<size_t>(kRowsMax));
  const auto used = context.used_artifacts();
  const int64_t now_ms = context.clock.NowMs();
  Json rows = Json::MakeArray();
  for (const auto& deleted : list) {
    std::string kept = UserOf(used, deleted.path);
    if (kept.empty() && now_ms - deleted.deleted_ms < grace_ms)
      kept = "it was deleted less than the grace period ago";
    if (kept.empty() && !dry_run) context.artifacts.Collect(deleted);
    Json row = DeletedJson(deleted);
    row.Set("action", kept.empty() ? "remove" : "keep");
    row.Set("why", kept.empty() ? "it was deleted and nothing is made of it" : kept);
    rows.Append(std::move(row));
  }
  Json answer = Json::Of({{"dry_run", dry_run}, {"rows", std::move(rows)}});
  if (static_cast<int64_t>(list.size()) == kRowsMax) answer.Set("after", TokenOf(list.back()));
  return Answer(answer);
}

}  // namespace millwright::api::native
