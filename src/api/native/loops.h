#pragma once

#include "api/native/context.h"
#include "http/message.h"

// Loops: what is done for a model by itself, why, and what persons say to it.
namespace millwright::api::native {

http::Response ListLoops(Context& context, const http::Request& request);
http::Response PutLoop(Context& context, const http::Request& request);
http::Response CheckLoop(Context& context, const http::Request& request);
http::Response GetLoop(Context& context, const http::Request& request);
http::Response DeleteLoop(Context& context, const http::Request& request);
http::Response ListDecisions(Context& context, const http::Request& request);
http::Response TriggerLoop(Context& context, const http::Request& request);
http::Response PauseLoop(Context& context, const http::Request& request);
http::Response ResumeLoop(Context& context, const http::Request& request);
http::Response ApproveLoop(Context& context, const http::Request& request);
http::Response OverrideLoop(Context& context, const http::Request& request);
http::Response RollBackLoop(Context& context, const http::Request& request);

}  // namespace millwright::api::native
