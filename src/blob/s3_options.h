#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "blob/role_credentials.h"
#include "blob/sigv4.h"

namespace millwright::blob {

// Where a bucket's name stands in its URLs: kPath: https://endpoint/bucket/key, kVirtual:
// https://bucket.endpoint/key. kAuto: kPath for endpoints of one's own and for names with a dot,
// which no certificate covers.
enum class S3Style { kAuto, kPath, kVirtual };
// "auto", "path" or "virtual"; throws kInvalidArgument for others.
S3Style ParseS3Style(std::string_view name);

// How a store in S3, or in a server that speaks its protocol, is reached.
struct S3Options {
  std::string bucket;
  std::string prefix;    // before every key, without slashes around it; may be empty
  std::string endpoint;  // "https://host[:port]"; AWS's own for the region when empty
  std::string region;
  S3Style style = S3Style::kAuto;
  Credentials credentials;
  std::string credentials_file;  // in the form of ~/.aws/credentials
  RoleSource role;               // asked for keys where there are none

  int attempts_max = 5;
  int64_t first_retry_ms = 100;       // doubles with each attempt, half of it at random
  int64_t stall_timeout_ms = 20'000;  // without a byte moving
  // The same where S3 itself copies or puts parts together, which takes it minutes for some GB.
  int64_t work_timeout_ms = 600'000;
  int64_t connect_timeout_ms = 5'000;
  uint64_t part_bytes = 8ULL << 20;  // what an upload holds in memory; S3 takes no less than 5 MiB
};

// Reads one variable; nullptr when it is not set.
using Environment = std::function<const char*(const char* name)>;

// Completes `given` from an address (s3://bucket/prefix) and, where it says nothing, from the
// environment as AWS's and MLflow's own programs do: MLFLOW_S3_ENDPOINT_URL, AWS_ENDPOINT_URL_S3,
// AWS_ENDPOINT_URL; AWS_REGION, AWS_DEFAULT_REGION; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN; AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials with AWS_PROFILE; the role
// of AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, of AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or
// _FULL_URI, and last of the EC2 instance unless AWS_EC2_METADATA_DISABLED. Throws kInvalidArgument
// for a malformed address and where there are neither credentials nor a role to ask for.
S3Options CompleteS3Options(const std::string& uri, S3Options given,
                            const Environment& environment);

bool IsS3Uri(std::string_view uri);
// What is thrown where there are no keys.
Error NoCredentials(const std::string& uri);

}  // namespace millwright::blob
