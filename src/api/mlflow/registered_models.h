#pragma once

#include "api/mlflow/context.h"
#include "http/message.h"

namespace millwright::api::mlflow::registered_models {

http::Response Create(Context& context, const http::Request& request);
http::Response Get(Context& context, const http::Request& request);
http::Response Update(Context& context, const http::Request& request);
http::Response Rename(Context& context, const http::Request& request);
http::Response Delete(Context& context, const http::Request& request);
http::Response Search(Context& context, const http::Request& request);
http::Response GetLatestVersions(Context& context, const http::Request& request);
http::Response SetTag(Context& context, const http::Request& request);
http::Response DeleteTag(Context& context, const http::Request& request);
http::Response SetAlias(Context& context, const http::Request& request);
http::Response DeleteAlias(Context& context, const http::Request& request);
http::Response GetByAlias(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::registered_models
