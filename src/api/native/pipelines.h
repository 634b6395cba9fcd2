#pragma once

#include "api/native/context.h"
#include "http/message.h"

// Pipelines, their runs, and what their tasks print.
namespace millwright::api::native {

http::Response RegisterPipeline(Context& context, const http::Request& request);
http::Response ListPipelines(Context& context, const http::Request& request);
http::Response StartPipelineRun(Context& context, const http::Request& request);
http::Response ListPipelineRuns(Context& context, const http::Request& request);
http::Response GetPipelineRun(Context& context, const http::Request& request);
http::Response CancelPipelineRun(Context& context, const http::Request& request);
http::Response GetTaskLog(Context& context, const http::Request& request);

}  // namespace millwright::api::native
