#pragma once

#include "api/mlflow/context.h"
#include "http/message.h"

// Files that clients send in parts, and those that they move to and from an object store
// themselves, with URLs that this server signs. Where the store is a folder, the parts come here.
namespace millwright::api::mlflow::direct_files {

http::Response BeginParts(Context& context, const http::Request& request);
http::Response CompleteParts(Context& context, const http::Request& request);
http::Response AbortParts(Context& context, const http::Request& request);
// Takes one part at an address that BeginParts signed: whoever has the address needs no more.
http::Response TakePart(Context& context, const http::Request& request);
http::Response DownloadUrl(Context& context, const http::Request& request);
// Refuses: runs whose files go through here have no direct way of their own.
http::Response UploadUrl(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::direct_files
