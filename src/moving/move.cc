#include "moving/move.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/file.h"
#include "moving/comparison.h"

namespace millwright::moving {
namespace {

// Points in memory before they are sent.
constexpr size_t kPointsAtOnce = 20'000;

// All runs of an experiment in the target, by id, when some of a group may be there.
std::unordered_map<std::string, tracking::Run> FindRuns(Source& store,
                                                        const tracking::Experiment& experiment,
                                                        const Source::RunGroup& wanted) {
  std::unordered_set<std::string> ids;
  for (const auto& run : wanted) ids.insert(run.info.id.str());
  std::unordered_map<std::string, tracking::Run> found;
  store.FindRuns(experiment, wanted, [&](tracking::Run run) {
    if (ids.count(run.info.id.str()) > 0) found[run.info.id.str()] = std::move(run);
  });
  return found;
}

}  // namespace

Move::Move(Source& source, Target& target, Problems& problems, MoveOptions options, Hooks hooks)
    : source_(source),
      target_(target),
      problems_(problems),
      options_(std::move(options)),
      hooks_(std::move(hooks)) {}

bool Move::Stopped() {
  if (!report_.stopped && hooks_.stop && hooks_.stop()) report_.stopped = true;
  return report_.stopped;
}

void Move::Tell() {
  if (!hooks_.progress) return;
  // There may be more by now than were counted.
  const int64_t found = report_.runs.found;
  const int64_t runs = std::max(found, runs_in_all_);
  hooks_.progress({runs == 0 ? 0 : static_cast<double>(found) / static_cast<double>(runs),
                   fmt::format("{}/{} runs", found, runs)});
}

bool Move::Try(const std::string& what, const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    // Without the target nothing of what follows can work either.
    if (error.code() == Code::kUnavailable || error.code() == Code::kUnauthenticated ||
        error.code() == Code::kPermissionDenied || error.code() == Code::kResourceExhausted) {
      throw;
    }
    problems_.Add(what, error.message());
  } catch (const std::filesystem::filesystem_error& error) {
    problems_.Add(what, error.code().message());
  }
  return false;
}

std::vector<tracking::Experiment> Move::Chosen() {
  auto experiments = source_.Experiments();
  if (options_.experiments.empty()) return experiments;
  for (const auto& name : options_.experiments) {
    const bool known = std::any_of(experiments.begin(), experiments.end(),
                                   [&](const auto& one) { return one.name == name; });
    if (!known) {
      throw NotFound("experiment", name + "; " + source_.where() + " has " +
                                       std::to_string(experiments.size()) + " others");
    }
  }
  std::erase_if(experiments, [&](const auto& one) {
    const auto& names = options_.experiments;
    return std::find(names.begin(), names.end(), one.name) == names.end();
  });
  return experiments;
}

MoveReport Move::Run() {
  const auto experiments = Chosen();
  for (const auto& experiment : experiments) runs_in_all_ += source_.CountRuns(experiment);
  Tell();
  // Which runs and models the registry names is known before they are moved, so that little has to
  // be remembered.
  if (options_.experiments.empty()) {
    for (const auto& model : source_.Models()) {
      for (const auto& version : source_.Versions(model.name)) {
        owners_of_versions_.insert(version.run_id);
        owners_of_versions_.insert(version.model_id);
        if (version.source.starts_with("models:/")) {
          owners_of_versions_.insert(version.source.substr(8));
        }
      }
    }
  }
  if (!options_.dry_run) {
    for (const auto& one : target_.contents().Experiments())
      experiments_before_.insert(one.id.str());
  }
  for (const auto& experiment : experiments) {
    if (Stopped()) break;
    ++report_.experiments.found;
    if (options_.dry_run) {
      CountOnly(experiment);
    } else {
      Try("experiment '" + experiment.name + "'", [&] { MoveExperiment(experiment); });
    }
  }
  if (options_.experiments.empty() && !Stopped()) MoveRegistry();
  return report_;
}

