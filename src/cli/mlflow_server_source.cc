#include "cli/mlflow_server_source.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "cli/mlflow_json.h"

namespace millwright::cli {
namespace {

constexpr int64_t kPageResults = 200;  // runs in memory at a time, with params and tags
constexpr int64_t kExperimentsPerPage = 1000;
constexpr int64_t kHistoryResults = 25'000;
constexpr int64_t kModelsPerPage = 100;
constexpr int64_t kVersionsPerPage = 1000;
constexpr size_t kIdsPerFilter = 100;
constexpr size_t kFilesMax = 200'000;

constexpr std::string_view kProxied = "mlflow-artifacts:";

// The folder of the server's own store, "0/4f2…/artifacts".
std::string ProxiedFolder(const std::string& uri) {
  std::string_view path = std::string_view(uri).substr(kProxied.size());
  if (path.starts_with("//")) path.remove_prefix(std::min(path.find('/', 2), path.size()));
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return std::string(path);
}

// Quotes a text for a filter.
std::string Quoted(const std::string& text) {
  const char quote = text.find('\'') == std::string::npos ? '\'' : '"';
  return quote + text + quote;
}

// Asks for pages until there is no next one.
void ForEachPage(const std::function<Json(const std::string& token)>& ask,
                 const std::function<bool(const Json&)>& each) {
  std::string token;
  do {
    const Json page = ask(token);
    if (!each(page)) return;
    const std::string next = page.GetString("next_page_token");
    if (next == token) return;  // a server that gives the same page for ever
    token = next;
  } while (!token.empty());
}

}  // namespace

MlflowServerSource::MlflowServerSource(Client& client, moving::Problems& problems)
    : client_(client), problems_(problems) {
  try {
    client_.MlflowPost("experiments/search", Json::Of({{"max_results", 1}}));
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{} does not answer as an MLflow server: {}",
                                          client_.uri(), error.message()));
  }
  is_millwright_ = client_.SendRaw({.url = "/api/v1/overview"}).status == 200;
  if (is_millwright_) return;
  Json default_experiment = Json::MakeArray();
  default_experiment.Append("0");
  has_logged_models_ =
      client_
          .SendRaw({.method = "POST",
                    .url = "/api/2.0/mlflow/logged-models/search",
                    .headers = {{"Content-Type", "application/json"}},
                    .body = Json::Of({{"experiment_ids", default_experiment}}).Dump()})
          .status == 200;
}

std::vector<tracking::Experiment> MlflowServerSource::Experiments() {
  std::vector<tracking::Experiment> experiments;
  ForEachPage(
      [&](const std::string& token) {
        return client_.MlflowPost("experiments/search",
                                  Json::Of({{"max_results", kExperimentsPerPage},
                                            {"view_type", "ALL"},
                                            {"page_token", token}}));
      },
      [&](const Json& page) {
        for (const auto& item : ListIn(page, "experiments")) {
          experiments.push_back(ExperimentFromMlflow(item));
        }
        return true;
      });
  return experiments;
}

int64_t MlflowServerSource::CountRuns(const tracking::Experiment&) {
  return 0;
}

void MlflowServerSource::SearchRuns(const tracking::Experiment& experiment,
                                    const std::string& filter,
                                    const std::function<bool(RunGroup)>& each) {
  Json ids = Json::MakeArray();
  ids.Append(experiment.id.str());
  ForEachPage(
      [&](const std::string& token) {
        Json order = Json::MakeArray();
        order.Append("attributes.start_time ASC");
        return client_.MlflowPost("runs/search", Json::Of({{"experiment_ids", ids},
                                                           {"run_view_type", "ALL"},
                                                           {"filter", filter},
                                                           {"order_by", order},
                                                           {"max_results", kPageResults},
                                                           {"page_token", token}}));
      },
      [&](const Json& page) {
        RunGroup group;
        for (const auto& item : ListIn(page, "runs")) group.push_back(RunFromMlflow(item));
        if (has_logged_models_) AddModels(&group);
        return group.empty() || each(std::move(group));
      });
}

