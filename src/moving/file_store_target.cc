#include "moving/file_store_target.h"

#include <fstream>
#include <map>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "moving/local_folder.h"
#include "moving/meta_yaml.h"
#include "moving/metric_file.h"

namespace millwright::moving {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMeta = "meta.yaml";
constexpr const char* kTrash = ".trash";

// Makes an empty store of a folder that is none yet, so that it can be read back.
fs::path Prepare(const fs::path& given) {
  const fs::path root = fs::absolute(given).lexically_normal();
  if (fs::exists(root) && !fs::is_directory(root)) {
    throw InvalidArgument("{} is a file. Name a folder for mlruns", root.string());
  }
  if (fs::exists(root) && !fs::exists(root / kTrash) && !fs::is_empty(root)) {
    throw InvalidArgument(
        "{} holds other things than an mlruns store. Name a new folder, or one that was exported "
        "to before",
        root.string());
  }
  fs::create_directories(root / kTrash);
  return root;
}

void Write(const fs::path& file, std::string_view bytes,
           std::ios::openmode mode = std::ios::trunc) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | mode);
  out << bytes;
  out.close();
  if (!out) throw ResourceExhausted("{} cannot be written: is the disk full?", file.string());
}

// Names of files are no longer on any file system that people use.
constexpr size_t kFileNameBytesMax = 255;

// Why a key, which may be a path of folders, cannot be a file in a folder; empty when it can.
std::string WhyNoFile(const fs::path& folder, const std::string& key) {
  if (key.empty()) return "it is empty";
  fs::path place = folder;
  for (const fs::path& part : fs::path(key)) {
    if (part.native().size() > kFileNameBytesMax)
      return fmt::format("a part of it has more than {} bytes", kFileNameBytesMax);
    if (part.empty() || part == "." || part == ".." || part.is_absolute())
      return "it leads out of its folder";
    if (place != folder && fs::exists(place) && !fs::is_directory(place))
      return fmt::format("'{}' is a file already", place.lexically_relative(folder).string());
    place /= part;
  }
  if (fs::is_directory(place)) return "others are below it";
  return "";
}

Json OrNull(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json OrNull(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json();
}

std::string Md5(const std::string& text) {
  Digest digest(Digest::Kind::kMd5);
  digest.Update(text);
  return digest.FinishHex();
}

int64_t StatusNumber(tracking::RunStatus status) {
  return static_cast<int64_t>(status) + 1;
}

// The meta.yaml of an input or output, whose destination MLflow writes as its source.
void WriteVertex(const fs::path& folder, const Json& fields) {
  Write(folder / kMeta, ToMetaYaml(fields));
}

}  // namespace

FileStoreTarget::FileStoreTarget(fs::path root, Problems& problems)
    : root_(Prepare(root)), contents_(root_, problems), problems_(problems) {}

bool FileStoreTarget::PutValue(const std::string& whose, const fs::path& folder,
                               const std::string& key, std::string_view value, Mode mode) {
  const std::string why = WhyNoFile(folder, key);
  if (why.empty()) {
    Write(folder / key, value, mode == Mode::kMore ? std::ios::app : std::ios::trunc);
    return true;
  }
  // A long history comes in pieces and is left out once.
  if (left_out_.insert((folder / key).string()).second)
    problems_.Add(whose, fmt::format("'{}' is left out of {}, for it cannot be a file: {}", key,
                                     folder.filename().string(), why));
  return false;
}

fs::path FileStoreTarget::ExperimentFolder(const tracking::ExperimentId& id) const {
  const fs::path deleted = root_ / kTrash / id.str();
  return fs::exists(deleted) ? deleted : root_ / id.str();
}

tracking::Experiment FileStoreTarget::Put(const tracking::Experiment& experiment) {
  for (const auto& other : contents_.Experiments()) {
    if (other.id == experiment.id && other.name != experiment.name) {
      throw FailedPrecondition("{} holds experiment {} already, as '{}'; export into a new folder",
                               root_.string(), other.id.str(), other.name);
    }
  }
  const bool deleted = experiment.lifecycle == tracking::Lifecycle::kDeleted;
  const fs::path folder = (deleted ? root_ / kTrash : root_) / experiment.id.str();
  tracking::Experiment there = experiment;
  there.artifact_location = FileUri(root_ / experiment.id.str());
  Write(folder / kMeta,
        ToMetaYaml(Json::Of({{"artifact_location", there.artifact_location},
                             {"creation_time", experiment.created_ms},
                             {"experiment_id", experiment.id.str()},
                             {"last_update_time", experiment.updated_ms},
                             {"lifecycle_stage", tracking::LifecycleName(experiment.lifecycle)},
                             {"name", experiment.name}})));
  for (const auto& tag : experiment.tags)
    PutValue("experiment " + experiment.name, folder / "tags", tag.key, tag.value, Mode::kWhole);
  return there;
}