void Move::CountOnly(const tracking::Experiment& experiment) {
  report_.logged_models.found += static_cast<int64_t>(source_.LoggedModels(experiment).size());
  source_.ForEachRunGroup(experiment, [&](Source::RunGroup group) {
    report_.runs.found += static_cast<int64_t>(group.size());
    for (const auto& sum : SumPoints(source_, group)) report_.points.found += sum.count();
    for (const auto& run : group) {
      if (options_.files != FilesMode::kCopy) break;
      const auto files =
          source_.Files({experiment.id, run.info.id.str(), false, run.info.artifact_uri});
      if (!files) {
        ++report_.left_behind;
        continue;
      }
      report_.files.found += static_cast<int64_t>(files->size());
      for (const auto& file : *files) report_.bytes += static_cast<int64_t>(file.bytes);
    }
    Tell();
    return !Stopped();
  });
}

void Move::MoveExperiment(const tracking::Experiment& experiment) {
  const tracking::Experiment there = target_.Put(experiment);
  const bool was_there = experiments_before_.count(there.id.str()) > 0;
  ++(was_there ? report_.experiments.present : report_.experiments.brought);
  ++report_.experiments.verified;
  if (there.id != experiment.id) report_.renumbered[experiment.id.str()] = there.id.str();
  if (target_.gives_own_ids()) AnnounceRuns(experiment, there);
  MoveLoggedModels(experiment, there);
  source_.ForEachRunGroup(experiment, [&](Source::RunGroup group) {
    MoveGroup(std::move(group), there);
    Tell();
    return !Stopped();
  });
  if (!Stopped()) target_.Finish(experiment, there);
}

void Move::AnnounceRuns(const tracking::Experiment& experiment, const tracking::Experiment& there) {
  source_.ForEachRunGroup(experiment, [&](Source::RunGroup group) {
    for (auto& run : group) run.info.experiment_id = there.id;
    target_.Announce(group);
    return !Stopped();
  });
}

std::string Move::PlaceFiles(const FileOwner& from, const tracking::Experiment& there) {
  std::string uri = target_.FolderUri(there, from.id, from.is_model);
  if (options_.files == FilesMode::kReference) uri = from.uri;
  if (options_.files == FilesMode::kCopy && !source_.CanFetch(from)) {
    ++report_.left_behind;
    uri = from.uri;
  }
  if (owners_of_versions_.count(from.id) > 0) places_[from.id] = {from.uri, uri};
  return uri;
}

void Move::MoveLoggedModels(const tracking::Experiment& from, const tracking::Experiment& there) {
  std::vector<std::pair<tracking::LoggedModel, FileOwner>> moved;
  auto models = source_.LoggedModels(from);
  if (models.empty()) return;
  const auto before = target_.contents().LoggedModels(there);
  for (auto& model : models) {
    if (Stopped()) return;
    ++report_.logged_models.found;
    const FileOwner owner{from.id, model.id.str(), true, model.artifact_uri};
    model.experiment_id = there.id;
    model.artifact_uri = PlaceFiles(owner, there);
    for (auto& metric : model.metrics) metric.metric = Canonical(std::move(metric.metric));
    const bool was_there = std::any_of(before.begin(), before.end(), [&](const auto& other) {
      return other.id == model.id && Difference(model, other).empty();
    });
    if (!was_there && !Try("logged model " + model.id.str(), [&] { target_.Put(model); })) continue;
    ++(was_there ? report_.logged_models.present : report_.logged_models.brought);
    MoveFiles(owner, {there.id, model.id.str(), true, model.artifact_uri});
    moved.emplace_back(std::move(model), owner);
  }
  if (moved.empty()) return;
  const auto found = target_.contents().LoggedModels(there);
  for (const auto& [model, owner] : moved) {
    const auto same = std::find_if(found.begin(), found.end(),
                                   [&](const auto& other) { return other.id == model.id; });
    // A deleted model is not shown by every store, so that nothing more can be said.
    if (same == found.end() && model.lifecycle == tracking::Lifecycle::kDeleted) {
      ++report_.hidden;
      continue;
    }
    const std::string difference =
        same == found.end() ? "it cannot be found" : Difference(model, *same);
    ++(difference.empty() ? report_.logged_models.verified : report_.logged_models.different);
    if (!difference.empty()) problems_.Add("logged model " + model.id.str(), difference);
  }
}

