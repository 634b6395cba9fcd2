#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/name_option.h"
#include "cli/progress.h"
#include "cli/reference.h"
#include "cli/replay.h"
#include "serving/endpoint_policy.h"

namespace millwright::cli {
namespace {

std::string EndpointPath(const std::string& name) {
  return "/api/v1/endpoints/" + fetch::PercentEncode(name);
}

constexpr Option<NameOptions> kEndpointOptions[] = {
    {"", "NAME", "The endpoint's name", &NameOptions::name, "", 0, 0,
     Option<NameOptions>::Kind::kRequired},
};

struct CreateOptions {
  std::string name, model;
  int replicas = 0;
};
constexpr Option<CreateOptions> kCreateOptions[] = {
    {"", "NAME", "The endpoint's name", &CreateOptions::name, "", 0, 0,
     Option<CreateOptions>::Kind::kRequired},
    {"", "--model", "MODEL@VERSION or MODEL@ALIAS", &CreateOptions::model, "MODEL", 0, 0,
     Option<CreateOptions>::Kind::kRequired},
    {"", "--replicas", "Processes that serve it; 0: as many as before, one of a new endpoint",
     &CreateOptions::replicas, "N", 0, 64},
};

int Deploy(const CreateOptions& options, Console& console) {
  const Reference model = ParseReference(options.model);
  auto progress = console.StartProgress("deploy " + options.name);
  Json body = Json::Of({{"name", options.name}, {"model", model.name}, {"version", model.version}});
  if (options.replicas > 0) body.Set("replicas", options.replicas);
  const Json result = console.client().Post("/api/v1/endpoints", body);
  progress->Finish(fmt::format("{} {} version {}", options.name, result.GetString("state"),
                               result.GetString("live_version")));
  console.Answer(result);
  console.Line(fmt::format("{}/endpoints/{}/invocations", console.client().uri(), options.name));
  return 0;
}

int ListEndpoints(const LimitOptions&, Console& console) {
  const Json result = console.client().Get("/api/v1/endpoints");
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("endpoints").AsArray())
    rows.push_back({one.GetString("name"), one.GetString("model"), one.GetString("state"),
                    FormatCount(one.GetInt("requests")), FormatCount(one.GetInt("errors"))});
  console.PrintTable({"NAME", "MODEL", "STATE", "REQUESTS", "ERRORS"}, rows);
  return 0;
}

// "sticky_by header:X-User" for each setting that is not the default.
std::string SettingsText(const Json& policy) {
  const Json defaults = serving::PolicyToJson({});
  std::string text;
  for (const auto& [key, value] : policy.AsObject()) {
    const Json* usual = defaults.Find(key);
    if (usual != nullptr && *usual == value) continue;
    text += fmt::format("  {} {}", key, value.is_string() ? value.AsString() : value.Dump());
  }
  return text;
}

// The server says 0 while it has seen too few requests to tell.
std::string LatencyText(int64_t us) {
  return us == 0 ? "-" : fmt::format("{} µs", FormatCount(us));
}

void PrintReplicas(const Json& endpoint, Console& console) {
  Rows rows;
  for (const Json& revision : endpoint.At("revisions").AsArray()) {
    for (const Json& replica : revision.At("replicas").AsArray()) {
      const int64_t ejected_ms = replica.GetInt("ejected_for_ms");
      rows.push_back(
          {"  " + replica.GetString("id"),
           ejected_ms > 0 ? "ejected for " + FormatDuration(ejected_ms)
                          : replica.GetString("state"),
           std::to_string(replica.GetInt("pid")), FormatCount(replica.GetInt("requests")),
           FormatCount(replica.GetInt("errors")), std::to_string(replica.GetInt("outstanding")),
           LatencyText(replica.GetInt("median_us"))});
    }
  }
  console.PrintTable({"  REPLICA", "STATE", "PROCESS", "REQUESTS", "FAILED", "AT WORK", "MEDIAN"},
                     rows);
}

void PrintCounts(const Json& endpoint, Console& console) {
  const Json& cache = endpoint.At("cache");
  const Json& hedges = endpoint.At("hedges");
  const Json& limits = endpoint.At("limits");
  console.Line(fmt::format(
      "requests {} ({} failed)  hedged {} ({} won)  cache {} hits, {} misses, {}  refused {} over "
      "limits, {} too large",
      FormatCount(endpoint.GetInt("requests")), FormatCount(endpoint.GetInt("errors")),
      FormatCount(hedges.GetInt("sent")), FormatCount(hedges.GetInt("won")),
      FormatCount(cache.GetInt("hits")), FormatCount(cache.GetInt("misses")),
      FormatBytes(static_cast<uint64_t>(cache.GetInt("bytes"))),
      FormatCount(limits.GetInt("refused")), FormatCount(limits.GetInt("too_large"))));
  for (const Json& caller : limits.At("callers").AsArray()) {
    console.Line(fmt::format("  {}: {} rows today, {} requests refused", caller.GetString("caller"),
                             FormatCount(caller.GetInt("rows_today")),
                             FormatCount(caller.GetInt("refused"))));
  }
}

void PrintRevisions(const Json& endpoint, Console& console) {
  Rows rows;
  for (const Json& revision : endpoint.At("revisions").AsArray()) {
    rows.push_back({"  " + revision.GetString("id"), revision.GetString("model_version"),
                    revision.GetString("role"), fmt::format("{} %", revision.GetInt("weight")),
                    revision.GetString("slots"),
                    fmt::format("{} of {}", revision.At("replicas").AsArray().size(),
                                revision.GetInt("replicas_wanted")),
                    LatencyText(revision.GetInt("p95_us"))});
  }
  console.PrintTable({"  REVISION", "VERSION", "ROLE", "WEIGHT", "SLOTS", "REPLICAS", "P95"}, rows);
}

int ShowEndpoint(const NameOptions& options, Console& console) {
  const Json endpoint = console.client().Get(EndpointPath(options.name));
  console.Answer(endpoint);
  console.Line(fmt::format("{}  {}  {}", endpoint.GetString("name"), endpoint.GetString("model"),
                           endpoint.GetString("state")));
  PrintRevisions(endpoint, console);
  PrintReplicas(endpoint, console);
  PrintCounts(endpoint, console);
  const std::string settings = SettingsText(endpoint.At("policy"));
  console.Line("settings" + (settings.empty() ? "  all as they are by default" : settings));
  return 0;
}

// "endpoints configure NAME --setting VALUE …": the settings are those of the table that the
// server has, and only what is given is sent.
class ConfigureCommand : public Command {
 public:
  std::string_view name() const override { return "endpoints configure"; }
  std::string_view summary() const override { return "Change how an endpoint treats its requests"; }
  bool hidden() const override { return false; }
  std::vector<BoundOption> BoundOptions() override {
    auto options = BindOptions(kEndpointOptions, endpoint_);
    for (auto& option : BindOptions(serving::kPolicyOptions, policy_)) {
      option.key = "";  // a setting of one endpoint, not of this program
      options.push_back(std::move(option));
    }
    return options;
  }
  int Run(Console& console) override {
    const Json all = serving::PolicyToJson(policy_);
    Json settings = Json::MakeObject();
    for (const auto& [flag, value] : console.given) {
      for (const auto& row : serving::kPolicyOptions) {
        if (row.flag == flag) settings.Set(std::string(row.key), all.At(row.key));
      }
    }
    if (settings.AsObject().empty())
      throw InvalidArgument("Say what to change: millwright endpoints configure --help");
    const Json endpoint = console.client().Post(EndpointPath(endpoint_.name) + "/policy", settings);
    console.Answer(endpoint);
    const std::string changed = SettingsText(endpoint.At("policy"));
    console.Line(endpoint_.name +
                 (changed.empty() ? "  all settings as they are by default" : changed));
    return 0;
  }

