#include "api/tfserving/routes.h"

#include "api/tfserving/model_status.h"
#include "api/tfserving/predict_answer.h"
#include "api/tfserving/predict_body.h"
#include "base/error.h"
#include "base/json.h"

namespace millwright::api::tfserving {
namespace {

using prediction::VersionOf;

// The model's versions that the path means: all, or the one that it names.
std::vector<serving::VersionStatus> VersionsOf(const Context& context, const http::Request& request,
                                               const std::string& model) {
  const std::string version = VersionOf(context, request, model);
  std::vector<serving::VersionStatus> versions;
  bool is_known = false;
  for (auto& one : context.predictor.Index()) {
    if (one.model != model) continue;
    is_known = true;
    if (version.empty() || one.version == version) versions.push_back(std::move(one));
  }
  if (!is_known) throw NotFound("Model", model);
  if (versions.empty()) throw NotFound("Model version", model + ":" + version);
  return versions;
}

struct Question {
  serving::InferRequest infer;
  serving::ModelInfoPtr info;
};

Question Ask(const Context& context, const http::Request& request) {
  const std::string& model = request.PathValue("model");
  Question question{
      .infer = prediction::StartRequest(request, model, VersionOf(context, request, model)),
      .info = nullptr};
  question.info = context.predictor.Describe(model, question.infer.version);
  return question;
}

using ResultsWriter = void (*)(const std::vector<inference::Tensor>&, std::string*);

void AnswerExamples(Context& context, const http::Request& request, http::Reply reply,
                    ResultsWriter write) {
  if (!prediction::LetIn(context, request, request.PathValue("model"), WriteError, reply)) return;
  Question question = Ask(context, request);
  question.infer.inputs = ReadExamples(request.body, question.info->signature);
  prediction::InferAndReply(
      context, std::move(question.infer), request,
      [write](const serving::InferAnswer& answer) {
        std::string json;
        write(answer.outputs, &json);
        return http::Response::JsonText(200, std::move(json));
      },
      WriteError, std::move(reply));
}

}  // namespace

http::Response WriteError(const Error& error) {
  std::string json;
  JsonWriter(&json).BeginObject().Field("error", error.message()).EndObject();
  return http::Response::JsonText(HttpStatus(error.code()), std::move(json));
}

http::Response ListModels(Context& context, const http::Request&) {
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject().Key("models").BeginArray();
  for (const std::string& model : context.predictor.Models()) writer.String(model);
  writer.EndArray().EndObject();
  return http::Response::JsonText(200, std::move(json));
}

http::Response ModelStatus(Context& context, const http::Request& request) {
  const std::string& model = request.PathValue("model");
  const auto versions = VersionsOf(context, request, model);
  return http::Response::JsonText(AnyReady(versions) ? 200 : 503, StatusJson(model, versions));
}

http::Response ModelMetadata(Context& context, const http::Request& request) {
  const std::string& model = request.PathValue("model");
  const auto info = context.predictor.Describe(model, VersionOf(context, request, model));
  return http::Response::JsonText(200, MetadataJson(*info));
}

void Predict(Context& context, http::Request&& request, http::Reply reply) {
  if (!prediction::LetIn(context, request, request.PathValue("model"), WriteError, reply)) return;
  Question question = Ask(context, request);
  PredictBody body = ReadPredictBody(&request.body, question.info->signature);
  question.infer.inputs = std::move(body.inputs);
  prediction::InferAndReply(
      context, std::move(question.infer), request,
      [format = body.format](const serving::InferAnswer& answer) {
        std::string json;
        AppendPredictions(answer.outputs, format, &json);
        return http::Response::JsonText(200, std::move(json));
      },
      WriteError, std::move(reply));
}

void Classify(Context& context, http::Request&& request, http::Reply reply) {
  AnswerExamples(context, request, std::move(reply), AppendClassifications);
}

void Regress(Context& context, http::Request&& request, http::Reply reply) {
  AnswerExamples(context, request, std::move(reply), AppendRegressions);
}

}  // namespace millwright::api::tfserving