void Move::MoveGroup(Source::RunGroup group, const tracking::Experiment& there) {
  report_.runs.found += static_cast<int64_t>(group.size());
  const Source::RunGroup originals = group;
  for (auto& run : group) {
    const FileOwner owner{run.info.experiment_id, run.info.id.str(), false, run.info.artifact_uri};
    run.info.artifact_uri = PlaceFiles(owner, there);
    run.info.experiment_id = there.id;
    run.metrics.clear();  // the latest of some stores; all points follow
  }
  auto sums = SumPoints(source_, originals);
  // What is there already, equal, is not sent again.
  const auto before = FindRuns(target_.contents(), there, group);
  Source::RunGroup known;
  for (const auto& [id, run] : before) known.push_back(run);
  std::unordered_map<std::string, PointSum> known_sums;
  if (!known.empty()) {
    const auto list = SumPoints(target_.contents(), known);
    for (size_t i = 0; i < known.size(); ++i) known_sums[known[i].info.id.str()] = list[i];
  }
  Source::RunGroup missing;
  Source::RunGroup missing_originals;
  for (size_t i = 0; i < group.size(); ++i) {
    report_.points.found += sums[i].count();
    const std::string& id = group[i].info.id.str();
    const auto other = before.find(id);
    if (other != before.end() && Difference(group[i], other->second).empty()) {
      // A store may keep a point twice that counts once.
      if (known_sums[id] != sums[i]) sums[i] = SumDistinctPoints(source_, originals[i]);
      if (known_sums[id] == sums[i]) {
        ++report_.runs.present;
        ++report_.runs.verified;
        report_.points.present += sums[i].count();
        report_.points.verified += sums[i].count();
        MoveFiles({originals[i].info.experiment_id, id, false, originals[i].info.artifact_uri},
                  {there.id, id, false, group[i].info.artifact_uri});
        continue;
      }
    }
    missing.push_back(group[i]);
    missing_originals.push_back(originals[i]);
  }
  if (missing.empty()) return;
  Send(missing_originals, missing);

  const auto after = FindRuns(target_.contents(), there, missing);
  Source::RunGroup found;
  for (const auto& run : missing) {
    const auto other = after.find(run.info.id.str());
    if (other != after.end()) found.push_back(other->second);
  }
  const auto found_list = SumPoints(target_.contents(), found);
  std::unordered_map<std::string, PointSum> found_sums;
  for (size_t i = 0; i < found.size(); ++i) found_sums[found[i].info.id.str()] = found_list[i];
  std::unordered_map<std::string, PointSum> wanted_sums;
  for (size_t i = 0; i < group.size(); ++i) wanted_sums[group[i].info.id.str()] = sums[i];
  for (size_t i = 0; i < missing.size(); ++i) {
    const std::string& id = missing[i].info.id.str();
    const auto other = after.find(id);
    std::string difference = other == after.end() ? "it cannot be found after it was sent"
                                                  : Difference(missing[i], other->second);
    PointSum wanted = wanted_sums[id];
    if (difference.empty() && found_sums[id] != wanted) {
      wanted = SumDistinctPoints(source_, missing_originals[i]);
    }
    if (difference.empty() && found_sums[id] != wanted) {
      difference = fmt::format("{} points were found and {} are there", wanted.count(),
                               found_sums[id].count());
    }
    if (difference.empty()) {
      ++report_.runs.brought;
      ++report_.runs.verified;
      report_.points.brought += wanted.count();
      report_.points.verified += wanted.count();
    } else {
      ++report_.runs.different;
      problems_.Add("run " + id, difference);
    }
    MoveFiles({missing_originals[i].info.experiment_id, id, false,
               missing_originals[i].info.artifact_uri},
              {there.id, id, false, missing[i].info.artifact_uri});
  }
}

