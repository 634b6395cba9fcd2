#include "api/mlflow/routes.h"

#include "api/mlflow/artifact_files.h"
#include "api/mlflow/direct_files.h"
#include "api/mlflow/error.h"
#include "api/mlflow/experiments.h"
#include "api/mlflow/logged_models.h"
#include "api/mlflow/metrics.h"
#include "api/mlflow/model_versions.h"
#include "api/mlflow/registered_models.h"
#include "api/mlflow/runs.h"
#include "api/mlflow/server_info.h"
#include "api/mlflow/webhooks.h"

namespace millwright::api::mlflow {
namespace {

using http::Body;
using http::Lane;
using http::Method;
using enum Permission;

// Decoding a body of this size and queueing its write takes some microseconds: less than to hand it
// to a lane.
constexpr uint64_t kInlineBytesMax = 4096;

// A row for the clients and its mirror for browsers.
#define MIRRORED(method, path, ...)                   \
  {Method::method, "/api/2.0" path, __VA_ARGS__}, {   \
    Method::method, "/ajax-api/2.0" path, __VA_ARGS__ \
  }

constexpr Route<Context> kRoutes[] = {
    MIRRORED(kPost, "/mlflow/experiments/create", experiments::Create, kEdit, Lane::kMeta,
             "Create an experiment"),
    MIRRORED(kGet, "/mlflow/experiments/get", experiments::Get, kRead, Lane::kMeta,
             "Get an experiment by id"),
    MIRRORED(kGet, "/mlflow/experiments/get-by-name", experiments::GetByName, kRead, Lane::kMeta,
             "Get an experiment by name"),
    MIRRORED(kPost, "/mlflow/experiments/search", experiments::Search, kRead, Lane::kMeta,
             "Search experiments"),
    MIRRORED(kGet, "/mlflow/experiments/search", experiments::Search, kRead, Lane::kMeta,
             "Search experiments"),
    MIRRORED(kPost, "/mlflow/experiments/delete", experiments::Delete, kManage, Lane::kMeta,
             "Mark an experiment and its runs as deleted"),
    MIRRORED(kPost, "/mlflow/experiments/restore", experiments::Restore, kManage, Lane::kMeta,
             "Restore a deleted experiment and its runs"),
    MIRRORED(kPost, "/mlflow/experiments/update", experiments::Update, kEdit, Lane::kMeta,
             "Rename an experiment"),
    MIRRORED(kPost, "/mlflow/experiments/set-experiment-tag", experiments::SetTag, kEdit,
             Lane::kMeta, "Set a tag of an experiment"),
    MIRRORED(kPost, "/mlflow/experiments/delete-experiment-tag", experiments::DeleteTag, kEdit,
             Lane::kMeta, "Delete a tag of an experiment"),
    MIRRORED(kPost, "/mlflow/experiments/search-datasets", experiments::SearchDatasets, kRead,
             Lane::kMeta, "List the datasets that experiments used"),

    MIRRORED(kPost, "/mlflow/runs/create", runs::Create, kEdit, Lane::kMeta, "Create a run"),
    MIRRORED(kGet, "/mlflow/runs/get", runs::Get, kRead, Lane::kMeta, "Get a run"),
    MIRRORED(kPost, "/mlflow/runs/update", runs::Update, kEdit, Lane::kMeta,
             "Change a run's status, end and name"),
    MIRRORED(kPost, "/mlflow/runs/delete", runs::Delete, kEdit, Lane::kMeta,
             "Mark a run as deleted"),
    MIRRORED(kPost, "/mlflow/runs/restore", runs::Restore, kEdit, Lane::kMeta,
             "Restore a deleted run"),
    MIRRORED(kPost, "/mlflow/runs/search", runs::Search, kRead, Lane::kMeta, "Search runs"),
    MIRRORED(kPost, "/mlflow/runs/log-metric", nullptr, kEdit, Lane::kMeta,
             "Log a point of a metric", Body::kWhole, runs::LogMetric, kInlineBytesMax),
    MIRRORED(kPost, "/mlflow/runs/log-parameter", nullptr, kEdit, Lane::kMeta, "Log a param",
             Body::kWhole, runs::LogParameter, kInlineBytesMax),
    MIRRORED(kPost, "/mlflow/runs/log-batch", nullptr, kEdit, Lane::kMeta,
             "Log metrics, params and tags at once", Body::kWhole, runs::LogBatch, kInlineBytesMax),
    MIRRORED(kPost, "/mlflow/runs/log-inputs", runs::LogInputs, kEdit, Lane::kMeta,
             "Log the datasets and models a run takes in"),
    MIRRORED(kPost, "/mlflow/runs/outputs", runs::LogOutputs, kEdit, Lane::kMeta,
             "Log the models a run makes"),
    MIRRORED(kPost, "/mlflow/runs/log-model", runs::LogModel, kEdit, Lane::kMeta,
             "Log a model, as old clients do"),
    MIRRORED(kPost, "/mlflow/runs/set-tag", nullptr, kEdit, Lane::kMeta, "Set a tag of a run",
             Body::kWhole, runs::SetTag, kInlineBytesMax),
    MIRRORED(kPost, "/mlflow/runs/delete-tag", runs::DeleteTag, kEdit, Lane::kMeta,
             "Delete a tag of a run"),
    MIRRORED(kGet, "/mlflow/metrics/get-history", metrics::GetHistory, kRead, Lane::kMeta,
             "Get all points of a metric"),
    MIRRORED(kGet, "/mlflow/metrics/get-history-bulk", metrics::GetHistoryBulk, kRead, Lane::kMeta,
             "Get the points of a metric of several runs"),
    MIRRORED(kGet, "/mlflow/metrics/get-history-bulk-interval", metrics::GetHistoryInterval, kRead,
             Lane::kMeta, "Get sampled points of a metric of several runs"),

    MIRRORED(kPost, "/mlflow/registered-models/create", registered_models::Create, kEdit,
             Lane::kMeta, "Create a registered model"),
    MIRRORED(kGet, "/mlflow/registered-models/get", registered_models::Get, kRead, Lane::kMeta,
             "Get a registered model"),
    MIRRORED(kPatch, "/mlflow/registered-models/update", registered_models::Update, kEdit,
             Lane::kMeta, "Describe a registered model"),
    MIRRORED(kPost, "/mlflow/registered-models/rename", registered_models::Rename, kManage,
             Lane::kMeta, "Rename a registered model"),
    MIRRORED(kDelete, "/mlflow/registered-models/delete", registered_models::Delete, kManage,
             Lane::kMeta, "Delete a registered model"),
    MIRRORED(kGet, "/mlflow/registered-models/search", registered_models::Search, kRead,
             Lane::kMeta, "Search registered models"),
    // MLflow's R client asks so, which MLflow's server has no route for.
    MIRRORED(kPost, "/mlflow/registered-models/search", registered_models::Search, kRead,
             Lane::kMeta, "Search registered models"),
    MIRRORED(kPost, "/mlflow/registered-models/get-latest-versions",
             registered_models::GetLatestVersions, kRead, Lane::kMeta,
             "Get the newest version of each stage"),
    MIRRORED(kGet, "/mlflow/registered-models/get-latest-versions",
             registered_models::GetLatestVersions, kRead, Lane::kMeta,
             "Get the newest version of each stage"),
    MIRRORED(kPost, "/mlflow/registered-models/set-tag", registered_models::SetTag, kEdit,
             Lane::kMeta, "Set a tag of a registered model"),
    MIRRORED(kDelete, "/mlflow/registered-models/delete-tag", registered_models::DeleteTag, kEdit,
             Lane::kMeta, "Delete a tag of a registered model"),
    MIRRORED(kPost, "/mlflow/registered-models/alias", registered_models::SetAlias, kEdit,
             Lane::kMeta, "Point an alias at a version, if its gate passes"),
    MIRRORED(kDelete, "/mlflow/registered-models/alias", registered_models::DeleteAlias, kEdit,
             Lane::kMeta, "Delete an alias"),
    MIRRORED(kGet, "/mlflow/registered-models/alias", registered_models::GetByAlias, kRead,
             Lane::kMeta, "Get the version an alias points to"),

    MIRRORED(kPost, "/mlflow/model-versions/create", model_versions::Create, kEdit, Lane::kBulk,
             "Create a model version"),
    MIRRORED(kGet, "/mlflow/model-versions/get", model_versions::Get, kRead, Lane::kMeta,
             "Get a model version"),
    MIRRORED(kPatch, "/mlflow/model-versions/update", model_versions::Update, kEdit, Lane::kMeta,
             "Describe a model version"),
    MIRRORED(kDelete, "/mlflow/model-versions/delete", model_versions::Delete, kManage, Lane::kMeta,
             "Delete a model version"),
    MIRRORED(kGet, "/mlflow/model-versions/search", model_versions::Search, kRead, Lane::kMeta,
             "Search model versions"),
    MIRRORED(kGet, "/mlflow/model-versions/get-download-uri", model_versions::GetDownloadUri, kRead,
             Lane::kMeta, "Get where a version's files are"),
    MIRRORED(kPost, "/mlflow/model-versions/transition-stage", model_versions::TransitionStage,
             kEdit, Lane::kMeta, "Move a version to a stage"),
    MIRRORED(kPost, "/mlflow/model-versions/set-tag", model_versions::SetTag, kEdit, Lane::kMeta,
             "Set a tag of a version"),
    MIRRORED(kDelete, "/mlflow/model-versions/delete-tag", model_versions::DeleteTag, kEdit,
             Lane::kMeta, "Delete a tag of a version"),

    MIRRORED(kPost, "/mlflow/webhooks", webhook_routes::Create, kAdmin, Lane::kBulk,
             "Tell somebody of what happens to models"),
    MIRRORED(kGet, "/mlflow/webhooks", webhook_routes::List, kAdmin, Lane::kMeta, "List webhooks"),
    MIRRORED(kGet, "/mlflow/webhooks/{webhook_id}", webhook_routes::Get, kAdmin, Lane::kMeta,
             "Get a webhook"),
    MIRRORED(kPatch, "/mlflow/webhooks/{webhook_id}", webhook_routes::Update, kAdmin, Lane::kBulk,
             "Change a webhook"),
    MIRRORED(kDelete, "/mlflow/webhooks/{webhook_id}", webhook_routes::Delete, kAdmin, Lane::kMeta,
             "Delete a webhook"),
    MIRRORED(kPost, "/mlflow/webhooks/{webhook_id}/test", webhook_routes::Test, kAdmin, Lane::kBulk,
             "Send a webhook a made-up message"),

    MIRRORED(kPost, "/mlflow/logged-models", logged_models::Create, kEdit, Lane::kMeta,
             "Create a logged model"),
    MIRRORED(kPost, "/mlflow/logged-models/search", logged_models::Search, kRead, Lane::kMeta,
             "Search logged models"),
    MIRRORED(kGet, "/mlflow/logged-models/{model_id}", logged_models::Get, kRead, Lane::kMeta,
             "Get a logged model"),
    MIRRORED(kPatch, "/mlflow/logged-models/{model_id}", logged_models::Finalize, kEdit,
             Lane::kMeta, "Finish a logged model"),
    MIRRORED(kDelete, "/mlflow/logged-models/{model_id}", logged_models::Delete, kEdit, Lane::kMeta,
             "Mark a logged model as deleted"),
    MIRRORED(kPatch, "/mlflow/logged-models/{model_id}/tags", logged_models::SetTags, kEdit,
             Lane::kMeta, "Set tags of a logged model"),
    MIRRORED(kDelete, "/mlflow/logged-models/{model_id}/tags/{key}", logged_models::DeleteTag,
             kEdit, Lane::kMeta, "Delete a tag of a logged model"),
    MIRRORED(kPost, "/mlflow/logged-models/{model_id}/params", logged_models::LogParams, kEdit,
             Lane::kMeta, "Log params of a logged model"),
    MIRRORED(kGet, "/mlflow/logged-models/{model_id}/artifacts/directories",
             artifact_files::ListOfLoggedModel, kRead, Lane::kMeta,
             "List the files of a logged model"),
    MIRRORED(kGet, "/mlflow/logged-models/{model_id}/artifacts/files",
             artifact_files::GetOfLoggedModel, kRead, Lane::kBulk,
             "Download a file of a logged model"),

    MIRRORED(kGet, "/mlflow/artifacts/list", artifact_files::ListOfRun, kRead, Lane::kMeta,
             "List the files of a run"),
    MIRRORED(kPost, "/mlflow/artifacts/presigned-upload-url", direct_files::UploadUrl, kEdit,
             Lane::kMeta, "Ask for a direct upload, which proxied stores refuse"),
    MIRRORED(kPut, "/mlflow-artifacts/artifacts/{path...}", artifact_files::ProxyUpload, kEdit,
             Lane::kBulk, "Upload a file", Body::kStream),
    MIRRORED(kGet, "/mlflow-artifacts/artifacts/{path...}", artifact_files::ProxyDownload, kRead,
             Lane::kBulk, "Download a file", Body::kWhole, nullptr, 0,
             artifact_files::ProxyDownloadAtOnce),
    MIRRORED(kDelete, "/mlflow-artifacts/artifacts/{path...}", artifact_files::ProxyDelete, kEdit,
             Lane::kBulk, "Delete a file or a folder"),
    MIRRORED(kGet, "/mlflow-artifacts/artifacts", artifact_files::ProxyList, kRead, Lane::kMeta,
             "List a folder"),
    MIRRORED(kPost, "/mlflow-artifacts/mpu/create/{path...}", direct_files::BeginParts, kEdit,
             Lane::kBulk, "Begin an upload in parts"),
    MIRRORED(kPost, "/mlflow-artifacts/mpu/complete/{path...}", direct_files::CompleteParts, kEdit,
             Lane::kBulk, "Complete an upload in parts"),
    MIRRORED(kPost, "/mlflow-artifacts/mpu/abort/{path...}", direct_files::AbortParts, kEdit,
             Lane::kBulk, "Give up an upload in parts"),
    MIRRORED(kPut, "/mlflow-artifacts/mpu/part/{upload_id}/{number}", direct_files::TakePart,
             kPublic, Lane::kBulk, "Send a part to its signed address", Body::kStream),
    MIRRORED(kGet, "/mlflow-artifacts/presigned/{path...}", direct_files::DownloadUrl, kRead,
             Lane::kBulk, "Ask for a URL of a file in an object store"),

    {Method::kGet, "/get-artifact", artifact_files::GetOfRun, kRead, Lane::kBulk,
     "Download a file of a run"},
    {Method::kGet, "/model-versions/get-artifact", artifact_files::GetOfVersion, kRead, Lane::kBulk,
     "Download a file of a model version"},
    {Method::kPost, "/ajax-api/2.0/mlflow/upload-artifact", artifact_files::UploadToRun, kEdit,
     Lane::kBulk, "Upload a file to a run from the browser", Body::kStream},
    {Method::kGet, "/api/3.0/mlflow/server-info", server_info::Get, kPublic, Lane::kInline,
     "Say what kind of store is behind the protocol"},
    {Method::kGet, "/ajax-api/3.0/mlflow/server-info", server_info::Get, kPublic, Lane::kInline,
     "Say what kind of store is behind the protocol"},
};
#undef MIRRORED

static_assert(Unique(kRoutes));

}  // namespace

void AddRoutes(Router& router, Context& context) {
  router.Add("mlflow", kRoutes, context, ErrorAnswer);
}

}  // namespace millwright::api::mlflow
