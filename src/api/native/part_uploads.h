#pragma once

#include "api/native/context.h"
#include "http/message.h"

namespace millwright::api::native {

// Uploads in parts that go on after a cut. Begin takes {path, bytes, sha256, part_bytes} and
// answers {id, parts: [{number, bytes}]} with the parts that are stored already, or {is_stored:
// true} where the file is; a part is the raw body of its request; Complete answers {bytes, sha256}.
http::Response BeginPartUpload(Context& context, const http::Request& request);
http::Response TakeUploadPart(Context& context, const http::Request& request);
http::Response CompletePartUpload(Context& context, const http::Request& request);
http::Response AbortPartUpload(Context& context, const http::Request& request);

}  // namespace millwright::api::native
