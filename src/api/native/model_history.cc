#include "api/native/model_history.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "api/author.h"
#include "api/native/request_reader.h"
#include "base/clock.h"
#include "base/error.h"
#include "events/kinds.h"
#include "registry/registry.h"

namespace millwright::api::native {
namespace {

using registry::HistoryEntry;
using registry::ModelName;

ModelName ModelOf(const http::Request& request) {
  return ModelName(request.PathValue("name"));
}

// What was done to a model or version in one of the kinds that say "updated".
std::string UpdateOf(const HistoryEntry& entry, const std::string& what) {
  const Json& details = entry.details;
  if (details.Has("tag")) {
    return fmt::format("tag {} of {} {}", details.GetString("tag"), what,
                       details.GetBool("deleted") ? "was removed" : "was set");
  }
  if (details.Has("description")) return what + " was described";
  if (details.Has("contract")) {
    return fmt::format("{} got its {}", what,
                       details.GetString("contract") == "signature" ? "signature" : "profile");
  }
  if (details.Has("folder")) return what + " changed in " + details.GetString("folder");
  return what + " was updated";
}

std::string MoveOf(const HistoryEntry& entry, const std::string& version) {
  const std::string alias = entry.details.GetString("alias");
  if (entry.details.GetBool("rollback")) return fmt::format("{} is {} again", alias, version);
  return fmt::format("{} is now {}", alias, version);
}

// Says in one line what happened to a model.
std::string SummaryOf(const HistoryEntry& entry) {
  const std::string version = entry.version ? fmt::format("version {}", *entry.version) : "";
  const Json& details = entry.details;
  const std::string alias = details.GetString("alias");
  const std::string target = alias.empty() ? details.GetString("stage") : alias;
  if (entry.kind == "alias.moved") return MoveOf(entry, version);
  if (entry.kind == "alias.deleted") return alias + " was removed";
  if (entry.kind == "stage.moved") {
    std::string moved = fmt::format("{} went from {} to {}", version, details.GetString("from"),
                                    details.GetString("to"));
    if (!details.Has("archived")) return moved;
    for (const char* before = ", which archived ";
         const Json& other : details.At("archived").AsArray()) {
      moved += fmt::format("{}version {}", std::exchange(before, ", "), other.AsInt());
    }
    return moved;
  }
  if (entry.kind == "gate.refused") {
    return fmt::format("{} was kept from becoming {}: {}", version, target,
                       details.GetString("reason"));
  }
  if (entry.kind == "gate.overridden") {
    return fmt::format("{} became {} against the gate: {}", version, target,
                       details.GetString("reason"));
  }
  if (entry.kind == "gate.changed") {
    return fmt::format("the gates have version {}", details.GetInt("gate_version"));
  }
  if (entry.kind == "model_version.approved") return version + " was approved";
  if (entry.kind == "model_version.approval_withdrawn") {
    return "an approval of " + version + " was withdrawn";
  }
  if (entry.kind == "model_version.created") return version + " was registered";
  if (entry.kind == "model_version.deleted") return version + " was deleted";
  if (entry.kind == "model_version.updated") return UpdateOf(entry, version);
  if (entry.kind == "model_version.checked") {
    return fmt::format("{} {} check {}{}", version, details.GetBool("passed") ? "passed" : "failed",
                       details.GetString("check"),
                       details.GetBool("quarantined") ? " and is in quarantine" : "");
  }
  if (entry.kind == "model.created") return "the model was created";
  if (entry.kind == "model.deleted") return "the model was deleted";
  if (entry.kind == "model.updated") return UpdateOf(entry, "the model");
  if (entry.kind == "model.renamed") {
    return fmt::format("{} was renamed {}", details.GetString("old_name"),
                       details.GetString("new_name"));
  }
  if (entry.kind == "model.imported") {
    return fmt::format("{} versions were imported", details.GetInt("versions"));
  }
  if (entry.kind == "model.mounted") {
    return fmt::format("shown of {} with {} versions", details.GetString("folder"),
                       details.GetInt("versions"));
  }
  return entry.kind;
}

Json ChangeJson(const HistoryEntry& entry) {
  Json change = Json::Of({{"seq", entry.seq},
                          {"time_ms", entry.time_ms},
                          {"who", entry.who},
                          {"kind", entry.kind},
                          {"summary", SummaryOf(entry)},
                          {"details", entry.details}});
  if (!entry.reason.empty()) change.Set("reason", entry.reason);
  if (entry.version) change.Set("version", std::to_string(*entry.version));
  if (entry.details.Has("alias")) change.Set("alias", entry.details.GetString("alias"));
  return change;
}

// A time of the query: RFC 3339 or milliseconds.
int64_t QueryTime(const http::Request& request, std::string_view name, int64_t fallback) {
  const auto text = request.Query(name);
  if (!text || text->empty()) return fallback;
  int64_t ms = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), ms);
  if (error == std::errc() && end == text->data() + text->size() && text->size() > 8) return ms;
  try {
    return ParseTime(*text);
  } catch (const Error& failure) {
    throw InvalidArgument("{} is no time: {}", name, failure.message())
        .WithField(std::string(name));
  }
}