 private:
  NameOptions endpoint_;
  serving::EndpointPolicy policy_;
};

struct WeightOptions {
  std::string name;
  std::vector<std::string> weights;
};
constexpr Option<WeightOptions> kWeightOptions[] = {
    {"", "NAME", "The endpoint's name", &WeightOptions::name, "", 0, 0,
     Option<WeightOptions>::Kind::kRequired},
    {"", "VERSION=PERCENT", "The share of each version that answers, 100 together",
     &WeightOptions::weights, "", 0, 0, Option<WeightOptions>::Kind::kRequired},
};

int WeighRevisions(const WeightOptions& options, Console& console) {
  Json weights = Json::MakeObject();
  for (const std::string& each : options.weights) {
    const size_t equals = each.find('=');
    const std::string percent = equals == std::string::npos ? "" : each.substr(equals + 1);
    if (percent.empty() || percent.find_first_not_of("0123456789") != std::string::npos ||
        percent.size() > 3)
      throw InvalidArgument("A share is given as VERSION=PERCENT, such as 4=10: {}", each);
    weights.Set(each.substr(0, equals), std::stoi(percent));
  }
  const Json endpoint = console.client().Post(EndpointPath(options.name) + "/weights",
                                              Json::Of({{"weights", weights}}));
  console.Answer(endpoint);
  PrintRevisions(endpoint, console);
  return 0;
}

struct ScaleOptions {
  std::string name;
  int replicas = 1;
};
constexpr Option<ScaleOptions> kScaleOptions[] = {
    {"", "NAME", "The endpoint's name", &ScaleOptions::name, "", 0, 0,
     Option<ScaleOptions>::Kind::kRequired},
    {"", "--replicas", "Processes of the live revision", &ScaleOptions::replicas, "N", 1, 64,
     Option<ScaleOptions>::Kind::kRequired},
};

int ScaleEndpoint(const ScaleOptions& options, Console& console) {
  auto progress = console.StartProgress("scale " + options.name);
  console.Answer(console.client().Post(EndpointPath(options.name) + "/scale",
                                       Json::Of({{"replicas", options.replicas}})));
  progress->Finish(fmt::format("{} replicas", options.replicas));
  return 0;
}

struct ApiVersionOptions {
  std::string name, reason;
  int64_t api_version = 0;
};
constexpr Option<ApiVersionOptions> kApiVersionOptions[] = {
    {"", "NAME", "The endpoint's name", &ApiVersionOptions::name, "", 0, 0,
     Option<ApiVersionOptions>::Kind::kRequired},
    {"", "NUMBER", "The new API version, above the present one", &ApiVersionOptions::api_version,
     "", 1, 1'000'000, Option<ApiVersionOptions>::Kind::kRequired},
    {"", "--reason", "Why, for the events", &ApiVersionOptions::reason, "TEXT"},
};

int RaiseApiVersion(const ApiVersionOptions& options, Console& console) {
  const Json endpoint = console.client().Post(
      EndpointPath(options.name) + "/api-version",
      Json::Of({{"api_version", options.api_version}, {"reason", options.reason}}));
  console.Answer(endpoint);
  console.Line(fmt::format("{} promises API version {}; the next version may break the one before",
                           options.name, endpoint.GetInt("api_version")));
  return 0;
}

struct RolloutOptions {
  std::string name, version;
  int weight = 10;
  int64_t requests = 0;
  int64_t timeout_ms = 300'000;
};
constexpr Option<RolloutOptions> kRolloutOptions[] = {
    {"", "NAME", "The endpoint's name", &RolloutOptions::name, "", 0, 0,
     Option<RolloutOptions>::Kind::kRequired},
    {"", "--version", "The model version", &RolloutOptions::version, "N", 0, 0,
     Option<RolloutOptions>::Kind::kRequired},
    {"", "--weight", "The canary's share of the requests in percent", &RolloutOptions::weight,
     "PERCENT", 1, 99},
    {"", "--requests", "Wait until it has answered so many requests", &RolloutOptions::requests,
     "N", 0, 1e9},
    {"", "--timeout-ms", "Give up waiting after this", &RolloutOptions::timeout_ms, "MS", 1, 1e9},
};

// What a challenger showed while it was watched.
enum class Verdict { kEnough, kNoTraffic };

// Waits until the version has answered enough requests in its role. One that it failed fails the
// command; too few requests are no proof of anything, so the version is taken out again.
Verdict WatchChallenger(const RolloutOptions& options, Console& console, std::string_view role) {
  const Json result = console.client().Post(EndpointPath(options.name) + "/wait",
                                            Json::Of({{"version", options.version},
                                                      {"role", role},
                                                      {"requests", options.requests},
                                                      {"timeout_ms", options.timeout_ms}}));
  const int64_t seen = result.GetInt("requests");
  if (result.GetInt("errors") > 0)
    throw FailedPrecondition("Version {} failed {} of {} requests as {}", options.version,
                             result.GetInt("errors"), seen, role);
  if (seen >= options.requests) return Verdict::kEnough;
  console.client().Post(EndpointPath(options.name) + "/retire",
                        Json::Of({{"version", options.version}}));
  return Verdict::kNoTraffic;
}

int FinishWatching(const RolloutOptions& options, Console& console, Progress& progress,
                   std::string_view role, const std::string& done) {
  if (options.requests > 0 && WatchChallenger(options, console, role) == Verdict::kNoTraffic) {
    progress.Finish(fmt::format("hold: version {} saw fewer than {} requests as {} in {}",
                                options.version, options.requests, role,
                                FormatDuration(options.timeout_ms)));
    return kHold;
  }
  progress.Finish(done);
  return 0;
}

int StartShadow(const RolloutOptions& options, Console& console) {
  auto progress = console.StartProgress("shadow " + options.name);
  console.Answer(console.client().Post(EndpointPath(options.name) + "/shadow",
                                       Json::Of({{"version", options.version}})));
  return FinishWatching(options, console, *progress, "shadow",
                        fmt::format("version {} sees copies of the requests", options.version));
}

int StartCanary(const RolloutOptions& options, Console& console) {
  auto progress = console.StartProgress("canary " + options.name);
  console.Answer(
      console.client().Post(EndpointPath(options.name) + "/canary",
                            Json::Of({{"version", options.version}, {"weight", options.weight}})));
  return FinishWatching(options, console, *progress, "canary",
                        fmt::format("version {} answers {} %", options.version, options.weight));
}

int Promote(const RolloutOptions& options, Console& console) {
  auto progress = console.StartProgress("promote " + options.name);
  const Json endpoint = console.client().Post(EndpointPath(options.name) + "/promote",
                                              Json::Of({{"version", options.version}}));
  progress->Finish(fmt::format("version {} is live", options.version));
  console.Answer(endpoint);
  return 0;
}

int Rollback(const NameOptions& options, Console& console) {
  auto progress = console.StartProgress("roll back " + options.name);
  const Json endpoint =
      console.client().Post(EndpointPath(options.name) + "/rollback", Json::MakeObject());
  progress->Finish("version " + endpoint.GetString("live_version") + " is live");
  console.Answer(endpoint);
  return 0;
}

struct RetireOptions {
  std::string name, version;
};
constexpr Option<RetireOptions> kRetireOptions[] = {
    {"", "NAME", "The endpoint's name", &RetireOptions::name, "", 0, 0,
     Option<RetireOptions>::Kind::kRequired},
    {"", "--version", "The version of a canary or shadow", &RetireOptions::version, "N", 0, 0,
     Option<RetireOptions>::Kind::kRequired},
};

int RetireRevision(const RetireOptions& options, Console& console) {
  console.Answer(console.client().Post(EndpointPath(options.name) + "/retire",
                                       Json::Of({{"version", options.version}})));
  console.Line(fmt::format("version {} no longer serves", options.version));
  return 0;
}

int DeleteEndpoint(const NameOptions& options, Console& console) {
  console.Answer(console.client().Delete(EndpointPath(options.name)));
  console.Line("Endpoint " + options.name + " is gone");
  return 0;
}

struct ReplayOptions {
  std::string name, data, id_column = "id", time_column = "time", where = "true", id_prefix;
  int concurrency = 8;
  int64_t rate = 0;
};
constexpr Option<ReplayOptions> kReplayOptions[] = {
    {"", "NAME", "The endpoint's name", &ReplayOptions::name, "", 0, 0,
     Option<ReplayOptions>::Kind::kRequired},
    {"", "--data", "A Parquet, CSV or JSON lines file", &ReplayOptions::data, "FILE", 0, 0,
     Option<ReplayOptions>::Kind::kRequired},
    {"", "--id-column", "The column that becomes the prediction's id", &ReplayOptions::id_column,
     "COLUMN"},
    {"", "--time-column", "The column that says when it happened", &ReplayOptions::time_column,
     "COLUMN"},
    {"", "--where", "Which rows, as a SQL condition", &ReplayOptions::where, "SQL"},
    {"", "--id-prefix", "Put before each id, to send the same rows again",
     &ReplayOptions::id_prefix, "TEXT"},
    {"", "--rate", "Requests a second; as fast as answers come if not given", &ReplayOptions::rate,
     "N", 0, 1e6},
    {"", "--concurrency", "Requests under way at once", &ReplayOptions::concurrency, "N", 1, 256},
};

int ReplayFile(const ReplayOptions& options, Console& console) {
  auto progress = console.StartProgress("replay " + options.name);
  const ReplayPlan plan{.endpoint = options.name,
                        .file = options.data,
                        .id_column = options.id_column,
                        .time_column = options.time_column,
                        .where = options.where,
                        .id_prefix = options.id_prefix,
                        .concurrency = options.concurrency,
                        .requests_per_s = options.rate};
  const auto rows = LoadReplayRows(console.client(), plan);
  const ReplayResult result = Replay(console.client(), plan, rows, [&](int64_t done) {
    progress->Update(static_cast<double>(done) / static_cast<double>(rows.size()),
                     FormatCount(done) + " requests");
  });
  progress->Finish(fmt::format("{} requests, {} failed, p50 {} µs, p99 {} µs",
                               FormatCount(result.sent), result.failed, result.p50_us,
                               result.p99_us));
  console.Answer(ReplayResultToJson(result));
  if (!result.first_failure.empty()) console.Line("first failure: " + result.first_failure);
  return result.failed == 0 ? 0 : 1;
}

}  // namespace

