// Runs, logged models and experiments that were deleted.
#include <charconv>

#include "base/error.h"
#include "retention/collection.h"
#include "retention/sql.h"
#include "tensorboard/summary_store.h"

namespace millwright::retention {
namespace {

using storage::Connection;
using tracking::DeletedExperiment;
using tracking::DeletedModel;
using tracking::DeletedRun;

constexpr int64_t kListedAtOnce = 100;
constexpr std::string_view kWhyRemoved = "it was deleted and nothing refers to it";
constexpr const char* kChanged = "it was restored, or a version made of it, meanwhile";
// How far the clocks of two servers may differ, and a transaction may last.
constexpr int64_t kSlackMs = 600'000;

// Whether a folder is, by its name, of this run or model and nobody else's: <id> or <id>/artifacts,
// as MLflow and we lay them.
bool IsOwnFolder(std::string_view path, std::string_view id) {
  constexpr std::string_view kArtifacts = "/artifacts";
  if (path.ends_with(kArtifacts)) path.remove_suffix(kArtifacts.size());
  if (!path.ends_with(id)) return false;
  path.remove_suffix(id.size());
  return path.empty() || path.ends_with('/');
}

// Whatever a transaction finds to be other than it was listed leaves it as it was.
template <typename Work>
bool WriteUnlessChanged(storage::Database& database, Work work) {
  try {
    database.Write(work);
    return true;
  } catch (const Error& error) {
    if (error.code() == Code::kNotFound || error.code() == Code::kFailedPrecondition) return false;
    throw;
  }
}

void RequireNoVersion(Connection& connection, const tracking::RunId& run) {
  if (connection.SelectOne(sql::kVersionOfRun, {run.str()}))
    throw FailedPrecondition("A version came out of run {}", run.str());
}

}  // namespace

std::string Collection::WhyFilesKept(const std::string& artifact_uri, const std::string& id) const {
  const auto path = artifacts_.FindPath(artifact_uri);
  if (!path)
    return fmt::format("its files are at {}, where this server does not reach", artifact_uri);
  if (!IsOwnFolder(*path, id))
    return fmt::format("its files are in {}, which may hold others' as well", *path);
  if (!artifacts_.IsWritable(*path))
    return fmt::format("its files are in {}, which this server does not write", *path);
  return references_.UserOfFolder(*path);
}

std::string Collection::WhyKept(const DeletedRun& run) const {
  if (run.deleted_ms == 0) return "it is not deleted";
  std::string kept = references_.UserOfRun(run.id.str());
  if (kept.empty()) kept = WhyFilesKept(run.artifact_uri, run.id.str());
  return kept.empty() ? Young(run.deleted_ms) : kept;
}

std::string Collection::WhyKept(const DeletedModel& model) const {
  std::string kept = references_.UserOfModel(model.id.str());
  if (kept.empty()) kept = WhyFilesKept(model.artifact_uri, model.id.str());
  return kept.empty() ? Young(model.deleted_ms) : kept;
}

std::string Collection::WhyKept(const DeletedExperiment& experiment) const {
  if (std::string young = Young(experiment.deleted_ms); !young.empty()) return young;
  int64_t after = -1;
  while (true) {
    const auto runs = database_.Read([&](Connection& connection) {
      return tracking::RunsOf(connection, experiment.id, after, kListedAtOnce);
    });
    if (runs.empty()) break;
    for (const auto& run : runs) {
      after = run.seq;
      if (!request_.dry_run || !WhyKept(run).empty())
        return fmt::format("run {} of it is kept", run.id.str());
    }
  }
  const auto models = database_.Read(
      [&](Connection& connection) { return tracking::ModelsOf(connection, experiment.id); });
  for (auto model : models) {
    model.deleted_ms = experiment.deleted_ms;  // it goes with its experiment
    if (const std::string kept = WhyKept(model); !kept.empty())
      return fmt::format("logged model {} of it is kept: {}", model.id.str(), kept);
  }
  return "";
}

void Collection::RequireNoNewVersion(Connection& connection, const std::string& artifact_uri) {
  artifacts::HoldUses(connection);
  references_.AddRecentVersions(connection, started_ms_ - kSlackMs);
  const std::string user = references_.UserOfFolder(*artifacts_.FindPath(artifact_uri));
  if (!user.empty()) throw FailedPrecondition("Since this collection began {}", user);
}

void Collection::RemoveFiles(const std::string& artifact_uri) {
  const std::string path = *artifacts_.FindPath(artifact_uri);
  artifacts_.RemoveAbandoned(path);
  artifacts_.RemoveEmptyFolder(path.substr(0, path.rfind('/')));
}

bool Collection::Remove(const DeletedRun& run) {
  const bool removed = WriteUnlessChanged(database_, [&](Connection& connection) {
    const DeletedRun now = tracking::FindDeletedRun(connection, run.id);
    RequireNoNewVersion(connection, run.artifact_uri);
    RequireNoVersion(connection, run.id);
    tensorboard::ForgetRun(connection, run.id);
    tracking::RemoveRun(connection, now.seq);
    artifacts::Abandon(connection, *artifacts_.FindPath(run.artifact_uri), clock_.NowMs());
    events_.Append(connection, "run.removed", "run:" + run.id.str(), request_.who,
                   Json::Of({{"experiment_id", run.experiment_id.str()}, {"name", run.name}}));
  });
  if (removed) RemoveFiles(run.artifact_uri);
  return removed;
}

bool Collection::Remove(const DeletedModel& model) {
  const bool removed = WriteUnlessChanged(database_, [&](Connection& connection) {
    tracking::FindDeletedModel(connection, model.id);
    RequireNoNewVersion(connection, model.artifact_uri);
    if (!references_.UserOfModel(model.id.str()).empty())
      throw FailedPrecondition("A version is made of logged model {}", model.id.str());
    tracking::RemoveModel(connection, model.id);
    artifacts::Abandon(connection, *artifacts_.FindPath(model.artifact_uri), clock_.NowMs());
    events_.Append(connection, "logged_model.removed", "logged_model:" + model.id.str(),
                   request_.who,
                   Json::Of({{"experiment_id", model.experiment_id.str()}, {"name", model.name}}));
  });
  if (removed) RemoveFiles(model.artifact_uri);
  return removed;
}

bool Collection::Remove(const DeletedExperiment& experiment) {
  std::vector<DeletedModel> models;
  const bool removed = WriteUnlessChanged(database_, [&](Connection& connection) {
    tracking::FindDeletedExperiment(connection, experiment.id);
    if (!tracking::RunsOf(connection, experiment.id, -1, 1).empty())
      throw FailedPrecondition("Experiment {} has a run", experiment.id.str());
    models = tracking::ModelsOf(connection, experiment.id);
    for (const auto& model : models) {
      RequireNoNewVersion(connection, model.artifact_uri);
      tracking::RemoveModel(connection, model.id);
      artifacts::Abandon(connection, *artifacts_.FindPath(model.artifact_uri), clock_.NowMs());
    }
    tracking::RemoveExperiment(connection, experiment.id);
    events_.Append(connection, "experiment.removed", "experiment:" + experiment.id.str(),
                   request_.who, Json::Of({{"name", experiment.name}}));
  });
  if (!removed) return false;
  for (const auto& model : models) RemoveFiles(model.artifact_uri);
  if (const auto folder = artifacts_.FindPath(experiment.artifact_location);
      folder && !folder->empty() && artifacts_.IsWritable(*folder)) {
    artifacts_.RemoveEmptyFolder(artifacts::JoinPath(*folder, "models"));
    artifacts_.RemoveEmptyFolder(*folder);
  }
  return true;
}

void Collection::Take(const DeletedRun& run) {
  std::string kept = WhyKept(run);
  if (kept.empty() && !request_.dry_run && !Remove(run)) kept = kChanged;
  Add({.kind = Kind::kRun,
       .id = run.id.str(),
       .name = run.name,
       .path = artifacts_.FindPath(run.artifact_uri).value_or(""),
       .since_ms = run.deleted_ms},
      kept, kWhyRemoved);
}

void Collection::Take(const DeletedModel& model) {
  std::string kept = WhyKept(model);
  if (kept.empty() && !request_.dry_run && !Remove(model)) kept = kChanged;
  Add({.kind = Kind::kModel,
       .id = model.id.str(),
       .name = model.name,
       .path = artifacts_.FindPath(model.artifact_uri).value_or(""),
       .since_ms = model.deleted_ms},
      kept, kWhyRemoved);
}

void Collection::Take(const DeletedExperiment& experiment) {
  std::string kept = WhyKept(experiment);
  if (kept.empty() && !request_.dry_run && !Remove(experiment)) kept = kChanged;
  Add({.kind = Kind::kExperiment,
       .id = experiment.id.str(),
       .name = experiment.name,
       .path = artifacts_.FindPath(experiment.artifact_location).value_or(""),
       .since_ms = experiment.deleted_ms},
      kept, kWhyRemoved);
}

Collection::Place Collection::Models(std::string after) {
  while (true) {
    const auto models = database_.Read([&](Connection& connection) {
      return tracking::ListDeletedModels(connection, after, kListedAtOnce);
    });
    if (models.empty()) return std::nullopt;
    for (const auto& model : models) {
      if (IsFull()) return after;
      after = model.id.str();
      const bool named = std::find(request_.models.begin(), request_.models.end(), model.id) !=
                         request_.models.end();
      if (named || !request_.names_any()) Take(model);
    }
  }
}

Collection::Place Collection::Runs(int64_t after) {
  while (true) {
    const auto runs = database_.Read([&](Connection& connection) {
      return tracking::ListDeletedRuns(connection, after, kListedAtOnce);
    });
    if (runs.empty()) return std::nullopt;
    for (const auto& run : runs) {
      if (IsFull()) return std::to_string(after);
      after = run.seq;
      Take(run);
    }
  }
}

// The runs that are named, then those of each experiment that is; a place is a position in that
// list and, for an experiment, the last of its runs: "7.1234".
Collection::Place Collection::NamedRuns(const std::string& after) {
  size_t at = 0;
  int64_t seq = -1;
  if (!after.empty()) {
    const char* const end = after.data() + after.size();
    const auto [dot, error] = std::from_chars(after.data(), end, at);
    const bool well_formed = error == std::errc() && dot != end && *dot == '.' &&
                             std::from_chars(dot + 1, end, seq).ec == std::errc();
    if (!well_formed) throw InvalidArgument("Malformed page token").WithField("after");
  }
  for (; at < request_.runs.size(); ++at) {
    if (IsFull()) return fmt::format("{}.-1", at);
    const auto run = database_.Read([&](Connection& connection) {
      return tracking::LookUpDeletedRun(connection, request_.runs[at]);
    });
    if (run) Take(*run);  // else it was named twice, or restored since the first page
  }
  for (; at - request_.runs.size() < request_.experiments.size(); ++at, seq = -1) {
    const auto& experiment = request_.experiments[at - request_.runs.size()];
    while (true) {
      const auto runs = database_.Read([&](Connection& connection) {
        return tracking::RunsOf(connection, experiment, seq, kListedAtOnce);
      });
      if (runs.empty()) break;
      for (const auto& run : runs) {
        if (IsFull()) return fmt::format("{}.{}", at, seq);
        seq = run.seq;
        Take(run);
      }
    }
  }
  return std::nullopt;
}

Collection::Place Collection::Experiments(int64_t after) {
  while (true) {
    const auto experiments = database_.Read([&](Connection& connection) {
      return tracking::ListDeletedExperiments(connection, after, kListedAtOnce);
    });
    if (experiments.empty()) return std::nullopt;
    for (const auto& experiment : experiments) {
      if (IsFull()) return std::to_string(after);
      after = std::stoll(experiment.id.str());
      const auto& named = request_.experiments;
      const bool is_named = std::find(named.begin(), named.end(), experiment.id) != named.end();
      if (is_named || !request_.names_any()) Take(experiment);
    }
  }
}

}  // namespace millwright::retention
