#include "api/native/collecting.h"

#include <set>

#include "api/native/request_reader.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/json.h"
#include "retention/garbage.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kRowsMax = 1000;  // of one call; the next goes on behind them

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

template <typename Id>
std::vector<Id> Ids(const Json& body, const char* field) {
  std::set<std::string> named;
  for (auto& name : body.GetStrings(field)) named.insert(std::move(name));
  return {named.begin(), named.end()};
}

retention::Unknown ParseUnknown(const std::string& text) {
  if (text.empty() || text == "ignore") return retention::Unknown::kIgnore;
  if (text == "list") return retention::Unknown::kList;
  if (text == "delete") return retention::Unknown::kDelete;
  throw InvalidArgument("unknown is ignore, list or delete, not: {}", text).WithField("unknown");
}

Json FindingJson(const retention::Finding& finding) {
  const bool is_written =
      finding.kind == retention::Kind::kUnknown || finding.kind == retention::Kind::kUpload;
  Json row = Json::Of({{"kind", retention::KindName(finding.kind)}, {"path", finding.path}});
  if (!finding.id.empty()) row.Set("id", finding.id);
  if (!finding.name.empty()) row.Set("name", finding.name);
  if (finding.since_ms > 0) row.Set(is_written ? "written_ms" : "deleted_ms", finding.since_ms);
  if (!finding.deleted_by.empty()) row.Set("deleted_by", finding.deleted_by);
  if (finding.bytes > 0) row.Set("bytes", finding.bytes);
  row.Set("action", finding.is_removed ? "remove" : "keep");
  row.Set("why", finding.why);
  return row;
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
  retention::Request wanted;
  wanted.dry_run = body.GetBool("dry_run");
  wanted.runs = Ids<tracking::RunId>(body, "run_ids");
  wanted.experiments = Ids<tracking::ExperimentId>(body, "experiment_ids");
  wanted.models = Ids<tracking::LoggedModelId>(body, "logged_model_ids");
  // Whoever names what is to go has waited already, as with MLflow's own command.
  wanted.grace_ms = body.GetInt("grace_ms", wanted.names_any() ? 0 : retention::kGraceMs);
  wanted.unknown = ParseUnknown(body.GetString("unknown"));
  wanted.after = body.GetString("after");
  wanted.who = request.principal;
  const auto page = context.garbage.Collect(wanted);
  Json rows = Json::MakeArray();
  for (const auto& finding : page.findings) rows.Append(FindingJson(finding));
  Json answer = Json::Of({{"dry_run", wanted.dry_run}, {"rows", std::move(rows)}});
  if (!page.after.empty()) answer.Set("after", page.after);
  return Answer(answer);
}

}  // namespace millwright::api::native
