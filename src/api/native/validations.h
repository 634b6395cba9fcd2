#pragma once

#include "api/native/context.h"
#include "http/message.h"

// Suites and what came of running them.
namespace millwright::api::native {

http::Response PutSuite(Context& context, const http::Request& request);
http::Response ListSuites(Context& context, const http::Request& request);
http::Response GetSuite(Context& context, const http::Request& request);
http::Response DeleteSuite(Context& context, const http::Request& request);
http::Response ListSuiteVersions(Context& context, const http::Request& request);
http::Response GetSuiteHistory(Context& context, const http::Request& request);
http::Response CreateValidation(Context& context, const http::Request& request);
http::Response ListValidations(Context& context, const http::Request& request);
http::Response GetValidation(Context& context, const http::Request& request);
http::Response GetValidationReport(Context& context, const http::Request& request);

}  // namespace millwright::api::native
