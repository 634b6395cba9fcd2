#pragma once

#include <vector>

#include "api/native/context.h"
#include "base/json.h"
#include "http/message.h"

namespace millwright::registry {
struct Approval;
}

// The gates before a model's aliases and stages, and who approves.
namespace millwright::api::native {

Json ApprovalsJson(const std::vector<registry::Approval>& approvals);

http::Response GetModelGate(Context& context, const http::Request& request);
http::Response ListModelGates(Context& context, const http::Request& request);
// Takes {"yaml": TEXT, "reason": …}, or the gates as JSON.
http::Response SetModelGate(Context& context, const http::Request& request);
// What the gates, or those of a file that is not applied yet, say about a move.
http::Response TestModelGate(Context& context, const http::Request& request);
http::Response ApproveModelVersion(Context& context, const http::Request& request);
http::Response WithdrawModelApproval(Context& context, const http::Request& request);

}  // namespace millwright::api::native