// MLflow's own search says nothing of the models that a run took in, before 3.11 neither of those
// that it made.
void MlflowServerSource::AddModels(RunGroup* group) {
  for (auto& run : *group) {
    const tracking::Run whole =
        RunFromMlflow(client_.MlflowGet("runs/get", {{"run_id", run.info.id.str()}}).At("run"));
    run.model_inputs = whole.model_inputs;
    run.model_outputs = whole.model_outputs;
  }
}

void MlflowServerSource::ForEachRunGroup(const tracking::Experiment& experiment,
                                         const std::function<bool(RunGroup)>& each) {
  SearchRuns(experiment, "", each);
}

void MlflowServerSource::FindRuns(const tracking::Experiment& experiment, const RunGroup& wanted,
                                  const std::function<void(tracking::Run)>& each) {
  for (size_t from = 0; from < wanted.size(); from += kIdsPerFilter) {
    std::string filter = "attributes.run_id IN (";
    for (size_t i = from; i < std::min(wanted.size(), from + kIdsPerFilter); ++i) {
      filter += (i > from ? ", " : "") + Quoted(wanted[i].info.id.str());
    }
    SearchRuns(experiment, filter + ")", [&](RunGroup group) {
      for (auto& run : group) each(std::move(run));
      return true;
    });
  }
}

void MlflowServerSource::ForEachPoint(
    const RunGroup& runs, const std::function<void(size_t index, tracking::Metric)>& each) {
  for (size_t i = 0; i < runs.size(); ++i) {
    std::set<std::string> keys;
    for (const auto& metric : runs[i].metrics) keys.insert(metric.key);
    for (const auto& key : keys) {
      ForEachPage(
          [&](const std::string& token) {
            Query query = {{"run_id", runs[i].info.id.str()},
                           {"metric_key", key},
                           {"max_results", std::to_string(kHistoryResults)}};
            if (!token.empty()) query.emplace_back("page_token", token);
            return client_.MlflowGet("metrics/get-history", query);
          },
          [&](const Json& page) {
            for (const auto& item : ListIn(page, "metrics")) each(i, MetricFromMlflow(item));
            return true;
          });
    }
  }
}

std::vector<tracking::LoggedModel> MlflowServerSource::LoggedModels(
    const tracking::Experiment& experiment) {
  std::vector<tracking::LoggedModel> models;
  Json ids = Json::MakeArray();
  ids.Append(experiment.id.str());
  try {
    ForEachPage(
        [&](const std::string& token) {
          Json body = Json::Of({{"experiment_ids", ids}, {"max_results", 50}});
          if (!token.empty()) body.Set("page_token", token);
          return client_.MlflowPost("logged-models/search", body);
        },
        [&](const Json& page) {
          for (const auto& item : ListIn(page, "models")) {
            models.push_back(LoggedModelFromMlflow(item));
          }
          return true;
        });
  } catch (const Error& error) {
    // MLflow before 3 has no such thing.
    if (error.code() != Code::kNotFound && error.code() != Code::kUnimplemented) throw;
  }
  return models;
}

std::vector<registry::RegisteredModel> MlflowServerSource::Models() {
  std::vector<registry::RegisteredModel> models;
  ForEachPage(
      [&](const std::string& token) {
        Query query = {{"max_results", std::to_string(kModelsPerPage)}};
        if (!token.empty()) query.emplace_back("page_token", token);
        return client_.MlflowGet("registered-models/search", query);
      },
      [&](const Json& page) {
        for (const auto& item : ListIn(page, "registered_models")) {
          models.push_back(ModelFromMlflow(item));
        }
        return true;
      });
  return models;
}

