#include "api/native/routes.h"

#include "api/json_error.h"
#include "api/native/artifact_views.h"
#include "api/native/charts.h"
#include "api/native/collecting.h"
#include "api/native/datasets.h"
#include "api/native/endpoints.h"
#include "api/native/events.h"
#include "api/native/model_diff.h"
#include "api/native/model_gates.h"
#include "api/native/model_history.h"
#include "api/native/models.h"
#include "api/native/monitors.h"
#include "api/native/overview.h"
#include "api/native/part_uploads.h"
#include "api/native/pipelines.h"
#include "api/native/prediction_logs.h"
#include "api/native/predictions.h"
#include "api/native/principals.h"
#include "api/native/run_history.h"
#include "api/native/run_leases.h"
#include "api/native/run_search.h"
#include "api/native/tensorboard.h"
#include "api/native/validations.h"
#include "api/native/verification.h"
#include "api/native/webhooks.h"

namespace millwright::api::native {
namespace {

using http::Body;
using http::Lane;
using M = http::Method;
using P = Permission;

constexpr Route<Context> kRoutes[] = {
    {M::kGet, "/api/v1/overview", GetOverview, P::kRead, Lane::kMeta, "What there is"},
    {M::kPost, "/api/v1/charts", DrawChart, P::kRead, Lane::kBulk,
     "Draw metrics of runs for a number of pixels"},

    {M::kPost, "/api/v1/runs/search", SearchRuns, P::kRead, Lane::kMeta,
     "Search runs and read the columns that are named"},
    {M::kPost, "/api/v1/runs/count", CountRuns, P::kRead, Lane::kMeta, "Count runs"},
    {M::kPost, "/api/v1/runs/groups", GroupRuns, P::kRead, Lane::kBulk,
     "Group runs and measure each group's metrics"},
    {M::kPost, "/api/v1/runs/columns", ListRunColumns, P::kRead, Lane::kMeta,
     "List the metrics, params or tags that runs have"},
    {M::kGet, "/api/v1/runs/{run_id}/history", GetRunHistory, P::kRead, Lane::kBulk,
     "Stream every point of a run's metrics, as CSV or JSON lines"},
    {M::kGet, "/api/v1/runs/{run_id}/lease", GetRunLease, P::kRead, Lane::kMeta,
     "Show whether a run is alive, or why it ended"},
    {M::kPost, "/api/v1/runs/{run_id}/lease", RenewRunLease, P::kEdit, Lane::kMeta,
     "Say that a run's process lives"},

    {M::kGet, "/api/v1/runs/{run_id}/artifacts/table", GetArtifactTable, P::kRead, Lane::kBulk,
     "Read rows of a data file of a run"},
    {M::kGet, "/api/v1/runs/{run_id}/artifacts/page", GetArtifactPage, P::kRead, Lane::kBulk,
     "Show an HTML file of a run, without the reader's rights"},
    {M::kGet, "/api/v1/runs/{run_id}/artifacts/graph", GetArtifactGraph, P::kRead, Lane::kBulk,
     "Show what an ONNX file of a run computes"},
    {M::kGet, "/api/v1/logged-models/{model_id}/artifacts/table", GetArtifactTable, P::kRead,
     Lane::kBulk, "Read rows of a data file of a logged model"},
    {M::kGet, "/api/v1/logged-models/{model_id}/artifacts/page", GetArtifactPage, P::kRead,
     Lane::kBulk, "Show an HTML file of a logged model, without the reader's rights"},
    {M::kGet, "/api/v1/logged-models/{model_id}/artifacts/graph", GetArtifactGraph, P::kRead,
     Lane::kBulk, "Show what an ONNX file of a logged model computes"},
    {M::kGet, "/api/v1/models/{name}/versions/{version}/artifacts/table", GetArtifactTable,
     P::kRead, Lane::kBulk, "Read rows of a data file of a model version"},
    {M::kGet, "/api/v1/models/{name}/versions/{version}/artifacts/page", GetArtifactPage, P::kRead,
     Lane::kBulk, "Show an HTML file of a model version, without the reader's rights"},
    {M::kGet, "/api/v1/models/{name}/versions/{version}/artifacts/graph", GetArtifactGraph,
     P::kRead, Lane::kBulk, "Show what an ONNX file of a model version computes"},

    {M::kGet, "/api/v1/sources", ListSources, P::kRead, Lane::kMeta, "List data sources"},
    {M::kPost, "/api/v1/sources", PutSource, P::kEdit, Lane::kMeta, "Declare a data source"},
    {M::kPost, "/api/v1/sources/{name}/collect", CollectSource, P::kEdit, Lane::kBulk,
     "Archive a source's bytes and make a dataset version"},
    {M::kGet, "/api/v1/datasets", ListDatasets, P::kRead, Lane::kMeta, "List datasets"},
    {M::kGet, "/api/v1/datasets/{name}", GetDataset, P::kRead, Lane::kMeta,
     "Show a dataset's versions and splits"},
    {M::kPut, "/api/v1/datasets/{name}/upload", UploadDataset, P::kEdit, Lane::kBulk,
     "Make a version of the bytes sent", Body::kStream},
    {M::kPost, "/api/v1/datasets/{name}/derive", DeriveDataset, P::kEdit, Lane::kBulk,
     "Make a version by SQL over others"},
    {M::kPost, "/api/v1/datasets/{name}/splits", CreateSplit, P::kEdit, Lane::kBulk,
     "Record a reproducible split"},
    {M::kGet, "/api/v1/datasets/{name}/versions/{version}/rows", GetDatasetRows, P::kRead,
     Lane::kBulk, "Read rows"},
    {M::kGet, "/api/v1/datasets/{name}/versions/{version}/file", GetDatasetFile, P::kRead,
     Lane::kBulk, "Download a version as Parquet"},
    {M::kGet, "/api/v1/datasets/{name}/versions/{version}/profile", GetDatasetProfile, P::kRead,
     Lane::kBulk, "Profile a version"},
    {M::kGet, "/api/v1/datasets/{name}/versions/{version}/profile/full", GetDatasetFullProfile,
     P::kRead, Lane::kBulk, "Profile a version with every figure, so that it can be merged"},
    {M::kGet, "/api/v1/datasets/{name}/versions/{version}/profile/report", GetDatasetProfileReport,
     P::kRead, Lane::kBulk, "Show the full profile as a page"},
    {M::kGet, "/api/v1/datasets/{name}/versions/{version}/splits/{split}/{part}/file",
     GetSplitPartFile, P::kRead, Lane::kBulk, "Download a part of a split as Parquet"},

    {M::kGet, "/api/v1/suites", ListSuites, P::kRead, Lane::kMeta, "List suites"},
    {M::kPost, "/api/v1/suites", PutSuite, P::kEdit, Lane::kMeta, "Store a suite"},
    {M::kGet, "/api/v1/suites/{name}", GetSuite, P::kRead, Lane::kMeta, "Show a suite"},
    {M::kGet, "/api/v1/validations", ListValidations, P::kRead, Lane::kMeta, "List validations"},
    {M::kPost, "/api/v1/validations", CreateValidation, P::kEdit, Lane::kBulk,
     "Check a dataset version against a suite"},
    {M::kGet, "/api/v1/validations/{id}", GetValidation, P::kRead, Lane::kMeta,
     "Show a validation in Great Expectations' form"},
    {M::kGet, "/api/v1/validations/{id}/report", GetValidationReport, P::kRead, Lane::kBulk,
     "Show a validation as a page for people"},

    {M::kGet, "/api/v1/models/{name}/versions/{version}", GetModelVersion, P::kRead, Lane::kMeta,
     "Show a version's contract and checks"},
    {M::kGet, "/api/v1/models/{name}/versions/{version}/diff", CompareModelVersions, P::kRead,
     Lane::kBulk, "Compare the schemas and the files of two versions"},
    {M::kPost, "/api/v1/models/{name}/versions/{version}/contract", SetModelContract, P::kEdit,
     Lane::kBulk, "Set a version's signature and reference profile"},
    {M::kPost, "/api/v1/models/{name}/versions/{version}/checks", RecordModelCheck, P::kEdit,
     Lane::kMeta, "Record the result of a check"},
    {M::kPost, "/api/v1/models/{name}/versions/{version}/scan", ScanModelVersion, P::kEdit,
     Lane::kBulk, "Scan a version's files again"},
    {M::kPost, "/api/v1/models/{name}/versions/{version}/approvals", ApproveModelVersion,
     P::kManage, Lane::kMeta, "Approve a version for a gate"},
    {M::kDelete, "/api/v1/models/{name}/versions/{version}/approvals", WithdrawModelApproval,
     P::kManage, Lane::kMeta, "Take an approval back"},
    {M::kPost, "/api/v1/models/{name}/versions/{version}/stage", MoveModelStage, P::kEdit,
     Lane::kMeta, "Move a version to a stage, through the gates"},
    {M::kPost, "/api/v1/models/{name}/versions/{version}/stage/override", OverrideModelStage,
     P::kManage, Lane::kMeta, "Move a version to a stage although a gate refuses"},
    {M::kGet, "/api/v1/models/{name}/gate", GetModelGate, P::kRead, Lane::kMeta,
     "Show what aliases and stages ask for"},
    {M::kPost, "/api/v1/models/{name}/gate", SetModelGate, P::kManage, Lane::kMeta,
     "Say what aliases and stages ask for"},
    {M::kGet, "/api/v1/models/{name}/gate/versions", ListModelGates, P::kRead, Lane::kMeta,
     "List what was asked for so far"},
    {M::kPost, "/api/v1/models/{name}/gate/test", TestModelGate, P::kRead, Lane::kMeta,
     "Judge a move without making it"},
    {M::kPost, "/api/v1/models/{name}/aliases/{alias}", MoveModelAlias, P::kEdit, Lane::kMeta,
     "Move an alias, through the gates"},
    {M::kDelete, "/api/v1/models/{name}/aliases/{alias}", DeleteModelAlias, P::kEdit, Lane::kMeta,
     "Remove an alias"},
    {M::kPost, "/api/v1/models/{name}/aliases/{alias}/rollback", RollBackModelAlias, P::kEdit,
     Lane::kMeta, "Move an alias back to the version before"},
    {M::kPost, "/api/v1/models/{name}/aliases/{alias}/override", OverrideModelAlias, P::kManage,
     Lane::kMeta, "Move an alias, or move it back, although a gate refuses"},
    {M::kGet, "/api/v1/models/{name}/aliases/{alias}/history", GetAliasHistory, P::kRead,
     Lane::kMeta, "Show which version an alias named when"},
    {M::kGet, "/api/v1/models/{name}/history", GetModelHistory, P::kRead, Lane::kMeta,
     "Show who changed what and why"},
    {M::kGet, "/api/v1/models/{name}/as-of", GetModelAsOf, P::kRead, Lane::kMeta,
     "Show what a model was at a time"},

    {M::kGet, "/api/v1/endpoints", ListEndpoints, P::kRead, Lane::kMeta, "List endpoints"},
    {M::kPost, "/api/v1/endpoints", DeployEndpoint, P::kManage, Lane::kBulk,
     "Serve a model version"},
    {M::kGet, "/api/v1/endpoints/{name}", GetEndpoint, P::kRead, Lane::kMeta,
     "Show an endpoint's revisions and replicas"},
    {M::kDelete, "/api/v1/endpoints/{name}", DeleteEndpoint, P::kManage, Lane::kBulk,
     "Stop serving"},
    {M::kPost, "/api/v1/endpoints/{name}/api-version", RaiseApiVersion, P::kManage, Lane::kMeta,
     "Let the next version break what callers rely on"},
    {M::kPost, "/api/v1/endpoints/{name}/shadow", ShadowEndpoint, P::kManage, Lane::kBulk,
     "Let a version see copies of all requests"},
    {M::kPost, "/api/v1/endpoints/{name}/canary", CanaryEndpoint, P::kManage, Lane::kBulk,
     "Let a version answer a share of the requests"},
    {M::kPost, "/api/v1/endpoints/{name}/weights", WeighRevisions, P::kManage, Lane::kBulk,
     "Set the shares of all versions that answer"},
    {M::kPost, "/api/v1/endpoints/{name}/policy", ConfigureEndpoint, P::kManage, Lane::kMeta,
     "Change settings of an endpoint"},
    {M::kPost, "/api/v1/endpoints/{name}/scale", ScaleEndpoint, P::kManage, Lane::kBulk,
     "Set the number of the live revision's replicas"},
    {M::kPost, "/api/v1/endpoints/{name}/promote", PromoteEndpoint, P::kManage, Lane::kBulk,
     "Make a version live by a rolling update"},
    {M::kPost, "/api/v1/endpoints/{name}/rollback", RollbackEndpoint, P::kManage, Lane::kBulk,
     "Go back to the version before"},
    {M::kPost, "/api/v1/endpoints/{name}/retire", RetireRevision, P::kManage, Lane::kBulk,
     "Take a shadow or canary out again"},
    {M::kPost, "/api/v1/endpoints/{name}/wait", WaitForRequests, P::kRead, Lane::kBulk,
     "Wait until a version has answered so many requests"},
    {M::kGet, "/api/v1/endpoints/{name}/traffic", GetTraffic, P::kRead, Lane::kMeta,
     "Show requests and latency over the last hour"},
    {M::kGet, "/api/v1/endpoints/{name}/predictions", ListPredictions, P::kRead, Lane::kBulk,
     "Show the newest predictions and what became of them"},
    {M::kPost, "/api/v1/endpoints/{name}/predictions/query", QueryPredictions, P::kRead,
     Lane::kBulk, "Ask the prediction log by SQL"},
    {M::kGet, "/api/v1/prediction-logs", ListPredictionLogs, P::kRead, Lane::kMeta,
     "List the logs of predictions, of endpoints and of models served elsewhere"},
    {M::kPut, "/api/v1/prediction-logs/{name}", AddLoggedPredictions, P::kEdit, Lane::kBulk,
     "Add predictions that were made elsewhere, as a file", Body::kStream},
    {M::kPost, "/api/v1/prediction-logs/{name}/events", AddLoggedEvent, P::kEdit, Lane::kBulk,
     "Take a request or an answer from KServe's logger, as a CloudEvent"},
    {M::kGet, "/api/v1/prediction-logs/{name}/summary", SummarizePredictions, P::kRead, Lane::kBulk,
     "Answer the five questions about a slice of a log"},
    {M::kGet, "/api/v1/prediction-logs/{name}/file", ExportPredictions, P::kRead, Lane::kBulk,
     "Download a slice of a log as Parquet, CSV or JSON lines"},

    {M::kPost, "/api/v1/outcomes", RecordOutcomes, P::kEdit, Lane::kBulk,
     "Say what really happened"},
    {M::kGet, "/api/v1/monitors", ListMonitors, P::kRead, Lane::kMeta, "List monitors"},
    {M::kPost, "/api/v1/monitors", PutMonitor, P::kManage, Lane::kBulk, "Watch an endpoint"},
    {M::kGet, "/api/v1/monitors/{name}", GetMonitor, P::kRead, Lane::kBulk,
     "Answer the five questions about an endpoint"},
    {M::kDelete, "/api/v1/monitors/{name}", DeleteMonitor, P::kManage, Lane::kMeta,
     "Stop watching"},
    {M::kPost, "/api/v1/monitors/{name}/evaluate", EvaluateMonitor, P::kEdit, Lane::kBulk,
     "Look at what came in, now"},
    {M::kGet, "/api/v1/monitors/{name}/drift", GetDrift, P::kRead, Lane::kMeta,
     "Show drift by window and feature"},
    {M::kGet, "/api/v1/monitors/{name}/performance", GetPerformance, P::kRead, Lane::kMeta,
     "Show performance by window"},
    {M::kGet, "/api/v1/monitors/{name}/distribution", GetDistribution, P::kRead, Lane::kBulk,
     "Compare a feature with its reference"},
    {M::kGet, "/api/v1/alerts", ListAlerts, P::kRead, Lane::kMeta, "List alerts"},

    {M::kGet, "/api/v1/runs/{run_id}/tensorboard", GetTensorboard, P::kRead, Lane::kMeta,
     "Show which event files were read into a run and the tags they hold"},
    {M::kGet, "/api/v1/runs/{run_id}/tensorboard/samples", ListSamples, P::kRead, Lane::kMeta,
     "Read the kept histograms, images or texts of a tag"},
    {M::kGet, "/api/v1/runs/{run_id}/tensorboard/image", GetSampleImage, P::kRead, Lane::kBulk,
     "Download an image of a tag at a step"},
    {M::kPost, "/api/v1/runs/{run_id}/tensorboard/events", TakeEvents, P::kEdit, Lane::kBulk,
     "Read a piece of an event file into a run"},

    {M::kGet, "/api/v1/pipelines", ListPipelines, P::kRead, Lane::kMeta, "List pipelines"},
    {M::kPost, "/api/v1/pipelines", RegisterPipeline, P::kManage, Lane::kMeta, "Store a pipeline"},
    {M::kPost, "/api/v1/pipelines/{name}/runs", StartPipelineRun, P::kEdit, Lane::kMeta,
     "Start a run"},
    {M::kGet, "/api/v1/pipeline-runs", ListPipelineRuns, P::kRead, Lane::kMeta, "List runs"},
    {M::kGet, "/api/v1/pipeline-runs/{id}", GetPipelineRun, P::kRead, Lane::kMeta,
     "Show a run's tasks"},
    {M::kPost, "/api/v1/pipeline-runs/{id}/cancel", CancelPipelineRun, P::kEdit, Lane::kMeta,
     "Stop a run"},
    {M::kGet, "/api/v1/pipeline-runs/{id}/tasks/{task}/log", GetTaskLog, P::kRead, Lane::kMeta,
     "Read what a task printed"},

    {M::kGet, "/api/v1/lineage", GetLineage, P::kRead, Lane::kMeta, "Show what was made of what"},
    {M::kGet, "/api/v1/events", ListEvents, P::kRead, Lane::kMeta, "List what happened"},
    {M::kGet, "/api/v1/events/stream", StreamEvents, P::kRead, Lane::kMeta,
     "Follow what happens (server-sent events)"},

    {M::kGet, "/api/v1/webhooks", ListWebhooks, P::kAdmin, Lane::kMeta, "List webhooks"},
    {M::kPost, "/api/v1/webhooks", CreateWebhook, P::kAdmin, Lane::kBulk,
     "Tell somebody of events over HTTP"},
    {M::kGet, "/api/v1/webhooks/{id}", GetWebhook, P::kAdmin, Lane::kMeta, "Show a webhook"},
    {M::kPatch, "/api/v1/webhooks/{id}", UpdateWebhook, P::kAdmin, Lane::kBulk, "Change a webhook"},
    {M::kDelete, "/api/v1/webhooks/{id}", DeleteWebhook, P::kAdmin, Lane::kMeta,
     "Delete a webhook and its deliveries"},
    {M::kPost, "/api/v1/webhooks/{id}/test", TestWebhook, P::kAdmin, Lane::kBulk,
     "Send a webhook a made-up message, now"},
    {M::kPost, "/api/v1/webhooks/{id}/replay", ReplayDeadDeliveries, P::kAdmin, Lane::kMeta,
     "Send what a webhook could not be told once more"},
    {M::kGet, "/api/v1/webhooks/{id}/deliveries", ListDeliveries, P::kAdmin, Lane::kMeta,
     "List what a webhook was told and what came of it"},
    {M::kGet, "/api/v1/webhook-deliveries/{id}", GetDelivery, P::kAdmin, Lane::kMeta,
     "Show a delivery's message and attempts"},
    {M::kPost, "/api/v1/webhook-deliveries/{id}/replay", ReplayDelivery, P::kAdmin, Lane::kMeta,
     "Send a message once more, under the same id"},

    {M::kGet, "/api/v1/artifacts/deleted", ListDeletedArtifacts, P::kEdit, Lane::kMeta,
     "List artifacts that were deleted and can be brought back"},
    {M::kPost, "/api/v1/artifacts/deleted/{id}/restore", RestoreArtifact, P::kEdit, Lane::kBulk,
     "Bring a deleted artifact back"},
    {M::kPost, "/api/v1/artifacts/uploads", BeginPartUpload, P::kEdit, Lane::kMeta,
     "Begin an upload in parts, or go on with one of the same bytes"},
    {M::kPut, "/api/v1/artifacts/uploads/{id}/parts/{number}", TakeUploadPart, P::kEdit,
     Lane::kBulk, "Send a part", Body::kStream},
    {M::kPost, "/api/v1/artifacts/uploads/{id}/complete", CompletePartUpload, P::kEdit, Lane::kBulk,
     "Make a file of the parts that were sent"},
    {M::kDelete, "/api/v1/artifacts/uploads/{id}", AbortPartUpload, P::kEdit, Lane::kMeta,
     "Give up an upload in parts"},
    {M::kGet, "/api/v1/artifacts/verify", VerifyArtifacts, P::kAdmin, Lane::kMeta,
     "Read every file whose sum is known and tell, a line each, what is wrong with them"},
    {M::kPost, "/api/v1/gc", CollectGarbage, P::kAdmin, Lane::kBulk,
     "Remove for good what was deleted and nothing is made of, or say what would be"},

    {M::kGet, "/api/v1/me", GetSelf, P::kRead, Lane::kMeta, "Show who calls"},
    {M::kGet, "/api/v1/users", ListUsers, P::kAdmin, Lane::kMeta, "List users"},
    {M::kPost, "/api/v1/users", CreateUser, P::kAdmin, Lane::kMeta, "Add a user"},
    {M::kPost, "/api/v1/users/{name}/role", SetUserRole, P::kAdmin, Lane::kMeta,
     "Change a user's role"},
    {M::kPost, "/api/v1/users/{name}/password", SetUserPassword, P::kAdmin, Lane::kMeta,
     "Change a user's password"},
    {M::kDelete, "/api/v1/users/{name}", DeleteUser, P::kAdmin, Lane::kMeta, "Remove a user"},
    {M::kGet, "/api/v1/tokens", ListTokens, P::kAdmin, Lane::kMeta, "List tokens"},
    {M::kPost, "/api/v1/tokens", CreateToken, P::kAdmin, Lane::kMeta, "Make a token"},
    {M::kDelete, "/api/v1/tokens/{id}", DeleteToken, P::kAdmin, Lane::kMeta, "Revoke a token"},
};
static_assert(Unique(kRoutes));

}  // namespace

void AddRoutes(Router& router, Context& context) {
  router.Add("native", kRoutes, context, JsonError);
}

}  // namespace millwright::api::native
