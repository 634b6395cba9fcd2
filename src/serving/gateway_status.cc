// What the gateway tells about itself: states for the API and counters for Prometheus.
#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "serving/gateway.h"

namespace millwright::serving {
namespace {

EndpointState StateOf(const RevisionStatus& live) {
  const auto& replicas = live.replicas;
  const auto ready = std::count_if(replicas.begin(), replicas.end(), [](const auto& replica) {
    return replica.facts.state == ReplicaState::kReady;
  });
  if (!live.failure.empty()) return ready > 0 ? EndpointState::kDegraded : EndpointState::kFailed;
  if (ready == static_cast<int64_t>(replicas.size())) return EndpointState::kReady;
  return ready > 0 ? EndpointState::kDegraded : EndpointState::kStarting;
}

void AppendHistogram(const std::string& labels, const LatencyHistogram& stats, std::string* out) {
  constexpr std::string_view kName = "millwright_endpoint_request_seconds";
  const auto cumulative = stats.Cumulative();
  auto to = std::back_inserter(*out);
  for (size_t i = 0; i < cumulative.size(); ++i) {
    fmt::format_to(to, "{}_bucket{{{},le=\"{}\"}} {}\n", kName, labels,
                   LatencyHistogram::kBoundsSeconds[i], cumulative[i]);
  }
  fmt::format_to(to, "{}_bucket{{{},le=\"+Inf\"}} {}\n", kName, labels, stats.requests());
  fmt::format_to(to, "{}_sum{{{}}} {}\n", kName, labels, stats.seconds());
  fmt::format_to(to, "{}_count{{{}}} {}\n", kName, labels, stats.requests());
}

void AppendFamily(std::string_view name, std::string_view type, std::string_view help,
                  const std::string& lines, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "# HELP {} {}\n# TYPE {} {}\n{}", name, help, name, type,
                 lines);
}

}  // namespace

EndpointStatus Gateway::StatusOf(const Runtime& runtime) const {
  const RoutedEndpoint& routed = *runtime.routed;
  EndpointStatus status{.record = runtime.record,
                        .requests = routed.totals.requests(),
                        .errors = routed.totals.errors(),
                        .shadows_dropped = shadows_dropped_.load(),
                        .held = routed.held.load(),
                        .hedged = routed.hedges.spent(),
                        .hedges_won = routed.hedges.won(),
                        .hedges_refused = routed.hedges.refused(),
                        .limited = routed.limits.refused(),
                        .too_large = routed.too_large.load(),
                        .cache = routed.cache.counts(),
                        .callers = routed.limits.Usage(clock_.NowMs())};
  for (const RevisionRecord& record : runtime.record.revisions) {
    RevisionStatus revision{.record = record};
    if (const auto it = runtime.revisions.find(record.id); it != runtime.revisions.end()) {
      const auto& stats = *it->second.stats.at(record.role);
      revision.requests = stats.requests();
      revision.errors = stats.errors();
      revision.failure = it->second.failure;
      revision.replicas_wanted = it->second.wanted;
      revision.median_us = it->second.latency->median_us();
      revision.p95_us = it->second.latency->p95_us();
      for (const auto& replica : it->second.replicas) {
        revision.replicas.push_back({replica->spec().id, replica->facts()});
      }
    }
    if (record.role == Role::kLive) status.state = StateOf(revision);
    status.revisions.push_back(std::move(revision));
  }
  const auto route = runtime.routed->route();
  if (route->live != nullptr) status.info = route->live->info;
  return status;
}

std::vector<EndpointStatus> Gateway::List() const {
  std::vector<EndpointStatus> all;
  std::lock_guard lock(mutex_);
  for (const auto& [name, runtime] : runtimes_) all.push_back(StatusOf(runtime));
  return all;
}

EndpointStatus Gateway::Get(const EndpointName& name) const {
  std::lock_guard lock(mutex_);
  return StatusOf(Find(name));
}

std::optional<EndpointPolicy> Gateway::PolicyOf(const std::string& name) const {
  const auto endpoint = FindRouted(name);
  if (endpoint == nullptr) return std::nullopt;
  return endpoint->route()->policy;
}

std::vector<TrafficBucket> Gateway::Traffic(const EndpointName& name, size_t buckets) const {
  const auto endpoint = FindRouted(name.str());
  if (endpoint == nullptr) throw Missing(name.str());
  return endpoint->traffic.Newest(clock_.NowMs(), buckets);
}

