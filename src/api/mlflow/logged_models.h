#pragma once

#include "api/mlflow/context.h"
#include "http/message.h"

namespace millwright::api::mlflow::logged_models {

http::Response Create(Context& context, const http::Request& request);
http::Response Get(Context& context, const http::Request& request);
http::Response Finalize(Context& context, const http::Request& request);
http::Response Delete(Context& context, const http::Request& request);
http::Response SetTags(Context& context, const http::Request& request);
http::Response DeleteTag(Context& context, const http::Request& request);
http::Response LogParams(Context& context, const http::Request& request);
http::Response Search(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::logged_models
