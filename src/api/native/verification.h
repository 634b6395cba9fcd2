#pragma once

#include "api/native/context.h"
#include "http/message.h"

namespace millwright::api::native {

// Reads every file whose sum is known and tells, a JSON document a line, what is wrong with them:
//   {"known": {"files": 3, "bytes": 12}}                     how many are to be looked at
//   {"path": "0/4f2…/artifacts/m", "fault": "damaged"}       or "missing" or "changed"
//   {"files": 1, "bytes": 4, "after": "0/4f2…/artifacts/m"}  how far it is, now and then
//   {"done": true, "files": 3, "bytes": 12}
// Query: `after` begins behind a path, `bytes_per_s` limits how fast files are read.
http::Response VerifyArtifacts(Context& context, const http::Request& request);

}  // namespace millwright::api::native