void FileStoreTarget::Put(const Source::RunGroup& runs) {
  for (const auto& run : runs) PutRun(run);
}

void FileStoreTarget::PutRun(const tracking::Run& run) {
  const tracking::RunInfo& info = run.info;
  const fs::path folder = ConfinedPath(ExperimentFolder(info.experiment_id), info.id.str());
  // What an interrupted export left of the histories is written anew, not twice.
  if (begun_.insert(info.id.str()).second) {
    fs::remove_all(folder / "metrics");
    for (const char* part : {"metrics", "params", "tags", "artifacts"}) {
      fs::create_directories(folder / part);
    }
    Write(folder / kMeta,
          ToMetaYaml(Json::Of({{"artifact_uri", info.artifact_uri},
                               {"end_time", info.end_ms ? Json(*info.end_ms) : Json()},
                               {"entry_point_name", ""},
                               {"experiment_id", info.experiment_id.str()},
                               {"lifecycle_stage", tracking::LifecycleName(info.lifecycle)},
                               {"run_id", info.id.str()},
                               {"run_name", info.name},
                               {"run_uuid", info.id.str()},
                               {"source_name", ""},
                               {"source_type", 4},
                               {"source_version", ""},
                               {"start_time", info.start_ms},
                               {"status", StatusNumber(info.status)},
                               {"tags", Json::MakeArray()},
                               {"user_id", info.user_id}})));
  }
  const std::string whose = "run " + info.id.str();
  for (const auto& param : run.params)
    PutValue(whose, folder / "params", param.key, param.value, Mode::kWhole);
  for (const auto& tag : run.tags)
    PutValue(whose, folder / "tags", tag.key, tag.value, Mode::kWhole);
  PutInputs(run, folder);
  std::map<std::string, std::string> lines;
  for (const auto& metric : run.metrics) {
    lines[metric.key] += ToMetricLine(metric, "", MetricFile::kOfRun) + "\n";
  }
  for (const auto& [key, text] : lines) PutValue(whose, folder / "metrics", key, text, Mode::kMore);
}

void FileStoreTarget::PutInputs(const tracking::Run& run, const fs::path& folder) {
  for (const auto& [dataset, tags] : run.dataset_inputs) {
    const std::string id = Md5(dataset.name + dataset.digest);
    Write(folder.parent_path() / "datasets" / id / kMeta,
          ToMetaYaml(Json::Of({{"digest", dataset.digest},
                               {"name", dataset.name},
                               {"profile", OrNull(dataset.profile)},
                               {"schema", OrNull(dataset.schema)},
                               {"source", dataset.source},
                               {"source_type", dataset.source_type}})));
    Json tag_map = Json::MakeObject();
    for (const auto& tag : tags) tag_map.Set(tag.key, tag.value);
    WriteVertex(folder / "inputs" / Md5(id + run.info.id.str()),
                Json::Of({{"destination_id", id},
                          {"destination_type", "RUN"},
                          {"source_id", id},
                          {"source_type", "DATASET"},
                          {"tags", tag_map}}));
  }
  for (const auto& model : run.model_inputs) {
    WriteVertex(folder / "inputs" / Md5(model.str() + run.info.id.str()),
                Json::Of({{"destination_id", model.str()},
                          {"destination_type", "RUN"},
                          {"source_id", model.str()},
                          {"source_type", "MODEL"},
                          {"tags", Json::MakeObject()}}));
  }
  for (const auto& output : run.model_outputs) {
    WriteVertex(folder / "outputs" / output.model_id.str(),
                Json::Of({{"destination_id", output.model_id.str()},
                          {"destination_type", "MODEL_OUTPUT"},
                          {"source_id", output.model_id.str()},
                          {"source_type", "RUN_OUTPUT"},
                          {"step", output.step},
                          {"tags", Json::MakeObject()}}));
  }
}

