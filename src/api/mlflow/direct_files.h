#pragma once

#include "api/mlflow/context.h"
#include "http/message.h"

// Files that clients move to and from an object store themselves, with URLs that this server signs.
// A store that is a folder answers 501, by which MLflow's client falls back to sending them here.
namespace millwright::api::mlflow::direct_files {

http::Response BeginParts(Context& context, const http::Request& request);
http::Response CompleteParts(Context& context, const http::Request& request);
http::Response AbortParts(Context& context, const http::Request& request);
http::Response DownloadUrl(Context& context, const http::Request& request);
// Refuses: runs whose files go through here have no direct way of their own.
http::Response UploadUrl(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::direct_files
