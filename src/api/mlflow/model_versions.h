#pragma once

#include "api/mlflow/context.h"
#include "http/message.h"

namespace millwright::api::mlflow::model_versions {

http::Response Create(Context& context, const http::Request& request);
http::Response Get(Context& context, const http::Request& request);
http::Response Update(Context& context, const http::Request& request);
http::Response Delete(Context& context, const http::Request& request);
http::Response Search(Context& context, const http::Request& request);
http::Response GetDownloadUri(Context& context, const http::Request& request);
http::Response TransitionStage(Context& context, const http::Request& request);
http::Response SetTag(Context& context, const http::Request& request);
http::Response DeleteTag(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::model_versions