void FileStoreTarget::Put(const tracking::LoggedModel& model) {
  const fs::path folder =
      ConfinedPath(ExperimentFolder(model.experiment_id) / "models", model.id.str());
  Write(folder / kMeta,
        ToMetaYaml(Json::Of({{"artifact_location", model.artifact_uri},
                             {"creation_timestamp", model.created_ms},
                             {"experiment_id", model.experiment_id.str()},
                             {"last_updated_timestamp", model.updated_ms},
                             {"lifecycle_stage", tracking::LifecycleName(model.lifecycle)},
                             {"model_id", model.id.str()},
                             {"model_type", OrNull(model.model_type)},
                             {"name", model.name},
                             {"source_run_id", OrNull(model.source_run_id)},
                             {"status", static_cast<int64_t>(model.status)},
                             {"status_message", Json()}})));
  for (const char* part : {"metrics", "params", "tags", "artifacts"}) {
    fs::create_directories(folder / part);
  }
  const std::string whose = "logged model " + model.id.str();
  for (const auto& param : model.params)
    PutValue(whose, folder / "params", param.key, param.value, Mode::kWhole);
  for (const auto& tag : model.tags)
    PutValue(whose, folder / "tags", tag.key, tag.value, Mode::kWhole);
  std::map<std::string, std::string> lines;
  for (const auto& [metric, run_id] : model.metrics) {
    lines[metric.key] += ToMetricLine(metric, run_id.str(), MetricFile::kOfModel) + "\n";
  }
  for (const auto& [key, text] : lines)
    PutValue(whose, folder / "metrics", key, text, Mode::kWhole);
}

void FileStoreTarget::Put(const registry::RegisteredModel& model,
                          const std::vector<registry::ModelVersion>& versions) {
  const std::string& name = model.name.str();
  if (name.find_first_of("/\\%") != std::string::npos) {
    throw InvalidArgument("A file store cannot hold a registered model with / or % in its name");
  }
  const fs::path folder = ConfinedPath(root_ / "models", name);
  Write(folder / kMeta, ToMetaYaml(Json::Of({{"creation_timestamp", model.created_ms},
                                             {"description", OrNull(model.description)},
                                             {"last_updated_timestamp", model.updated_ms},
                                             {"name", name}})));
  for (const auto& tag : model.tags)
    PutValue("registered model '" + name + "'", folder / "tags", tag.key, tag.value, Mode::kWhole);
  for (const auto& version : versions) {
    const fs::path place = folder / ("version-" + std::to_string(version.version));
    Write(place / kMeta, ToMetaYaml(Json::Of({{"creation_timestamp", version.created_ms},
                                              {"current_stage", registry::StageName(version.stage)},
                                              {"description", OrNull(version.description)},
                                              {"last_updated_timestamp", version.updated_ms},
                                              {"model_id", OrNull(version.model_id)},
                                              {"name", name},
                                              {"run_id", OrNull(version.run_id)},
                                              {"run_link", OrNull(version.run_link)},
                                              {"source", version.source},
                                              {"status", "READY"},
                                              {"status_message", Json()},
                                              {"storage_location", version.artifact_uri},
                                              {"user_id", Json()},
                                              {"version", version.version}})));
    const std::string whose = fmt::format("version {} of '{}'", version.version, name);
    for (const auto& tag : version.tags)
      PutValue(whose, place / "tags", tag.key, tag.value, Mode::kWhole);
  }
}

void FileStoreTarget::PutDeleted(const registry::RegisteredModel& model,
                                 const std::vector<int64_t>& versions) {
  const std::string& name = model.name.str();
  for (const int64_t version : versions) {
    Write(root_ / "models" / name / ("version-" + std::to_string(version)) / kMeta,
          ToMetaYaml(Json::Of({{"creation_timestamp", model.created_ms},
                               {"current_stage", "Deleted_Internal"},
                               {"last_updated_timestamp", model.updated_ms},
                               {"name", name},
                               {"status", "READY"},
                               {"version", version}})));
  }
}

void FileStoreTarget::PutAlias(const registry::ModelName& name, const registry::Alias& alias) {
  PutValue("registered model '" + name.str() + "'", root_ / "models" / name.str() / "aliases",
           alias.alias, std::to_string(alias.version), Mode::kWhole);
}

void FileStoreTarget::PutFile(const FileOwner& owner, const std::string& path,
                              const fs::path& file) {
  const fs::path experiment = ExperimentFolder(owner.experiment);
  const fs::path folder =
      (owner.is_model ? experiment / "models" : experiment) / owner.id / "artifacts";
  const fs::path target = ConfinedPath(folder, path);
  fs::create_directories(target.parent_path());
  fs::copy_file(file, target, fs::copy_options::overwrite_existing);
}

std::string FileStoreTarget::FolderUri(const tracking::Experiment& there, const std::string& id,
                                       bool is_model) const {
  return there.artifact_location + (is_model ? "/models/" : "/") + id + "/artifacts";
}

}  // namespace millwright::moving
