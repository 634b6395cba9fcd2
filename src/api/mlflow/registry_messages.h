#pragma once

#include "api/mlflow/tracking_messages.h"
#include "api/mlflow/wire.h"
#include "registry/registry.h"

// The messages of the model registry, field by field as MLflow's protocol has them.
namespace millwright::api::mlflow {

struct WireModelVersion {
  std::string name;
  std::string version;
  int64_t creation_timestamp = 0;
  int64_t last_updated_timestamp = 0;
  std::string current_stage;
  std::optional<std::string> description;
  std::string source;
  std::string run_id;
  std::string status = "READY";
  std::vector<KeyValue> tags;
  std::string run_link;
  std::vector<std::string> aliases;
  std::optional<std::string> model_id;
  std::vector<KeyValue> model_params;
  std::vector<WireMetric> model_metrics;
  static constexpr auto fields() {
    using T = WireModelVersion;
    return std::tuple(May("name", &T::name), May("version", &T::version),
                      May("creation_timestamp", &T::creation_timestamp),
                      May("last_updated_timestamp", &T::last_updated_timestamp),
                      May("current_stage", &T::current_stage), May("description", &T::description),
                      May("source", &T::source), May("run_id", &T::run_id),
                      May("status", &T::status), May("tags", &T::tags),
                      May("run_link", &T::run_link), May("aliases", &T::aliases),
                      May("model_id", &T::model_id), May("model_params", &T::model_params),
                      May("model_metrics", &T::model_metrics));
  }
};
struct WireAlias {
  std::string alias;
  std::string version;
  static constexpr auto fields() {
    using T = WireAlias;
    return std::tuple(May("alias", &T::alias), May("version", &T::version));
  }
};
struct WireRegisteredModel {
  std::string name;
  int64_t creation_timestamp = 0;
  int64_t last_updated_timestamp = 0;
  std::optional<std::string> description;
  std::vector<WireModelVersion> latest_versions;
  std::vector<KeyValue> tags;
  std::vector<WireAlias> aliases;
  static constexpr auto fields() {
    using T = WireRegisteredModel;
    return std::tuple(May("name", &T::name), May("creation_timestamp", &T::creation_timestamp),
                      May("last_updated_timestamp", &T::last_updated_timestamp),
                      May("description", &T::description),
                      May("latest_versions", &T::latest_versions), May("tags", &T::tags),
                      May("aliases", &T::aliases));
  }
};
struct RegisteredModelAnswer {
  WireRegisteredModel registered_model;
  static constexpr auto fields() {
    return std::tuple(May("registered_model", &RegisteredModelAnswer::registered_model));
  }
};
struct RegisteredModelsAnswer {
  std::vector<WireRegisteredModel> registered_models;
  std::optional<std::string> next_page_token;
  static constexpr auto fields() {
    using T = RegisteredModelsAnswer;
    return std::tuple(May("registered_models", &T::registered_models),
                      May("next_page_token", &T::next_page_token));
  }
};
struct ModelVersionAnswer {
  WireModelVersion model_version;
  static constexpr auto fields() {
    return std::tuple(May("model_version", &ModelVersionAnswer::model_version));
  }
};
struct ModelVersionsAnswer {
  std::vector<WireModelVersion> model_versions;
  std::optional<std::string> next_page_token;
  static constexpr auto fields() {
    using T = ModelVersionsAnswer;
    return std::tuple(May("model_versions", &T::model_versions),
                      May("next_page_token", &T::next_page_token));
  }
};
struct DownloadUri {
  std::string artifact_uri;
  static constexpr auto fields() {
    return std::tuple(May("artifact_uri", &DownloadUri::artifact_uri));
  }
};

struct CreateRegisteredModel {
  std::string name;
  std::vector<KeyValue> tags;
  std::optional<std::string> description;
  static constexpr auto fields() {
    using T = CreateRegisteredModel;
    return std::tuple(Must("name", &T::name), May("tags", &T::tags),
                      May("description", &T::description));
  }
};
struct ModelNameOnly {
  std::string name;
  static constexpr auto fields() { return std::tuple(Must("name", &ModelNameOnly::name)); }
};
struct UpdateRegisteredModel {
  std::string name;
  std::optional<std::string> description;
  static constexpr auto fields() {
    using T = UpdateRegisteredModel;
    return std::tuple(Must("name", &T::name), May("description", &T::description));
  }
};
struct RenameRegisteredModel {
  std::string name;
  std::string new_name;
  static constexpr auto fields() {
    using T = RenameRegisteredModel;
    return std::tuple(Must("name", &T::name), Must("new_name", &T::new_name));
  }
};
struct SearchModels {
  std::string filter;
  int64_t max_results = 100;
  std::vector<std::string> order_by;
  std::string page_token;
  static constexpr auto fields() {
    using T = SearchModels;
    return std::tuple(May("filter", &T::filter),
                      AtMost("max_results", &T::max_results, registry::kModelSearchMax),
                      May("order_by", &T::order_by), May("page_token", &T::page_token));
  }
};
struct SearchVersions {
  std::string filter;
  int64_t max_results = registry::kVersionSearchMax;
  std::vector<std::string> order_by;
  std::string page_token;
  static constexpr auto fields() {
    using T = SearchVersions;
    return std::tuple(May("filter", &T::filter),
                      AtMost("max_results", &T::max_results, registry::kVersionSearchMax),
                      May("order_by", &T::order_by), May("page_token", &T::page_token));
  }
};
struct GetLatestVersions {
  std::string name;
  std::vector<std::string> stages;
  static constexpr auto fields() {
    using T = GetLatestVersions;
    return std::tuple(Must("name", &T::name), May("stages", &T::stages));
  }
};
struct ModelTag {
  std::string name;
  std::string key;
  std::string value;
  static constexpr auto fields() {
    using T = ModelTag;
    return std::tuple(Must("name", &T::name), Must("key", &T::key), May("value", &T::value));
  }
};
struct SetModelAlias {
  std::string name;
  std::string alias;
  std::string version;
  static constexpr auto fields() {
    using T = SetModelAlias;
    return std::tuple(Must("name", &T::name), Must("alias", &T::alias),
                      Must("version", &T::version));
  }
};
struct ModelAlias {
  std::string name;
  std::string alias;
  static constexpr auto fields() {
    using T = ModelAlias;
    return std::tuple(Must("name", &T::name), Must("alias", &T::alias));
  }
};
struct CreateModelVersion {
  std::string name;
  std::string source;
  std::string run_id;
  std::vector<KeyValue> tags;
  std::string run_link;
  std::string description;
  std::string model_id;
  static constexpr auto fields() {
    using T = CreateModelVersion;
    return std::tuple(Must("name", &T::name), Must("source", &T::source), May("run_id", &T::run_id),
                      May("tags", &T::tags), May("run_link", &T::run_link),
                      May("description", &T::description), May("model_id", &T::model_id));
  }
};
struct ModelVersionKey {
  std::string name;
  std::string version;
  static constexpr auto fields() {
    using T = ModelVersionKey;
    return std::tuple(Must("name", &T::name), Must("version", &T::version));
  }
};
// The same without a demand, for get-download-uri, whose messages differ.
struct LooseVersionKey {
  std::string name;
  std::string version;
  static constexpr auto fields() {
    using T = LooseVersionKey;
    return std::tuple(May("name", &T::name), May("version", &T::version));
  }
};
struct UpdateModelVersion {
  std::string name;
  std::string version;
  std::optional<std::string> description;
  static constexpr auto fields() {
    using T = UpdateModelVersion;
    return std::tuple(Must("name", &T::name), Must("version", &T::version),
                      May("description", &T::description));
  }
};
struct TransitionStage {
  std::string name;
  std::string version;
  std::string stage;
  bool archive_existing_versions = false;
  static constexpr auto fields() {
    using T = TransitionStage;
    return std::tuple(Must("name", &T::name), Must("version", &T::version),
                      Must("stage", &T::stage),
                      May("archive_existing_versions", &T::archive_existing_versions));
  }
};
struct VersionTag {
  std::string name;
  std::string version;
  std::string key;
  std::string value;
  static constexpr auto fields() {
    using T = VersionTag;
    return std::tuple(Must("name", &T::name), Must("version", &T::version), Must("key", &T::key),
                      May("value", &T::value));
  }
};

}  // namespace millwright::api::mlflow
