#include "cli/mlflow_origin.h"

#include <charconv>

#include "base/error.h"
#include "cli/mlflow_json.h"

namespace millwright::cli {
namespace {

constexpr int64_t kRunsPerPage = 1000;
constexpr int64_t kModelsPerPage = 50;
constexpr int64_t kVersionsPerPage = 1000;
constexpr std::string_view kParentTag = "mlflow.parentRunId";
constexpr std::string_view kRunsScheme = "runs:/";
constexpr std::string_view kModelsScheme = "models:/";

template <typename T>
std::string TagOf(const std::vector<T>& tags, std::string_view key) {
  for (const auto& tag : tags) {
    if (tag.key == key) return tag.value;
  }
  return "";
}

template <typename T>
void DropOriginTags(std::vector<T>* tags) {
  std::erase_if(*tags, [](const auto& tag) { return tag.key.starts_with(kOriginPrefix); });
}

}  // namespace

void MlflowOrigins::Learn(const tracking::ExperimentId& experiment) {
  LearnRuns(experiment);
  LearnModels(experiment);
}

void MlflowOrigins::LearnRuns(const tracking::ExperimentId& experiment) {
  Json ids = Json::MakeArray();
  ids.Append(experiment.str());
  std::string token;
  do {
    const Json page = client_.MlflowPost(
        "runs/search", Json::Of({{"experiment_ids", ids},
                                 {"run_view_type", "ALL"},
                                 {"filter", fmt::format("tags.`{}` LIKE '%'", kOriginRun)},
                                 {"max_results", kRunsPerPage},
                                 {"page_token", token}}));
    for (const auto& item : ListIn(page, "runs")) {
      const tracking::Run run = RunFromMlflow(item);
      AddRun(TagOf(run.tags, kOriginRun), {run.info.id.str(), run.info.artifact_uri,
                                           run.info.lifecycle == tracking::Lifecycle::kDeleted});
    }
    token = page.GetString("next_page_token");
  } while (!token.empty());
}

void MlflowOrigins::LearnModels(const tracking::ExperimentId& experiment) {
  Json ids = Json::MakeArray();
  ids.Append(experiment.str());
  std::string token;
  try {
    do {
      Json body = Json::Of({{"experiment_ids", ids}, {"max_results", kModelsPerPage}});
      if (!token.empty()) body.Set("page_token", token);
      const Json page = client_.MlflowPost("logged-models/search", body);
      for (const auto& item : ListIn(page, "models")) {
        const tracking::LoggedModel model = LoggedModelFromMlflow(item);
        const std::string origin = TagOf(model.tags, kOriginModel);
        if (!origin.empty()) AddModel(origin, {model.id.str(), model.artifact_uri});
      }
      token = page.GetString("next_page_token");
    } while (!token.empty());
  } catch (const Error& error) {
    // MLflow before 3 has no such thing.
    if (error.code() != Code::kNotFound && error.code() != Code::kUnimplemented) throw;
  }
}

const std::map<int64_t, int64_t>& MlflowOrigins::VersionNumbers(const registry::ModelName& name) {
  const auto known = version_numbers_.find(name.str());
  if (known != version_numbers_.end()) return known->second;
  auto& numbers = version_numbers_[name.str()];
  const char quote = name.str().find('\'') == std::string::npos ? '\'' : '"';
  std::string token;
  do {
    Query query = {{"filter", fmt::format("name = {0}{1}{0}", quote, name.str())},
                   {"max_results", std::to_string(kVersionsPerPage)}};
    if (!token.empty()) query.emplace_back("page_token", token);
    const Json page = client_.MlflowGet("model-versions/search", query);
    for (const auto& item : ListIn(page, "model_versions")) {
      registry::ModelVersion version = VersionFromMlflow(item);
      const int64_t there = version.version;
      if (Restore(&version)) numbers[version.version] = there;
    }
    token = page.GetString("next_page_token");
  } while (!token.empty());
  return numbers;
}

void MlflowOrigins::AddVersion(const registry::ModelName& name, int64_t origin, int64_t there) {
  version_numbers_[name.str()][origin] = there;
}

void MlflowOrigins::AddRun(const std::string& origin, Counterpart counterpart) {
  run_origins_[counterpart.id] = origin;
  runs_[origin] = std::move(counterpart);
}

void MlflowOrigins::AddModel(const std::string& origin, Counterpart counterpart) {
  model_origins_[counterpart.id] = origin;
  models_[origin] = std::move(counterpart);
}

Counterpart* MlflowOrigins::FindRun(const std::string& origin) {
  const auto found = runs_.find(origin);
  return found == runs_.end() ? nullptr : &found->second;
}

Counterpart* MlflowOrigins::FindModel(const std::string& origin) {
  const auto found = models_.find(origin);
  return found == models_.end() ? nullptr : &found->second;
}

std::string MlflowOrigins::RunIdThere(const std::string& origin) {
  const Counterpart* there = FindRun(origin);
  return there == nullptr ? origin : there->id;
}

std::string MlflowOrigins::ModelIdThere(const std::string& origin) {
  const Counterpart* there = FindModel(origin);
  return there == nullptr ? origin : there->id;
}

std::string MlflowOrigins::OriginOfRun(const std::string& id) const {
  const auto found = run_origins_.find(id);
  return found == run_origins_.end() ? id : found->second;
}

std::string MlflowOrigins::OriginOfModel(const std::string& id) const {
  const auto found = model_origins_.find(id);
  return found == model_origins_.end() ? id : found->second;
}

std::string MlflowOrigins::VersionSourceThere(const registry::ModelVersion& version) {
  const std::string& source = version.source;
  if (source.starts_with(kModelsScheme)) {
    return std::string(kModelsScheme) + ModelIdThere(source.substr(kModelsScheme.size()));
  }
  if (source.starts_with(kRunsScheme)) {
    const size_t end = std::min(source.find('/', kRunsScheme.size()), source.size());
    const std::string run = source.substr(kRunsScheme.size(), end - kRunsScheme.size());
    return std::string(kRunsScheme) + RunIdThere(run) + source.substr(end);
  }
  if (const Counterpart* model = FindModel(version.model_id)) return model->artifact_uri;
  return version.artifact_uri;  // where the move has put the files
}

bool MlflowOrigins::Restore(tracking::Run* run) const {
  const std::string origin = TagOf(run->tags, kOriginRun);
  if (origin.empty()) return false;
  run->info.id = tracking::RunId(origin);
  if (!TagOf(run->tags, kOriginUnnamed).empty()) run->info.name.clear();
  DropOriginTags(&run->tags);
  for (auto& tag : run->tags) {
    if (tag.key == kParentTag) tag.value = OriginOfRun(tag.value);
  }
  for (auto& model : run->model_inputs) model = tracking::LoggedModelId(OriginOfModel(model.str()));
  for (auto& output : run->model_outputs) {
    output.model_id = tracking::LoggedModelId(OriginOfModel(output.model_id.str()));
  }
  return true;
}

bool MlflowOrigins::Restore(tracking::LoggedModel* model) const {
  const std::string origin = TagOf(model->tags, kOriginModel);
  if (origin.empty()) return false;
  model->id = tracking::LoggedModelId(origin);
  model->source_run_id = OriginOfRun(model->source_run_id);
  for (auto& metric : model->metrics) {
    metric.run_id = tracking::RunId(OriginOfRun(metric.run_id.str()));
  }
  DropOriginTags(&model->tags);
  return true;
}

bool MlflowOrigins::Restore(registry::ModelVersion* version) {
  const std::string origin = TagOf(version->tags, kOriginVersion);
  if (origin.empty()) return false;
  std::from_chars(origin.data(), origin.data() + origin.size(), version->version);
  version->run_id = OriginOfRun(version->run_id);
  version->model_id = OriginOfModel(version->model_id);
  // Its source there is compared as what the source's own would become.
  registry::ModelVersion here = *version;
  here.source = TagOf(version->tags, kOriginSource);
  if (VersionSourceThere(here) == version->source) version->source = here.source;
  DropOriginTags(&version->tags);
  return true;
}

}  // namespace millwright::cli
