#include "api/mlflow/log_bodies.h"

#include <gtest/gtest.h>

#include "api/mlflow/request.h"
#include "base/error.h"

namespace millwright::api::mlflow {
namespace {

http::Request Post(std::string body) {
  http::Request request;
  request.method = http::Method::kPost;
  request.headers.Add("Content-Type", "application/json");
  request.body = std::move(body);
  return request;
}

// The message as JSON, or the refusal, that a reader makes of a body.
template <typename Reader>
std::string Told(Reader&& read) {
  try {
    return Encode(read());
  } catch (const Error& error) {
    return std::string(CodeName(error.code())) + " " + error.field() + ": " + error.message();
  }
}

// Both readers make the same of a body; returns it.
template <Message T>
std::string Check(const std::string& body) {
  const std::string general = Told([&] { return Read<T>(Post(body)); });
  EXPECT_EQ(general, Told([&] {
              http::Request request = Post(body);
              return ReadLogged<T>(request);
            }))
      << body;
  return general;
}

TEST(LogBodies, AnOrdinaryMetricIsRead) {
  EXPECT_EQ(Check<LogMetric>(R"( {"run_uuid": "r", "run_id": "r1", "key": "loss\u00e9 \"x\"",
      "value": 1e-3, "timestamp": 1700000000000, "step": -4, "model_id": "m-1",
      "dataset_name": "d", "dataset_digest": "abc"} )"),
            R"({"run_id":"r1","key":"lossé \"x\"","value":0.001,"timestamp":1700000000000,)"
            R"("step":-4,"model_id":"m-1","dataset_name":"d","dataset_digest":"abc"})");
}

TEST(LogBodies, WhateverElseComesIsTakenOrRefusedAsByTheGeneralReader) {
  const std::string full = R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 2, "step": 3})";
  for (size_t size = 0; size <= full.size(); ++size) Check<LogMetric>(full.substr(0, size));
  for (const char* body : {
           "",
           " ",
           "{}",
           "[]",
           "null",
           "7",
           "\"{}\"",
           "{} {}",
           "{}x",
           "nonsense",
           R"("{\"run_id\": \"r\", \"key\": \"k\", \"value\": 1, \"timestamp\": 2}")",
           R"({"run_uuid": "r", "key": "k", "value": 1, "timestamp": 2})",
           R"({"run_id": "new", "run_uuid": "old", "key": "k", "value": 1, "timestamp": 2})",
           R"({"run_uuid": "old", "run_id": "new", "key": "k", "value": 1, "timestamp": 2})",
           R"({"run_id": "new", "run_uuid": 5, "key": "k", "value": 1, "timestamp": 2})",
           R"({"run_id": "", "run_uuid": "old", "key": "k", "value": 1, "timestamp": 2})",
           R"({"run_id": null, "run_uuid": "old", "key": "k", "value": 1, "timestamp": 2})",
           R"({"runId": "r", "key": "k", "value": 1, "timestamp": 2})",
           R"({"r\u0075n_id": "r", "key": "k", "value": 1, "timestamp": 2})",
           R"({"run_id": "a", "run_id": "b", "key": "k", "value": 1, "timestamp": 2})",
           R"({"run_id": "r", "key": "", "value": 1, "timestamp": 2})",
           R"({"run_id": "r", "key": 5, "value": 1, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": "NaN", "timestamp": "2"})",
           R"({"run_id": "r", "key": "k", "value": "-Infinity", "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": "nan", "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": NaN, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": true, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": null, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": 18446744073709551615, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": 18446744073709551616, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": 1e999, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": -0, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": -0.0, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": 01, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": 1., "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": +1, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": 1x, "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": [1], "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 2.0})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 2.5})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 9223372036854775807})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 9223372036854775808})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 2, "step": null})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 2, "step": "3"})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 2, "more": {"a": [1, 2]}})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 2, "more": 1.2.3})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 2,})",
           R"({"run_id": "r", "key": "k", "value": 1 "timestamp": 2})",
           R"({"run_id": "r", "key": "k", "value": 1, "timestamp": 2}})",
           R"({"run_id": "r", "key": "\ud800", "value": 1, "timestamp": 2})",
           "{\"run_id\": \"r\", \"key\": \"\xff\", \"value\": 1, \"timestamp\": 2}",
           "{\"run_id\": \"r\", \"key\": \"a\nb\", \"value\": 1, \"timestamp\": 2}",
           "\xef\xbb\xbf{\"run_id\": \"r\", \"key\": \"k\", \"value\": 1, \"timestamp\": 2}",
       }) {
    Check<LogMetric>(body);
    Check<RunKeyValue>(body);
    Check<LogBatch>(body);
  }
}

TEST(LogBodies, BatchesOfEveryFormAreReadAlike) {
  const std::string metric = R"({"key": "k", "value": 0.5, "timestamp": 1, "step": 2})";
  for (const std::string& body : {
           std::string(R"({"run_id": "r"})"),
           std::string(R"({"run_id": "r", "metrics": [], "params": [], "tags": []})"),
           R"({"run_id": "r", "metrics": [)" + metric + "," + metric + "]}",
           R"({"metrics": [)" + metric + R"(], "run_id": "r"})",
           R"({"run_id": "r", "metrics": [)" + metric + ", 5]}",
           R"({"run_id": "r", "metrics": [)" + metric + ", {}]}",
           R"({"run_id": "r", "metrics": [)" + metric + ",]}",
           R"({"run_id": "r", "metrics": )" + metric + "}",
           std::string(R"({"run_id": "r", "metrics": null})"),
           std::string(R"({"run_id": "r", "metrics": [null]})"),
           std::string(R"({"run_id": "r", "metrics": [{"key": "k", "value": 1}]})"),
           std::string(
               R"({"run_id": "r", "metrics": [{"key": "k", "value": "x", "timestamp": 1}]})"),
           std::string(R"({"run_id": "r", "params": [{"key": "a", "value": "b"}, {"key": "c"}]})"),
           std::string(R"({"run_id": "r", "params": [{"value": "b"}], "tags": [{"key": ""}]})"),
           std::string(R"({"run_id": "r", "tags": [{"key": "k", "value": 1}]})"),
           std::string(R"({"run_id": "r", "tags": [{"key": "k", "value": "v", "more": 1}]})"),
           std::string(R"({"run_id": "r", "metrics": [[]], "tags": [{"key": "k"}]})"),
       }) {
    Check<LogBatch>(body);
    for (size_t size = body.size() / 2; size < body.size(); ++size) {
      Check<LogBatch>(body.substr(0, size));
    }
  }
}

TEST(LogBodies, ALongBodyIsReadAlike) {
  std::string body = R"({"run_id": "r", "metrics": [)";
  for (int i = 0; i < 10'000; ++i) {
    body += fmt::format(R"({}{{"key": "metric/{}", "value": {}, "timestamp": {}, "step": {}}})",
                        i == 0 ? "" : ",", i, i / 7.0, 1'700'000'000'000 + i, i);
  }
  Check<LogBatch>(body + "]}");
  Check<LogBatch>(body + ",]}");
}

TEST(LogBodies, AskForTheDeclarationOfTheirType) {
  http::Request request;
  request.method = http::Method::kPost;
  request.body = "{}";
  EXPECT_EQ(Told([&] { return ReadLogged<LogBatch>(request); }),
            "invalid_argument : Bad Request. Content-Type header is missing.");
}

}  // namespace
}  // namespace millwright::api::mlflow
