#pragma once

#include <optional>
#include <string>

#include "api/mlflow/context.h"
#include "http/message.h"

namespace millwright::api::mlflow::artifact_files {

// The proxied store: any path below the artifact root.
http::Response ProxyUpload(Context& context, const http::Request& request);
http::Response ProxyDownload(Context& context, const http::Request& request);
// The same of a small file that is in memory; nothing for others.
std::optional<http::Response> ProxyDownloadAtOnce(Context& context, const http::Request& request);
http::Response ProxyDelete(Context& context, const http::Request& request);
http::Response ProxyList(Context& context, const http::Request& request);

// By run, by logged model and by model version.
http::Response ListOfRun(Context& context, const http::Request& request);
http::Response GetOfRun(Context& context, const http::Request& request);
http::Response UploadToRun(Context& context, const http::Request& request);
http::Response ListOfLoggedModel(Context& context, const http::Request& request);
http::Response GetOfLoggedModel(Context& context, const http::Request& request);
http::Response GetOfVersion(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::artifact_files