// Sends runs with their points: many small runs in one call, a long history in many.
void Move::Send(const Source::RunGroup& source_runs, const Source::RunGroup& runs) {
  Source::RunGroup batch = runs;
  size_t points = 0;
  const auto flush = [&] {
    if (batch.empty()) return;
    if (!Try("runs of experiment " + runs[0].info.experiment_id.str(),
             [&] { target_.Put(batch); })) {
      // One of them is at fault: each alone shows which.
      for (const auto& run : batch) {
        Try("run " + run.info.id.str(), [&] { target_.Put(Source::RunGroup{run}); });
      }
    }
    batch.clear();
    points = 0;
  };
  // Runs without points are sent by the first flush; those that follow carry only points.
  std::unordered_map<size_t, size_t> places;
  for (size_t i = 0; i < runs.size(); ++i) places[i] = i;
  source_.ForEachPoint(source_runs, [&](size_t index, tracking::Metric metric) {
    if (metric.timestamp_ms < 0) {
      problems_.Add(
          "run " + runs[index].info.id.str(),
          fmt::format("a point of metric '{}' is left out: its time is before 1970", metric.key));
      return;
    }
    auto place = places.find(index);
    if (place == places.end()) {
      tracking::Run more;
      more.info = runs[index].info;
      batch.push_back(std::move(more));
      place = places.emplace(index, batch.size() - 1).first;
    }
    metric = Canonical(std::move(metric));
    metric.dataset_name.clear();
    metric.dataset_digest.clear();
    batch[place->second].metrics.push_back(std::move(metric));
    if (++points < kPointsAtOnce) return;
    flush();
    places.clear();
  });
  flush();
}

void Move::MoveFiles(const FileOwner& from, const FileOwner& to) {
  // Two servers may give the same address to folders of their own, so addresses say nothing.
  if (options_.files != FilesMode::kCopy || !source_.CanFetch(from)) return;
  const auto files = source_.Files(from);
  if (!files || files->empty()) return;
  std::map<std::string, StoredFile> there;
  Try("files of " + from.id, [&] {
    const auto found = target_.contents().Files(to);
    if (!found) return;
    for (const auto& file : *found) there[file.path] = file;
  });
  const TempDir scratch;
  std::map<std::string, StoredFile> sent;
  for (const auto& file : *files) {
    if (Stopped()) return;
    ++report_.files.found;
    Try("file " + file.path + " of " + from.id, [&] {
      const auto local = source_.Fetch(from, file.path, scratch.path());
      const std::string sha256 = Sha256OfFile(local);
      const auto known = there.find(file.path);
      const bool same = known != there.end() && known->second.bytes == file.bytes &&
                        (known->second.sha256.empty() || known->second.sha256 == sha256);
      if (same) {
        ++report_.files.present;
        ++report_.files.verified;
      } else {
        target_.PutFile(to, file.path, local);
        sent[file.path] = {file.path, file.bytes, sha256};
        ++report_.files.brought;
        report_.bytes += static_cast<int64_t>(file.bytes);
      }
      if (local.parent_path() == scratch.path()) std::filesystem::remove(local);
    });
  }
  if (sent.empty()) return;
  there.clear();
  Try("files of " + to.id, [&] {
    const auto found = target_.contents().Files(to);
    if (!found) return;
    for (const auto& file : *found) there[file.path] = file;
  });
  for (const auto& [path, file] : sent) {
    const auto known = there.find(path);
    const bool same = known != there.end() && known->second.bytes == file.bytes &&
                      (known->second.sha256.empty() || known->second.sha256 == file.sha256);
    ++(same ? report_.files.verified : report_.files.different);
    if (!same) problems_.Add("file " + path + " of " + to.id, "its size or checksum is another");
  }
}

void Move::MoveRegistry() {
  if (!options_.dry_run) {
    for (const auto& model : target_.contents().Models()) models_before_.insert(model.name.str());
  }
  for (const auto& model : source_.Models()) {
    if (Stopped()) return;
    ++report_.models.found;
    if (options_.dry_run) {
      report_.versions.found += static_cast<int64_t>(source_.Versions(model.name).size());
      report_.aliases.found += static_cast<int64_t>(model.aliases.size());
      continue;
    }
    Try("registered model '" + model.name.str() + "'", [&] { MoveModel(model); });
  }
}

