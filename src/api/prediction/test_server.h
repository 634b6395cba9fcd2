#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/prediction/request.h"
#include "base/file.h"
#include "base/json.h"
#include "http/server.h"
#include "serving/model_server.h"

// What the tests of the prediction protocols share: a model server and requests by hand.
namespace millwright::api::prediction::testing {

inline std::string ModelsDir() {
  return std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/models/";
}

inline Json Vectors(const std::string& model) {
  return ParseJson(ReadFile(ModelsDir() + model + "/vectors.json"));
}

using Handler = void (*)(Context&, http::Request&&, http::Reply);
using ErrorWriter = http::Response (*)(const Error&);

// Models out of tests/data/models and the way of a request through a handler, as the router does
// it.
class TestServer {
 public:
  explicit TestServer(const std::vector<std::string>& models) : server_(SourcesOf(models)) {}

  struct Request {
    std::vector<std::pair<std::string, std::string>> path_values;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
  };
  http::Response Ask(Handler handler, ErrorWriter error_writer, Request given) {
    http::Request request;
    request.method = http::Method::kPost;
    request.path_values = std::move(given.path_values);
    request.body = std::move(given.body);
    for (auto& [name, value] : given.headers) request.headers.Add(name, value);
    const auto answer = std::make_shared<std::promise<http::Response>>();
    auto answered = answer->get_future();
    try {
      handler(context, std::move(request),
              [answer](http::Response response) { answer->set_value(std::move(response)); });
    } catch (const Error& error) {
      return error_writer(error);
    }
    return answered.get();
  }

 private:
  static std::vector<serving::ModelSource> SourcesOf(const std::vector<std::string>& models) {
    std::vector<serving::ModelSource> sources;
    for (const auto& model : models) {
      sources.push_back({.name = model, .version = "1", .path = ModelsDir() + model});
    }
    return sources;
  }
  serving::ModelServer server_;

 public:
  Context context{server_};
};

// The largest difference between two JSON trees of one shape; null equals null. Fails the test
// where shapes or texts differ.
inline double LargestDifference(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return std::fabs(a.AsDouble() - b.AsDouble());
  if (a.is_array() && b.is_array() && a.AsArray().size() == b.AsArray().size()) {
    double largest = 0;
    for (size_t i = 0; i < a.AsArray().size(); ++i) {
      largest = std::max(largest, LargestDifference(a.AsArray()[i], b.AsArray()[i]));
    }
    return largest;
  }
  EXPECT_EQ(a.Dump(), b.Dump());
  return 0;
}

}  // namespace millwright::api::prediction::testing
