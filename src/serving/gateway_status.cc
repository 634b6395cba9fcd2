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
  EndpointStatus status{.record = runtime.record,
                        .requests = runtime.routed->totals.requests(),
                        .errors = runtime.routed->totals.errors(),
                        .shadows_dropped = shadows_dropped_.load()};
  for (const RevisionRecord& record : runtime.record.revisions) {
    RevisionStatus revision{.record = record};
    if (const auto it = runtime.revisions.find(record.id); it != runtime.revisions.end()) {
      const auto& stats = *it->second.stats.at(record.role);
      revision.requests = stats.requests();
      revision.errors = stats.errors();
      revision.failure = it->second.failure;
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

std::vector<TrafficBucket> Gateway::Traffic(const EndpointName& name, size_t buckets) const {
  const auto endpoint = FindRouted(name.str());
  if (endpoint == nullptr) throw Missing(name.str());
  return endpoint->traffic.Newest(clock_.NowMs(), buckets);
}

std::string Gateway::MetricsText() const {
  std::string requests;
  std::string errors;
  std::string seconds;
  std::string replicas;
  std::string ready;
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
      for (const auto& replica : revision.replicas) {
        const auto facts = replica->facts();
        const std::string of =
            fmt::format("endpoint=\"{}\",replica=\"{}\"", name.str(), replica->spec().id);
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
    VersionStatus status{.model = endpoint.name().str(), .version = revision.model_version};
    if (revision.HasReady()) {
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
    if (route->canary != nullptr) each(*endpoint, *route->canary, route->failure);
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
