#pragma once

#include "api/mlflow/context.h"
#include "http/message.h"
#include "http/server.h"

namespace millwright::api::mlflow::runs {

http::Response Create(Context& context, const http::Request& request);
http::Response Get(Context& context, const http::Request& request);
http::Response Update(Context& context, const http::Request& request);
http::Response Delete(Context& context, const http::Request& request);
http::Response Restore(Context& context, const http::Request& request);
http::Response Search(Context& context, const http::Request& request);
http::Response DeleteTag(Context& context, const http::Request& request);
// These answer when the write is durable, without holding a thread until then.
void LogMetric(Context& context, http::Request&& request, http::Reply reply);
void LogParameter(Context& context, http::Request&& request, http::Reply reply);
void SetTag(Context& context, http::Request&& request, http::Reply reply);
void LogBatch(Context& context, http::Request&& request, http::Reply reply);
http::Response LogInputs(Context& context, const http::Request& request);
http::Response LogOutputs(Context& context, const http::Request& request);
http::Response LogModel(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::runs