std::vector<registry::ModelVersion> MlflowServerSource::Versions(const registry::ModelName& name) {
  std::vector<registry::ModelVersion> versions;
  ForEachPage(
      [&](const std::string& token) {
        Query query = {{"filter", "name = " + Quoted(name.str())},
                       {"max_results", std::to_string(kVersionsPerPage)}};
        if (!token.empty()) query.emplace_back("page_token", token);
        return client_.MlflowGet("model-versions/search", query);
      },
      [&](const Json& page) {
        for (const auto& item : ListIn(page, "model_versions")) {
          versions.push_back(VersionFromMlflow(item));
        }
        return true;
      });
  for (auto& version : versions) {
    try {
      version.artifact_uri =
          client_
              .MlflowGet("model-versions/get-download-uri",
                         {{"name", name.str()}, {"version", std::to_string(version.version)}})
              .GetString("artifact_uri", version.source);
    } catch (const Error& error) {
      problems_.Add(fmt::format("version {} of '{}'", version.version, name.str()),
                    error.message());
    }
  }
  std::sort(versions.begin(), versions.end(),
            [](const auto& a, const auto& b) { return a.version < b.version; });
  return versions;
}

bool MlflowServerSource::CanFetch(const moving::FileOwner& owner) const {
  // What its server proxies; it lists nothing of the folders of other machines.
  return owner.uri.starts_with(kProxied) || !is_millwright_;
}

Json MlflowServerSource::ListFolder(const moving::FileOwner& owner, const std::string& folder) {
  if (owner.uri.starts_with(kProxied)) {
    return client_.Get("/api/2.0/mlflow-artifacts/artifacts",
                       {{"path", ProxiedFolder(owner.uri) + (folder.empty() ? "" : "/" + folder)}});
  }
  if (owner.is_model) {
    return client_.MlflowGet("logged-models/" + owner.id + "/artifacts/directories",
                             {{"artifact_directory_path", folder}});
  }
  return client_.MlflowGet("artifacts/list", {{"run_id", owner.id}, {"path", folder}});
}

std::vector<moving::StoredFile> MlflowServerSource::FilesWithChecksums(
    const moving::FileOwner& owner) {
  std::vector<moving::StoredFile> files;
  const Json answer = client_.Get("/api/v1/import/files", {{"folder", ProxiedFolder(owner.uri)}});
  for (const auto& file : ListIn(answer, "files")) {
    files.push_back({file.GetString("path"), static_cast<uint64_t>(file.GetInt("bytes")),
                     file.GetString("sha256")});
  }
  return files;
}

std::optional<std::vector<moving::StoredFile>> MlflowServerSource::Files(
    const moving::FileOwner& owner) {
  if (!CanFetch(owner)) return std::nullopt;
  if (is_millwright_) return FilesWithChecksums(owner);
  std::vector<moving::StoredFile> files;
  std::vector<std::string> folders = {""};
  while (!folders.empty()) {
    const std::string folder = folders.back();
    folders.pop_back();
    const Json listed = ListFolder(owner, folder);
    for (const auto& file : ListIn(listed, "files")) {
      // The proxy names what is in the folder, a run's list names it from the run's root on.
      std::string path = file.GetString("path");
      const bool relative = owner.uri.starts_with(kProxied);
      if (relative && !folder.empty()) path = folder + "/" + path;
      if (file.GetBool("is_dir")) {
        folders.push_back(path);
      } else if (files.size() < kFilesMax) {
        files.push_back({path, static_cast<uint64_t>(WholeIn(file, "file_size")), ""});
      } else {
        throw ResourceExhausted("{} has more than {} files", owner.id, kFilesMax);
      }
    }
  }
  return files;
}

std::filesystem::path MlflowServerSource::Fetch(const moving::FileOwner& owner,
                                                const std::string& path,
                                                const std::filesystem::path& scratch) {
  const auto target = scratch / "file";
  std::string url;
  if (owner.uri.starts_with(kProxied)) {
    url = "/api/2.0/mlflow-artifacts/artifacts/" +
          fetch::PercentEncode(ProxiedFolder(owner.uri) + "/" + path, fetch::Slashes::kKeep);
  } else if (owner.is_model) {
    url = "/ajax-api/2.0/mlflow/logged-models/" + owner.id +
          "/artifacts/files?artifact_file_path=" + fetch::PercentEncode(path);
  } else {
    url = "/get-artifact?run_id=" + owner.id + "&path=" + fetch::PercentEncode(path);
  }
  client_.Download(url, target);
  return target;
}

}  // namespace millwright::cli