namespace {

// A counter or gauge that every endpoint has one of.
struct EndpointFamily {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  int64_t (*value)(const RoutedEndpoint&);
};

constexpr EndpointFamily kEndpointFamilies[] = {
    {"millwright_endpoint_held_requests", "gauge", "Requests that wait for a replica",
     [](const RoutedEndpoint& one) { return int64_t{one.held.load()}; }},
    {"millwright_endpoint_hedged_total", "counter",
     "Requests that were asked of a second replica because the first was late",
     [](const RoutedEndpoint& one) { return one.hedges.spent(); }},
    {"millwright_endpoint_hedges_won_total", "counter",
     "Hedged requests that the second replica answered first",
     [](const RoutedEndpoint& one) { return one.hedges.won(); }},
    {"millwright_endpoint_hedges_refused_total", "counter",
     "Looks at late requests that found the budget of hedges spent",
     [](const RoutedEndpoint& one) { return one.hedges.refused(); }},
    {"millwright_endpoint_cache_hits_total", "counter", "Answers given again out of the cache",
     [](const RoutedEndpoint& one) { return one.cache.counts().hits; }},
    {"millwright_endpoint_cache_misses_total", "counter", "Answers that the cache did not have",
     [](const RoutedEndpoint& one) { return one.cache.counts().misses; }},
    {"millwright_endpoint_cache_bytes", "gauge", "Memory of the answers in the cache",
     [](const RoutedEndpoint& one) { return one.cache.counts().bytes; }},
    {"millwright_endpoint_limited_total", "counter", "Requests refused for their caller's limits",
     [](const RoutedEndpoint& one) { return one.limits.refused(); }},
    {"millwright_endpoint_too_large_total", "counter",
     "Requests and answers refused for their size",
     [](const RoutedEndpoint& one) { return one.too_large.load(); }},
};

}  // namespace

std::string Gateway::MetricsText() const {
  std::string requests;
  std::string errors;
  std::string seconds;
  std::string replicas;
  std::string ready;
  std::string ejections;
  std::string wanted;
  std::lock_guard lock(mutex_);
  for (const auto& [name, runtime] : runtimes_) {
    for (const auto& [id, revision] : runtime.revisions) {
      for (const auto& [role, stats] : revision.stats) {
        if (role == Role::kRetired) continue;
        const std::string labels = fmt::format("endpoint=\"{}\",revision=\"{}\",role=\"{}\"",
                                               name.str(), id.str(), RoleName(role));
        requests +=
            fmt::format("millwright_endpoint_requests_total{{{}}} {}\n", labels, stats->requests());
        errors +=
            fmt::format("millwright_endpoint_errors_total{{{}}} {}\n", labels, stats->errors());
        AppendHistogram(labels, *stats, &seconds);
      }
      wanted +=
          fmt::format("millwright_revision_replicas_wanted{{endpoint=\"{}\",revision=\"{}\"}} {}\n",
                      name.str(), id.str(), revision.wanted);
      for (const auto& replica : revision.replicas) {
        const auto facts = replica->facts();
        const std::string of =
            fmt::format("endpoint=\"{}\",replica=\"{}\"", name.str(), replica->spec().id);
        ejections +=
            fmt::format("millwright_replica_ejections_total{{{}}} {}\n", of, facts.ejections);
        replicas += fmt::format("millwright_replica_requests_total{{{}}} {}\n", of, facts.requests);
        ready += fmt::format("millwright_replica_ready{{{}}} {}\n", of,
                             static_cast<int>(facts.state == ReplicaState::kReady));
      }
    }
  }
  std::string text;
  AppendFamily("millwright_endpoint_requests_total", "counter",
               "Predictions asked of an endpoint, by the revision that answered", requests, &text);
  AppendFamily("millwright_endpoint_errors_total", "counter",
               "Predictions that failed by no fault of the caller", errors, &text);
  AppendFamily("millwright_endpoint_request_seconds", "histogram",
               "From the decoded request to the answer", seconds, &text);
  AppendFamily("millwright_replica_requests_total", "counter", "Predictions sent to a replica",
               replicas, &text);
  AppendFamily("millwright_replica_ready", "gauge", "Whether a replica takes requests", ready,
               &text);
  AppendFamily("millwright_replica_ejections_total", "counter",
               "Times that a replica was passed over for failing or being slow", ejections, &text);
  AppendFamily("millwright_revision_replicas_wanted", "gauge",
               "Replicas that a revision should have", wanted, &text);
  for (const EndpointFamily& family : kEndpointFamilies) {
    std::string lines;
    for (const auto& [name, runtime] : runtimes_) {
      lines += fmt::format("{}{{endpoint=\"{}\"}} {}\n", family.name, name.str(),
                           family.value(*runtime.routed));
    }
    AppendFamily(family.name, family.type, family.help, lines, &text);
  }
  AppendFamily("millwright_replica_starts_total", "counter",
               "Replicas that were started, by whether their process was there",
               fmt::format("millwright_replica_starts_total{{process=\"spare\"}} {}\n"
                           "millwright_replica_starts_total{{process=\"new\"}} {}\n",
                           supervisor_->starts_of_spares(), supervisor_->starts_of_new()),
               &text);
  AppendFamily("millwright_spare_replicas", "gauge", "Processes that wait to become replicas",
               fmt::format("millwright_spare_replicas {}\n", supervisor_->spares()), &text);
  AppendFamily("millwright_endpoint_retried_total", "counter",
               "Requests sent again because their replica went away",
               fmt::format("millwright_endpoint_retried_total {}\n", retried_.load()), &text);
  AppendFamily(
      "millwright_endpoint_shadows_dropped_total", "counter",
      "Copies for shadows that were dropped",
      fmt::format("millwright_endpoint_shadows_dropped_total {}\n", shadows_dropped_.load()),
      &text);
  return text;
}