void AddSince(const registry::Since& since, Json* json) {
  json->Set("since_ms", since.time_ms);
  if (!since.who.empty()) json->Set("who", since.who);
  if (!since.reason.empty()) json->Set("reason", since.reason);
}

Json TagsJson(const std::vector<registry::Tag>& tags) {
  Json list = Json::MakeArray();
  for (const auto& tag : tags) list.Append(Json::Of({{"key", tag.key}, {"value", tag.value}}));
  return list;
}

Json PastVersionJson(const registry::PastVersion& past) {
  Json aliases = Json::MakeArray();
  for (const auto& alias : past.aliases) aliases.Append(alias);
  Json checks = Json::MakeArray();
  for (const auto& check : past.checks) {
    Json item = Json::Of({{"name", check.name}, {"passed", check.passed}});
    AddSince(check.since, &item);
    checks.Append(std::move(item));
  }
  Json stage = Json::Of({{"name", registry::StageName(past.stage)}});
  AddSince(past.stage_since, &stage);
  Json json = Json::Of({{"version", std::to_string(past.version)},
                        {"stage", std::move(stage)},
                        {"aliases", std::move(aliases)},
                        {"tags", TagsJson(past.tags)},
                        {"checks", std::move(checks)}});
  if (past.description) json.Set("description", *past.description);
  return json;
}

Json PastModelJson(const registry::PastModel& past) {
  Json aliases = Json::MakeArray();
  for (const auto& alias : past.aliases) {
    Json item = Json::Of({{"alias", alias.alias}, {"version", std::to_string(alias.version)}});
    AddSince(alias.since, &item);
    aliases.Append(std::move(item));
  }
  Json versions = Json::MakeArray();
  for (const auto& version : past.versions) versions.Append(PastVersionJson(version));
  Json json = Json::Of({{"name", past.name.str()},
                        {"time_ms", past.time_ms},
                        {"aliases", std::move(aliases)},
                        {"tags", TagsJson(past.tags)},
                        {"versions", std::move(versions)}});
  if (past.name_last != past.name) json.Set("name_now", past.name_last.str());
  if (past.deleted_since) json.Set("deleted_since", true);
  if (past.description) json.Set("description", *past.description);
  if (past.gate_version) json.Set("gate_version", *past.gate_version);
  if (past.next_version) json.Set("next_page_token", std::to_string(*past.next_version));
  return json;
}

// A body's version, as a number or as text.
int64_t VersionIn(const Json& body) {
  const Json& version = body.At("version");
  return version.is_int() ? version.AsInt() : registry::ParseVersion(version.AsString("version"));
}

std::string ReasonIn(const Json& body) {
  return body.GetString("reason");
}

std::string OverrideReasonIn(const Json& body) {
  std::string reason = ReasonIn(body);
  if (reason.find_first_not_of(" \t\n") == std::string::npos) {
    throw InvalidArgument("To overrule a gate, say why").WithField("reason");
  }
  return reason;
}

Json AliasJson(const http::Request& request, int64_t version) {
  return Json::Of({{"name", request.PathValue("name")},
                   {"alias", request.PathValue("alias")},
                   {"version", std::to_string(version)}});
}

registry::StageMove StageMoveIn(const http::Request& request, const Json& body) {
  using Existing = registry::StageMove::Existing;
  return {.version = PathVersion(request),
          .stage = registry::ParseStage(body.At("stage").AsString("stage")),
          .others = body.GetBool("archive_existing") ? Existing::kArchive : Existing::kKeep};
}

http::Response MoveStage(Context& context, const http::Request& request,
                         const registry::StageMove& move, const std::string& reason) {
  const auto moved = context.registry.MoveStage(ModelOf(request), move, AuthorOf(request, reason));
  return Answer(Json::Of({{"name", moved.name.str()},
                          {"version", std::to_string(moved.version)},
                          {"stage", registry::StageName(moved.stage)}}));
}

}  // namespace