// Where a version's files are now: below the folder that its run or logged model has here.
std::string Move::NewUri(const registry::ModelVersion& version) const {
  const std::string model_id = !version.model_id.empty()                ? version.model_id
                               : version.source.starts_with("models:/") ? version.source.substr(8)
                                                                        : "";
  for (const std::string& owner : {model_id, version.run_id}) {
    const auto place = places_.find(owner);
    if (owner.empty() || place == places_.end()) continue;
    const auto& [old_uri, new_uri] = place->second;
    for (const std::string& uri : {version.artifact_uri, version.source}) {
      if (!old_uri.empty() && uri.starts_with(old_uri)) return new_uri + uri.substr(old_uri.size());
      const std::string runs_uri = "runs:/" + owner + "/";
      if (uri.starts_with(runs_uri)) return new_uri + "/" + uri.substr(runs_uri.size());
    }
    if (owner == model_id) return new_uri;
  }
  return version.artifact_uri;
}

void Move::MoveModel(const registry::RegisteredModel& model) {
  auto versions = source_.Versions(model.name);
  report_.versions.found += static_cast<int64_t>(versions.size());
  for (auto& version : versions) {
    version.artifact_uri = NewUri(version);
    if (version.model_id.empty() && version.source.starts_with("models:/m-")) {
      version.model_id = version.source.substr(8);
    }
  }
  std::vector<registry::ModelVersion> before;
  const bool was_there = models_before_.count(model.name.str()) > 0;
  if (was_there) before = target_.contents().Versions(model.name);
  target_.Put(model, versions);
  const auto deleted = source_.DeletedVersions(model.name);
  if (!deleted.empty()) target_.PutDeleted(model, deleted);
  ++(was_there ? report_.models.present : report_.models.brought);
  ++report_.models.verified;
  for (const auto& version : versions) {
    const bool version_was_there =
        std::any_of(before.begin(), before.end(),
                    [&](const auto& other) { return other.version == version.version; });
    ++(version_was_there ? report_.versions.present : report_.versions.brought);
  }
  const auto found = target_.contents().Versions(model.name);
  for (const auto& version : versions) {
    const auto same = std::find_if(found.begin(), found.end(), [&](const auto& other) {
      return other.version == version.version;
    });
    const std::string difference =
        same == found.end() ? "it cannot be found" : Difference(version, *same);
    ++(difference.empty() ? report_.versions.verified : report_.versions.different);
    if (!difference.empty()) {
      problems_.Add(fmt::format("version {} of '{}'", version.version, model.name.str()),
                    difference);
    }
  }
  MoveAliases(model, versions);
}

void Move::MoveAliases(const registry::RegisteredModel& model,
                       const std::vector<registry::ModelVersion>& versions) {
  std::map<std::string, int64_t> there;
  for (const auto& other : target_.contents().Models()) {
    if (other.name != model.name) continue;
    for (const auto& alias : other.aliases) there[alias.alias] = alias.version;
  }
  for (const auto& alias : model.aliases) {
    ++report_.aliases.found;
    const std::string what = fmt::format("alias '{}' of '{}'", alias.alias, model.name.str());
    const auto known = there.find(alias.alias);
    const bool has_version =
        std::any_of(versions.begin(), versions.end(),
                    [&](const auto& version) { return version.version == alias.version; });
    if (known != there.end() && known->second == alias.version) {
      ++report_.aliases.present;
      ++report_.aliases.verified;
    } else if (known != there.end()) {
      ++report_.aliases.different;
      problems_.Add(what, fmt::format("points to version {} there and to {} in the source; it was "
                                      "left as it is",
                                      known->second, alias.version));
    } else if (!has_version) {
      ++report_.aliases.different;
      problems_.Add(what, fmt::format("points to version {}, which does not exist", alias.version));
    } else if (Try(what, [&] { target_.PutAlias(model.name, alias); })) {
      ++report_.aliases.brought;
      ++report_.aliases.verified;
    }
  }
}

}  // namespace millwright::moving
