#pragma once

#include "api/native/context.h"
#include "http/message.h"

namespace millwright::api::native {

// A file prepared for looking at, of whoever the path names: a run, a logged model or a model
// version.
http::Response GetArtifactTable(Context& context, const http::Request& request);
http::Response GetArtifactPage(Context& context, const http::Request& request);
http::Response GetArtifactGraph(Context& context, const http::Request& request);

}  // namespace millwright::api::native
