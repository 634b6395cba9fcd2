#pragma once

#include "api/native/context.h"
#include "base/json.h"
#include "http/message.h"

namespace millwright::inference {
struct Signature;
}

// What Millwright knows of a model version beyond MLflow's registry: contract and checks.
namespace millwright::api::native {

// A signature as people read it: {"inputs": [{"name", "type", "required"}], "outputs": […]}.
Json SignatureJson(const inference::Signature& signature);

http::Response GetModelVersion(Context& context, const http::Request& request);
http::Response SetModelContract(Context& context, const http::Request& request);
http::Response ScanModelVersion(Context& context, const http::Request& request);
http::Response RecordModelCheck(Context& context, const http::Request& request);

}  // namespace millwright::api::native
