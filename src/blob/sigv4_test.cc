#include "blob/sigv4.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"

namespace millwright::blob {
namespace {

NamedValues Pairs(const Json& array) {
  NamedValues pairs;
  for (const auto& pair : array.AsArray())
    pairs.emplace_back(pair.AsArray()[0].AsString(), pair.AsArray()[1].AsString());
  return pairs;
}

SignableRequest RequestOf(const Json& vector) {
  return {vector.GetString("method"), vector.GetString("path"), Pairs(vector.At("query")),
          Pairs(vector.At("headers"))};
}

Json Vectors(const std::string& file) {
  return ParseJson(ReadFile(MILLWRIGHT_SOURCE_DIR "/tests/data/sigv4/" + file));
}

std::string SignatureInHeaders(const SignableRequest& request) {
  const std::string& value = request.headers.back().second;
  return value.substr(value.rfind('=') + 1);
}

TEST(SigV4, AgreesWithTheSuiteThatAwsPublishes) {
  const SigningScope scope{"us-east-1", "service", ParseTime("2015-08-30T12:36:00Z")};
  const Json vectors = Vectors("general.json");
  EXPECT_GT(vectors.AsArray().size(), 25U);
  for (const Json& vector : vectors.AsArray()) {
    SCOPED_TRACE(vector.GetString("name"));
    const Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                  vector.GetString("session_token")};
    const std::string payload = Sha256Hex(vector.GetString("body"));
    SignableRequest by_query = RequestOf(vector);
    SignQuery(credentials, scope, payload, vector.GetInt("expires_s"), &by_query);
    EXPECT_EQ(by_query.query.back().second, vector.GetString("query_signature"));
    SignableRequest by_headers = RequestOf(vector);
    if (vector.GetBool("sign_body"))
      by_headers.headers.emplace_back("x-amz-content-sha256", payload);
    SignHeaders(credentials, scope, payload, &by_headers);
    EXPECT_EQ(SignatureInHeaders(by_headers), vector.GetString("header_signature"));
  }
}

TEST(SigV4, AgreesWithTheExamplesOfTheS3Reference) {
  const SigningScope scope{"us-east-1", "s3", ParseTime("2013-05-24T00:00:00Z")};
  const Credentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                ""};
  const Json vectors = Vectors("s3.json");
  for (const Json& vector : vectors.AsArray()) {
    SCOPED_TRACE(vector.GetString("name"));
    SignableRequest request = RequestOf(vector);
    if (vector.Has("query_signature")) {
      SignQuery(credentials, scope, kUnsignedPayload, vector.GetInt("expires_s"), &request);
      EXPECT_EQ(request.query.back().second, vector.GetString("query_signature"));
      continue;
    }
    const std::string payload = Sha256Hex(vector.GetString("body"));
    request.headers.emplace_back("x-amz-content-sha256", payload);
    SignHeaders(credentials, scope, payload, &request);
    EXPECT_EQ(SignatureInHeaders(request), vector.GetString("header_signature"));
  }
}

}  // namespace
}  // namespace millwright::blob