void AddEndpointCommands(Commands& commands) {
  commands.push_back(MakeCommand("endpoints api-version",
                                 "Let the next version break what callers rely on",
                                 kApiVersionOptions, RaiseApiVersion));
  commands.push_back(
      MakeCommand("endpoints deploy", "Serve a model version", kCreateOptions, Deploy));
  commands.push_back(MakeCommand("endpoints list", "List endpoints", kLimitOptions, ListEndpoints));
  commands.push_back(
      MakeCommand("endpoints show", "Show revisions and replicas", kNameOptions, ShowEndpoint));
  commands.push_back(MakeCommand("endpoints shadow", "Let a version see copies of all requests",
                                 kRolloutOptions, StartShadow));
  commands.push_back(MakeCommand("endpoints canary", "Let a version answer a share of requests",
                                 kRolloutOptions, StartCanary));
  commands.push_back(MakeCommand("endpoints promote", "Make a version live by a rolling update",
                                 kRolloutOptions, Promote));
  commands.push_back(
      MakeCommand("endpoints rollback", "Go back to the version before", kNameOptions, Rollback));
  commands.push_back(MakeCommand("endpoints delete", "Stop serving", kNameOptions, DeleteEndpoint));
  commands.push_back(MakeCommand("endpoints replay",
                                 "Send a file's rows as requests, in time order", kReplayOptions,
                                 ReplayFile));
  commands.push_back(std::make_unique<ConfigureCommand>());
  commands.push_back(MakeCommand("endpoints weights", "Set the shares of all versions that answer",
                                 kWeightOptions, WeighRevisions));
  commands.push_back(
      MakeCommand("endpoints scale", "Set the number of replicas", kScaleOptions, ScaleEndpoint));
  commands.push_back(MakeCommand("endpoints retire", "Take a canary or shadow out again",
                                 kRetireOptions, RetireRevision));
}

}  // namespace millwright::cli
