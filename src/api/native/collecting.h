#pragma once

#include "api/native/context.h"
#include "http/message.h"

namespace millwright::api::native {

// Deleted files: what is kept of them, bringing one back, and removing for good what was deleted
// long enough ago and nothing is made of.
http::Response ListDeletedArtifacts(Context& context, const http::Request& request);
http::Response RestoreArtifact(Context& context, const http::Request& request);
http::Response CollectGarbage(Context& context, const http::Request& request);

}  // namespace millwright::api::native