http::Response GetModelHistory(Context& context, const http::Request& request) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  registry::HistoryQuery query;
  if (request.Query("version")) query.version = QueryInt(request, "version", 0, 1, kMax);
  query.kind = QueryText(request, "kind");
  if (!query.kind.empty() && events::FindKind(query.kind) == nullptr) {
    throw InvalidArgument("There is no kind of event of this name: {}", query.kind)
        .WithField("kind");
  }
  query.since_ms = QueryTime(request, "since", 0);
  query.until_ms = QueryTime(request, "until", kMax);
  query.before_seq = QueryInt(request, "page_token", kMax, 1, kMax);
  query.limit = QueryInt(request, "limit", 1000, 1, registry::kHistoryMax);
  const auto page = context.registry.History(ModelOf(request), query);
  Json changes = Json::MakeArray();
  for (const auto& entry : page.entries) changes.Append(ChangeJson(entry));
  Json answer = Json::Of({{"changes", std::move(changes)}});
  if (page.next_seq) answer.Set("next_page_token", std::to_string(*page.next_seq));
  return Answer(answer);
}

http::Response GetModelAsOf(Context& context, const http::Request& request) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return Answer(PastModelJson(context.registry.AsOf(
      ModelOf(request),
      {.time_ms = QueryTime(request, "time", context.clock.NowMs()),
       .before_version = QueryInt(request, "page_token", kMax, 1, kMax),
       .version_limit = QueryInt(request, "limit", 100, 1, registry::kAsOfVersionsMax)})));
}

http::Response GetAliasHistory(Context& context, const http::Request& request) {
  const int64_t offset = QueryInt(request, "page_token", 0, 0, std::numeric_limits<int32_t>::max());
  const int64_t limit = QueryInt(request, "limit", 100, 1, registry::kAliasPeriodsMax - 1);
  auto periods = context.registry.AliasHistory(ModelOf(request), request.PathValue("alias"), offset,
                                               limit + 1);
  const bool more = std::ssize(periods) > limit;
  if (more) periods.pop_back();
  Json list = Json::MakeArray();
  for (const auto& period : periods) {
    Json item = Json::Of({{"version", std::to_string(period.version)}});
    AddSince(period.since, &item);
    if (period.rolled_back_to) item.Set("rollback", true);
    if (period.version_deleted) item.Set("version_deleted", true);
    if (period.until_ms) {
      item.Set("until_ms", *period.until_ms);
      item.Set("ended_by", period.ended_by);
      if (!period.ended_reason.empty()) item.Set("ended_reason", period.ended_reason);
    }
    list.Append(std::move(item));
  }
  Json answer = Json::Of({{"periods", std::move(list)}});
  if (more) answer.Set("next_page_token", std::to_string(offset + limit));
  return Answer(answer);
}

http::Response MoveModelAlias(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const int64_t version = VersionIn(body);
  context.registry.SetAlias(ModelOf(request),
                            {.alias = request.PathValue("alias"), .version = version},
                            AuthorOf(request, ReasonIn(body)));
  return Answer(AliasJson(request, version));
}

http::Response OverrideModelAlias(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const std::string reason = OverrideReasonIn(body);
  const std::string& alias = request.PathValue("alias");
  if (body.GetBool("rollback")) {
    return Answer(AliasJson(
        request, context.registry.RollBackAlias(
                     ModelOf(request),
                     {.alias = alias, .from = body.GetInt("from"), .override_reason = reason},
                     AuthorOf(request, reason))));
  }
  const int64_t version = VersionIn(body);
  context.registry.SetAlias(ModelOf(request),
                            {.alias = alias, .version = version, .override_reason = reason},
                            AuthorOf(request, reason));
  return Answer(AliasJson(request, version));
}

http::Response DeleteModelAlias(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  context.registry.DeleteAlias(ModelOf(request), request.PathValue("alias"),
                               AuthorOf(request, ReasonIn(body)));
  return Answer(Json::MakeObject());
}

http::Response RollBackModelAlias(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const int64_t version = context.registry.RollBackAlias(
      ModelOf(request), {.alias = request.PathValue("alias"), .from = body.GetInt("from")},
      AuthorOf(request, ReasonIn(body)));
  return Answer(AliasJson(request, version));
}

http::Response MoveModelStage(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  return MoveStage(context, request, StageMoveIn(request, body), ReasonIn(body));
}

http::Response OverrideModelStage(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  registry::StageMove move = StageMoveIn(request, body);
  move.override_reason = OverrideReasonIn(body);
  return MoveStage(context, request, move, move.override_reason);
}

}  // namespace millwright::api::native
