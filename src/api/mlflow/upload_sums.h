#pragma once

#include "artifacts/artifacts.h"
#include "http/message.h"

namespace millwright::api::mlflow {

// What a request's headers say of the file in its body: Content-Length, Content-MD5 (RFC 1864),
// Content-Digest and Repr-Digest (RFC 9530), Digest (RFC 3230) and S3's x-amz-checksum-sha256.
// Sums of other kinds are passed over; a malformed one throws kInvalidArgument.
artifacts::ExpectedSums SumsOf(const http::Request& request);

}  // namespace millwright::api::mlflow
