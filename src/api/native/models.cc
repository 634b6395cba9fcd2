#include "api/native/models.h"

#include <fmt/format.h>

#include "analytics/session.h"
#include "api/author.h"
#include "api/native/model_gates.h"
#include "api/native/request_reader.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "data/split_store.h"
#include "drift/reference.h"
#include "inference/mlmodel_file.h"
#include "inference/tensor.h"
#include "monitoring/monitor_reference.h"
#include "registry/quarantine.h"
#include "registry/registry.h"

namespace millwright::api::native {
namespace {

constexpr uint64_t kPackageFileBytesMax = 1 << 20;  // of an MLmodel and each file beside it

registry::ModelName ModelOf(const http::Request& request) {
  return registry::ModelName(request.PathValue("name"));
}

// Names a column's type as MLflow's signatures do.
std::string_view MlflowType(inference::DataType type) {
  switch (type) {
    case inference::DataType::kBool:
      return "boolean";
    case inference::DataType::kInt64:
    case inference::DataType::kUint32:
      return "long";
    case inference::DataType::kInt8:
    case inference::DataType::kInt16:
    case inference::DataType::kInt32:
    case inference::DataType::kUint8:
    case inference::DataType::kUint16:
      return "integer";
    case inference::DataType::kFp16:
    case inference::DataType::kFp32:
      return "float";
    case inference::DataType::kUint64:
    case inference::DataType::kFp64:
      return "double";
    case inference::DataType::kBytes:
      return "string";
  }
  return "string";
}

Json TensorJson(const inference::TensorSpec& tensor) {
  Json shape = Json::MakeArray();
  for (const int64_t size : tensor.shape) shape.Append(size);
  return Json::Of({{"name", tensor.name},
                   {"type", MlflowType(tensor.type)},
                   {"shape", shape},
                   {"required", !tensor.optional}});
}

Json CheckJson(const registry::Check& check) {
  return Json::Of({{"name", check.name},
                   {"passed", check.passed},
                   {"summary", check.summary},
                   {"details", check.details},
                   {"who", check.who},
                   {"created_ms", check.time_ms}});
}

// Where the version came from and what is said of it.
void AddFacts(const registry::ModelVersion& version, Json* answer) {
  Json aliases = Json::MakeArray();
  for (const std::string& alias : version.aliases) aliases.Append(alias);
  Json tags = Json::MakeArray();
  for (const auto& tag : version.tags) {
    tags.Append(Json::Of({{"key", tag.key}, {"value", tag.value}}));
  }
  answer->Set("description", version.description.value_or(""));
  answer->Set("stage", registry::StageName(version.stage));
  answer->Set("aliases", std::move(aliases));
  answer->Set("tags", std::move(tags));
  answer->Set("source", version.source);
  answer->Set("run_id", version.run_id);
  answer->Set("created_ms", version.created_ms);
  answer->Set("updated_ms", version.updated_ms);
}

// What its MLmodel and the files beside it say it needs; nothing where this server does not keep
// them or there is no MLmodel.
std::optional<Json> PackageOf(Context& context, const registry::ModelVersion& version) {
  const auto root = context.artifacts.FindPath(version.artifact_uri);
  if (!root) return std::nullopt;
  const auto read = [&](const std::string& path) {
    const std::string file = artifacts::JoinPath(*root, path);
    const bool leaves = std::filesystem::path(path).lexically_normal().string().starts_with("..");
    const auto found = path.empty() || leaves ? std::nullopt : context.artifacts.Stat(file);
    const bool is_small = found && !found->is_folder && found->bytes <= kPackageFileBytesMax;
    return is_small ? context.artifacts.ReadAll(file) : std::string();
  };
  try {
    if (read("MLmodel").empty()) return std::nullopt;
    const auto mlmodel = inference::ReadMlmodelFile(read);
    const Json all = inference::MlmodelFileToJson(mlmodel);
    Json package = Json::MakeObject();
    for (const auto& [key, value] : all.AsObject()) {
      if (key != "signature") package.Set(key, value);
    }
    return package;
  } catch (const Error& error) {
    return Json::Of({{"problem", error.message()}});
  }
}

}  // namespace

Json SignatureJson(const inference::Signature& signature) {
  Json inputs = Json::MakeArray(), outputs = Json::MakeArray();
  // People think of a table-shaped model by its columns.
  for (const auto& column : signature.columns)
    inputs.Append(Json::Of({{"name", column.name},
                            {"type", MlflowType(column.type)},
                            {"required", !column.optional}}));
  if (signature.columns.empty())
    for (const auto& tensor : signature.inputs) inputs.Append(TensorJson(tensor));
  for (const auto& tensor : signature.outputs) outputs.Append(TensorJson(tensor));
  return Json::Of({{"inputs", inputs}, {"outputs", outputs}});
}

http::Response GetModelVersion(Context& context, const http::Request& request) {
  const auto name = ModelOf(request);
  const int64_t version = PathVersion(request);
  const auto found = context.registry.GetVersion(name, version);
  Json answer = Json::Of({{"name", name.str()}, {"version", std::to_string(version)}});
  AddFacts(found, &answer);
  if (auto package = PackageOf(context, found)) answer.Set("package", *std::move(package));
  if (const auto signature = context.registry.GetSignature(name, version))
    answer.Set("signature", SignatureJson(inference::SignatureFromJson(*signature)));
  Json checks = Json::MakeArray();
  for (const auto& check : context.registry.Checks(name, version)) checks.Append(CheckJson(check));
  answer.Set("checks", checks);
  answer.Set("approvals", ApprovalsJson(context.registry.Approvals(name, version)));
  if (auto schema = context.registry.GetSchema(name, version))
    answer.Set("schema", std::move(*schema));
  if (auto profile = context.registry.GetReferenceProfile(name, version))
    answer.Set("profile",
               monitoring::ProfileOfColumns(drift::Reference::FromJson(*profile)).ToJson());
  return Answer(answer);
}

// The contract: the signature, and what the rows that the version was trained on were like, with
// what is looked at of texts and images, so that monitors need no other reference.
http::Response SetModelContract(Context& context, const http::Request& request) {
  const auto name = ModelOf(request);
  const int64_t version = PathVersion(request);
  const Json body = BodyObject(request);
  std::vector<std::string> columns;
  if (const Json* json = body.Find("signature")) {
    const auto signature = inference::SignatureFromJson(*json);
    for (const auto& column : signature.columns) columns.push_back(column.name);
    context.registry.SetSignature(name, version, *json, AuthorOf(request));
  }
  if (const Json* reference = body.Find("reference")) {
    const auto dataset = context.datasets.Get(reference->At("dataset").AsString("dataset"),
                                              reference->GetInt("version"));
    const auto split = context.splits.Find(dataset, reference->At("split").AsString("split"));
    const std::string rows = context.splits.PartSql(split, reference->At("part").AsString("part"));
    analytics::Session session;
    const auto kept = drift::MakeReference(session, "(" + rows + ")", {.columns = columns});
    context.registry.SetReferenceProfile(name, version, kept.ToJson(), AuthorOf(request));
  }
  return GetModelVersion(context, request);
}

// What names the version still is told as well: a version that is in quarantine from now on keeps
// its aliases and its stage. One that is shown of a folder is scanned but not changed: its files
// may be others tomorrow, so that an endpoint looks at them itself when it takes the version.
http::Response ScanModelVersion(Context& context, const http::Request& request) {
  const auto version = context.registry.GetVersion(ModelOf(request), PathVersion(request));
  registry::Check scan = context.scan_files(version);
  bool is_recorded = true;
  try {
    context.registry.RecordScan(version.name, version.version, scan, AuthorOf(request));
  } catch (const Error& error) {
    if (error.code() != Code::kPermissionDenied) throw;
    is_recorded = false;
  }
  if (is_recorded) {
    for (auto& check : context.registry.Checks(version.name, version.version))
      if (check.name == registry::kScanCheck) scan = std::move(check);
  }
  Json answer = CheckJson(scan);
  answer.Set("recorded", is_recorded);
  Json aliases = Json::MakeArray();
  for (const auto& alias : version.aliases) aliases.Append(alias);
  answer.Set("aliases", std::move(aliases));
  answer.Set("stage", registry::StageName(version.stage));
  return Answer(answer);
}

http::Response RecordModelCheck(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  registry::Check check;
  check.name = body.At("name").AsString("name");
  check.passed = body.At("passed").AsBool("passed");
  check.summary = body.GetString("summary");
  if (const Json* details = body.Find("details")) check.details = *details;
  const int64_t version = PathVersion(request);
  context.registry.RecordCheck(ModelOf(request), version, check, AuthorOf(request));
  // The registry sets who and when.
  for (const auto& recorded : context.registry.Checks(ModelOf(request), version))
    if (recorded.name == check.name) check = recorded;
  return Answer(CheckJson(check));
}

}  // namespace millwright::api::native
