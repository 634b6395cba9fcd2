#include "moving/file_store_source.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "moving/local_folder.h"
#include "moving/meta_yaml.h"
#include "moving/metric_file.h"
#include "moving/run_origin.h"

namespace millwright::moving {
namespace {

namespace fs = std::filesystem;

constexpr size_t kRunsAtOnce = 100;
// The longest param or tag that is read; MLflow's own limit is 100,000 characters.
constexpr uintmax_t kValueBytesMax = 16 << 20;
// Bad lines of a file that are told one by one.
constexpr int64_t kBadLinesTold = 3;

constexpr const char* kMeta = "meta.yaml";
constexpr const char* kTrash = ".trash";
constexpr const char* kModels = "models";
constexpr std::string_view kDeletedStage = "Deleted_Internal";  // of a version

bool IsNumber(const std::string& name) {
  return !name.empty() && name.size() <= 19 &&
         name.find_first_not_of("0123456789") == std::string::npos;
}

std::vector<fs::path> FoldersIn(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->is_directory(error)) folders.push_back(entry->path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

tracking::Lifecycle LifecycleOf(const MetaYaml& meta) {
  return meta.Text("lifecycle_stage") == "deleted" ? tracking::Lifecycle::kDeleted
                                                   : tracking::Lifecycle::kActive;
}

// Statuses and kinds of sources are numbers of MLflow's protocol here.
tracking::RunStatus StatusOf(const MetaYaml& meta) {
  using enum tracking::RunStatus;
  constexpr tracking::RunStatus kStatuses[] = {kRunning, kScheduled, kFinished, kFailed, kKilled};
  const int64_t number = meta.Int("status").value_or(1);
  return number >= 1 && number <= 5 ? kStatuses[number - 1] : kRunning;
}

std::string SourceTypeOf(const MetaYaml& meta) {
  constexpr const char* kTypes[] = {"NOTEBOOK", "JOB", "PROJECT", "LOCAL"};
  const int64_t number = meta.Int("source_type").value_or(0);
  return number >= 1 && number <= 4 ? kTypes[number - 1] : "";
}

}  // namespace

FileStoreSource::FileStoreSource(fs::path root, Problems& problems)
    : root_(fs::absolute(std::move(root)).lexically_normal()), problems_(problems) {
  if (!fs::exists(root_)) throw NotFound("folder", root_.string());
  if (!fs::is_directory(root_)) {
    throw InvalidArgument("{} is a file. Give an mlruns folder, or a database as sqlite:///{}",
                          root_.string(), root_.string());
  }
  const auto folders = FoldersIn(root_);
  const bool store = std::any_of(folders.begin(), folders.end(), [](const fs::path& folder) {
    const std::string name = folder.filename().string();
    return name == kTrash || (IsNumber(name) && fs::exists(folder / kMeta));
  });
  if (store) return;
  const bool inside = fs::is_directory(root_ / "mlruns");
  throw InvalidArgument(
      "{} is no mlruns folder: it holds no experiment (a folder named by a number, with a "
      "meta.yaml).{}",
      root_.string(), inside ? " Did you mean " + (root_ / "mlruns").string() + "?" : "");
}

void FileStoreSource::Try(const fs::path& what, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    problems_.Add(what.string(), error.message());
  } catch (const fs::filesystem_error& error) {
    problems_.Add(what.string(), error.code().message());
  }
}

// Reads the files below a folder, each of which is a value named by its path.
std::vector<tracking::Tag> FileStoreSource::ReadValues(const fs::path& folder) {
  std::vector<tracking::Tag> values;
  if (!fs::exists(folder)) return values;
  if (!fs::is_directory(folder)) {
    problems_.Add(folder.string(), "is a file where a folder of values belongs");
    return values;
  }
  for (const auto& file : FilesBelow(folder, problems_)) {
    Try(folder / file.path, [&] {
      if (file.bytes > kValueBytesMax) {
        throw InvalidArgument("has {} bytes, more than any value", file.bytes);
      }
      values.push_back({file.path, ReadFile(folder / file.path)});
    });
  }
  return values;
}

fs::path FileStoreSource::ExperimentFolder(const tracking::ExperimentId& id) const {
  const fs::path active = root_ / id.str();
  return fs::exists(active) ? active : root_ / kTrash / id.str();
}

std::vector<tracking::Experiment> FileStoreSource::Experiments() {
  std::vector<tracking::Experiment> experiments;
  auto folders = FoldersIn(root_);
  for (auto& folder : FoldersIn(root_ / kTrash)) folders.push_back(std::move(folder));
  for (const auto& folder : folders) {
    const std::string id = folder.filename().string();
    if (!IsNumber(id)) continue;
    Try(folder / kMeta, [&] {
      const MetaYaml meta(folder / kMeta);
      if (meta.Text("name").empty()) throw InvalidArgument("names no experiment");
      // Old releases deleted an experiment by moving its folder and left its file as it was.
      const bool thrown_away = folder.parent_path().filename() == kTrash;
      experiments.push_back(
          {.id = tracking::ExperimentId(id),
           .name = meta.Text("name"),
           .artifact_location = meta.Text("artifact_location"),
           .lifecycle = thrown_away ? tracking::Lifecycle::kDeleted : LifecycleOf(meta),
           .created_ms = meta.Int("creation_time").value_or(0),
           .updated_ms = meta.Int("last_update_time").value_or(0),
           .tags = ReadValues(folder / "tags")});
    });
  }
  return experiments;
}

// Every folder of an experiment but those of other things; where artifacts are kept beside runs a
// folder may be no run.
std::vector<fs::path> FileStoreSource::RunFolders(const tracking::Experiment& experiment) const {
  auto folders = FoldersIn(ExperimentFolder(experiment.id));
  std::erase_if(folders, [](const fs::path& folder) {
    const std::string name = folder.filename().string();
    if (name == "tags" || name == "datasets" || name == "traces" || name == kModels) return true;
    const bool run = fs::exists(folder / kMeta) || fs::exists(folder / "params") ||
                     fs::exists(folder / "metrics");
    return !run;
  });
  return folders;
}

int64_t FileStoreSource::CountRuns(const tracking::Experiment& experiment) {
  return static_cast<int64_t>(RunFolders(experiment).size());
}

void FileStoreSource::ForEachRunGroup(const tracking::Experiment& experiment,
                                      const std::function<bool(RunGroup)>& each) {
  RunGroup group;
  for (const auto& folder : RunFolders(experiment)) {
    Try(folder / kMeta, [&] { group.push_back(ReadRun(experiment, folder)); });
    if (group.size() < kRunsAtOnce) continue;
    if (!each(std::move(group))) return;
    group = {};
  }
  if (!group.empty()) each(std::move(group));
}

tracking::Run FileStoreSource::ReadRun(const tracking::Experiment& experiment,
                                       const fs::path& folder) {
  const MetaYaml meta(folder / kMeta);
  tracking::Run run;
  run.info = {.id = tracking::RunId(folder.filename().string()),
              .experiment_id = experiment.id,
              .name = meta.Text("run_name").empty() ? meta.Text("name") : meta.Text("run_name"),
              .user_id = meta.Text("user_id"),
              .status = StatusOf(meta),
              .start_ms = meta.Int("start_time").value_or(0),
              .end_ms = meta.Int("end_time"),
              .artifact_uri = meta.Text("artifact_uri"),
              .lifecycle = LifecycleOf(meta)};
  for (auto& [key, value] : ReadValues(folder / "params")) run.params.push_back({key, value});
  run.tags = ReadValues(folder / "tags");
  AddOriginTags({meta.Text("source_name"), SourceTypeOf(meta), meta.Text("entry_point_name"),
                 meta.Text("source_version")},
                &run);
  if (run.info.name.empty()) {
    for (const auto& tag : run.tags) {
      if (tag.key == "mlflow.runName") run.info.name = tag.value;
    }
  }
  AddInputs(folder.parent_path(), folder, &run);
  return run;
}

void FileStoreSource::AddInputs(const fs::path& experiment_folder, const fs::path& run_folder,
                                tracking::Run* run) {
  for (const auto& input : FoldersIn(run_folder / "inputs")) {
    Try(input / kMeta, [&] {
      const MetaYaml meta(input / kMeta);
      const std::string id = meta.Text("source_id");
      if (meta.Text("source_type") == "MODEL") {
        run->model_inputs.emplace_back(id);
        return;
      }
      const fs::path dataset_folder =
          ConfinedPath(experiment_folder / "datasets", id.empty() ? "-" : id);
      const MetaYaml dataset(dataset_folder / kMeta);
      std::vector<tracking::Tag> tags;
      if (const Json* given = meta.json().Find("tags"); given != nullptr && given->is_object()) {
        for (const auto& [key, value] : given->AsObject()) {
          tags.push_back({key, value.is_string() ? value.AsString() : value.Dump()});
        }
      }
      run->dataset_inputs.push_back(
          {{dataset.Text("name"), dataset.Text("digest"), dataset.Text("source_type"),
            dataset.Text("source"), dataset.OptionalText("schema"),
            dataset.OptionalText("profile")},
           std::move(tags)});
    });
  }
  for (const auto& output : FoldersIn(run_folder / "outputs")) {
    Try(output / kMeta, [&] {
      const MetaYaml meta(output / kMeta);
      run->model_outputs.push_back(
          {tracking::LoggedModelId(output.filename().string()), meta.Int("step").value_or(0)});
    });
  }
}

std::vector<tracking::RunId> FileStoreSource::RunIds(const tracking::Experiment& experiment) const {
  std::vector<tracking::RunId> ids;
  for (const auto& folder : RunFolders(experiment)) ids.emplace_back(folder.filename().string());
  return ids;
}

fs::path FileStoreSource::MetricFolder(const tracking::RunInfo& run) const {
  return ExperimentFolder(run.experiment_id) / run.id.str() / "metrics";
}

void FileStoreSource::ForEachMetricFile(
    const tracking::RunInfo& run,
    const std::function<void(const std::string& key, const BadLine&)>& read) {
  const fs::path folder = MetricFolder(run);
  if (fs::exists(folder) && !fs::is_directory(folder)) {
    problems_.Add(folder.string(), "is a file where a folder of metrics belongs");
    return;
  }
  for (const auto& file : FilesBelow(folder, problems_)) {
    int64_t bad_lines = 0;
    Try(folder / file.path, [&] {
      read(file.path, [&](int64_t number) {
        if (++bad_lines <= kBadLinesTold) {
          problems_.Add((folder / file.path).string() + " line " + std::to_string(number),
                        "is no point of a metric (time, value, step) and was left out");
        }
      });
      if (bad_lines > kBadLinesTold) {
        throw InvalidArgument("{} lines in all are no points and were left out", bad_lines);
      }
    });
  }
}

void FileStoreSource::ForEachPoint(
    const RunGroup& runs, const std::function<void(size_t index, tracking::Metric)>& each) {
  for (size_t i = 0; i < runs.size(); ++i) {
    ForEachMetricFile(runs[i].info, [&](const std::string& key, const BadLine& bad) {
      ForEachMetricLine(
          MetricFolder(runs[i].info) / key, MetricFile::kOfRun,
          [&](MetricLine line) {
            line.metric.key = key;
            each(i, std::move(line.metric));
          },
          bad);
    });
  }
}

void FileStoreSource::ForEachNewPoint(const tracking::RunInfo& run, MetricMarks* marks,
                                      const std::function<void(tracking::Metric)>& each) {
  ForEachMetricFile(run, [&](const std::string& key, const BadLine& bad) {
    MetricFileMark& mark = (*marks)[key];
    mark = ForEachNewMetricLine(
        MetricFolder(run) / key, MetricFile::kOfRun, mark,
        [&](MetricLine line) {
          line.metric.key = key;
          each(std::move(line.metric));
        },
        bad);
  });
}

std::vector<tracking::LoggedModel> FileStoreSource::LoggedModels(
    const tracking::Experiment& experiment) {
  std::vector<tracking::LoggedModel> models;
  for (const auto& folder : FoldersIn(ExperimentFolder(experiment.id) / kModels)) {
    if (!fs::exists(folder / kMeta)) continue;  // only artifacts
    Try(folder / kMeta, [&] { models.push_back(ReadLoggedModel(experiment, folder)); });
  }
  return models;
}

tracking::LoggedModel FileStoreSource::ReadLoggedModel(const tracking::Experiment& experiment,
                                                       const fs::path& folder) {
  const MetaYaml meta(folder / kMeta);
  tracking::LoggedModel model;
  model.id = tracking::LoggedModelId(folder.filename().string());
  model.experiment_id = experiment.id;
  model.name = meta.Text("name");
  model.artifact_uri = meta.Text("artifact_location");
  const std::string status = meta.Text("status");
  using enum tracking::LoggedModelStatus;
  if (status == "READY" || status == "2") model.status = kReady;
  if (status == "FAILED" || status == "3" || status == "UPLOAD_FAILED" ||
      status == "LOGGED_MODEL_UPLOAD_FAILED") {
    model.status = kUploadFailed;
  }
  model.model_type = meta.Text("model_type");
  model.source_run_id = meta.Text("source_run_id");
  model.lifecycle = LifecycleOf(meta);
  model.created_ms = meta.Int("creation_timestamp").value_or(0);
  model.updated_ms = meta.Int("last_updated_timestamp").value_or(model.created_ms);
  for (auto& [key, value] : ReadValues(folder / "params")) model.params.push_back({key, value});
  model.tags = ReadValues(folder / "tags");
  AddModelMetrics(folder / "metrics", &model);
  return model;
}

void FileStoreSource::AddModelMetrics(const fs::path& folder, tracking::LoggedModel* model) {
  for (const auto& file : FilesBelow(folder, problems_)) {
    Try(folder / file.path, [&] {
      ForEachMetricLine(
          folder / file.path, MetricFile::kOfModel,
          [&](MetricLine line) {
            line.metric.key = file.path;
            line.metric.model_id = model->id.str();
            model->metrics.push_back({std::move(line.metric), tracking::RunId(line.run_id)});
          },
          [&](int64_t number) {
            problems_.Add((folder / file.path).string() + " line " + std::to_string(number),
                          "is no point of a model's metric and was left out");
          });
    });
  }
}

std::vector<registry::RegisteredModel> FileStoreSource::Models() {
  std::vector<registry::RegisteredModel> models;
  for (const auto& folder : FoldersIn(root_ / kModels)) {
    Try(folder / kMeta, [&] {
      const MetaYaml meta(folder / kMeta);
      registry::RegisteredModel model;
      model.name = registry::ModelName(folder.filename().string());
      model.description = meta.OptionalText("description");
      model.created_ms = meta.Int("creation_timestamp").value_or(0);
      model.updated_ms = meta.Int("last_updated_timestamp").value_or(model.created_ms);
      for (auto& [key, value] : ReadValues(folder / "tags")) model.tags.push_back({key, value});
      for (const auto& [alias, text] : ReadValues(folder / "aliases")) {
        int64_t version = 0;
        std::from_chars(text.data(), text.data() + text.size(), version);
        if (version > 0) {
          model.aliases.push_back({alias, version});
        } else {
          problems_.Add((folder / "aliases" / alias).string(), "names no version");
        }
      }
      models.push_back(std::move(model));
    });
  }
  return models;
}

std::vector<registry::ModelVersion> FileStoreSource::Versions(const registry::ModelName& name) {
  std::vector<registry::ModelVersion> versions;
  for (const auto& folder : FoldersIn(root_ / kModels / name.str())) {
    if (!folder.filename().string().starts_with("version-")) continue;
    Try(folder / kMeta, [&] {
      const MetaYaml meta(folder / kMeta);
      if (meta.Text("current_stage") == kDeletedStage) return;
      registry::ModelVersion version;
      version.name = name;
      version.version = meta.Int("version").value_or(0);
      version.description = meta.OptionalText("description");
      version.source = meta.Text("source");
      const std::string location = meta.Text("storage_location");
      version.artifact_uri = location.empty() ? version.source : location;
      version.run_id = meta.Text("run_id");
      version.run_link = meta.Text("run_link");
      version.model_id = meta.Text("model_id");
      const std::string stage = meta.Text("current_stage");
      version.stage = registry::ParseStage(stage.empty() ? "None" : stage);
      version.created_ms = meta.Int("creation_timestamp").value_or(0);
      version.updated_ms = meta.Int("last_updated_timestamp").value_or(version.created_ms);
      for (auto& [key, value] : ReadValues(folder / "tags")) version.tags.push_back({key, value});
      versions.push_back(std::move(version));
    });
  }
  std::sort(versions.begin(), versions.end(),
            [](const auto& a, const auto& b) { return a.version < b.version; });
  return versions;
}

std::vector<int64_t> FileStoreSource::DeletedVersions(const registry::ModelName& name) {
  std::vector<int64_t> versions;
  for (const auto& folder : FoldersIn(root_ / kModels / name.str())) {
    if (!folder.filename().string().starts_with("version-")) continue;
    Try(folder / kMeta, [&] {
      const MetaYaml meta(folder / kMeta);
      if (meta.Text("current_stage") == kDeletedStage)
        versions.push_back(meta.Int("version").value_or(0));
    });
  }
  return versions;
}

// The files lie in the folder itself also where it came from another machine, whose paths its
// meta.yaml still names.
fs::path FileStoreSource::FolderOf(const FileOwner& owner) const {
  const fs::path experiment = ExperimentFolder(owner.experiment);
  return (owner.is_model ? experiment / kModels : experiment) / owner.id / "artifacts";
}

bool FileStoreSource::CanFetch(const FileOwner& owner) const {
  const fs::path folder = FolderOf(owner);
  std::error_code error;
  const bool here = fs::is_directory(folder, error) && !fs::is_empty(folder, error);
  return here || LocalFolder(owner.uri, fs::current_path(), "").has_value();
}

void FileStoreSource::FindRuns(const tracking::Experiment& experiment, const RunGroup& wanted,
                               const std::function<void(tracking::Run)>& each) {
  for (const auto& run : wanted) {
    const fs::path folder = ExperimentFolder(experiment.id) / run.info.id.str();
    if (!fs::exists(folder / kMeta)) continue;
    std::optional<tracking::Run> found;
    Try(folder / kMeta, [&] { found = ReadRun(experiment, folder); });
    if (found) each(std::move(*found));
  }
}

std::optional<std::vector<StoredFile>> FileStoreSource::Files(const FileOwner& owner) {
  auto files = FilesBelow(FolderOf(owner), problems_);
  if (!files.empty()) return files;
  const auto folder = LocalFolder(owner.uri, fs::current_path(), "");
  if (!folder) return std::nullopt;
  return FilesBelow(*folder, problems_);
}

fs::path FileStoreSource::Fetch(const FileOwner& owner, const std::string& path, const fs::path&) {
  const fs::path file = FolderOf(owner) / path;
  if (fs::exists(file)) return file;
  return *LocalFolder(owner.uri, fs::current_path(), "") / path;
}

}  // namespace millwright::moving