std::vector<VersionStatus> Gateway::Index() const {
  std::vector<VersionStatus> index;
  EachRouted([&](const RoutedEndpoint& endpoint, const RoutedRevision& revision,
                 const std::string& failure) {
    const bool sleeps = endpoint.route()->sleeps;
    VersionStatus status{.model = endpoint.name().str(), .version = revision.model_version};
    if (revision.HasReady() || (revision.role == Role::kLive && sleeps)) {
      status.state = VersionStatus::State::kReady;
    } else if (revision.role == Role::kLive && !failure.empty()) {
      status.reason = failure;
    } else {
      status.state = VersionStatus::State::kLoading;
    }
    index.push_back(std::move(status));
  });
  return index;
}

std::vector<VersionStatistics> Gateway::Statistics() const {
  std::vector<VersionStatistics> all;
  EachRouted(
      [&](const RoutedEndpoint& endpoint, const RoutedRevision& revision, const std::string&) {
        VersionStatistics one{.model = endpoint.name().str(), .version = revision.model_version};
        revision.counters->Read(&one);
        // Requests wait for the live revision's replicas.
        if (revision.role == Role::kLive) one.pending = endpoint.held.load();
        all.push_back(std::move(one));
      });
  return all;
}

void Gateway::EachRouted(const std::function<void(const RoutedEndpoint&, const RoutedRevision&,
                                                  const std::string& failure)>& each) const {
  std::vector<std::shared_ptr<RoutedEndpoint>> endpoints;
  {
    std::shared_lock lock(routed_mutex_);
    for (const auto& [name, routed] : routed_) endpoints.push_back(routed);
  }
  for (const auto& endpoint : endpoints) {
    const auto route = endpoint->route();
    if (route->live != nullptr) each(*endpoint, *route->live, route->failure);
    for (const auto& canary : route->canaries) each(*endpoint, *canary, route->failure);
    for (const auto& shadow : route->shadows) each(*endpoint, *shadow, route->failure);
  }
}

std::string Gateway::VersionOfLabel(const std::string& model, const std::string& label) const {
  if (FindRouted(model) == nullptr) throw Missing(model);
  if (!options_.version_of_alias) throw NotFound("Label", model + ":" + label);
  const std::string registered = Get(EndpointName(model)).record.model;
  try {
    return options_.version_of_alias(registered, label);
  } catch (const Error& error) {
    // The registry words an unknown alias as MLflow does.
    if (error.code() != Code::kInvalidArgument && error.code() != Code::kNotFound) throw;
    throw NotFound("Label", model + ":" + label);
  }
}

void Gateway::Load(const std::string& model) {
  if (FindRouted(model) == nullptr) throw Missing(model);
  throw Unimplemented("Endpoints are not loaded but deployed: POST /api/v1/endpoints");
}

void Gateway::Unload(const std::string& model) {
  if (FindRouted(model) == nullptr) throw Missing(model);
  throw Unimplemented("Endpoints are not unloaded but deleted: DELETE /api/v1/endpoints/{}", model);
}

}  // namespace millwright::serving
