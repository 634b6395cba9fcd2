#pragma once

#include "api/native/context.h"
#include "http/message.h"

// What people say of suites, the changes that they propose, and what suites judge by themselves.
namespace millwright::api::native {

http::Response ListSuiteComments(Context& context, const http::Request& request);
http::Response CommentOnSuite(Context& context, const http::Request& request);
http::Response ProposeSuiteChange(Context& context, const http::Request& request);
http::Response ListSuiteProposals(Context& context, const http::Request& request);
http::Response GetSuiteProposal(Context& context, const http::Request& request);
http::Response AcceptSuiteProposal(Context& context, const http::Request& request);
http::Response RejectSuiteProposal(Context& context, const http::Request& request);
http::Response ListSuiteAttachments(Context& context, const http::Request& request);
http::Response AttachSuite(Context& context, const http::Request& request);
http::Response DetachSuite(Context& context, const http::Request& request);

}  // namespace millwright::api::native
