#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "fetch/client.h"

namespace millwright::client {

using Query = std::vector<std::pair<std::string, std::string>>;

struct ClientOptions {
  int64_t call_timeout_ms = 300'000;  // of a call with a JSON answer
  // Without a moved byte, of a transfer; 0: an hour for the whole of it.
  int64_t stall_timeout_ms = 0;
  std::stop_token stop = {};  // ends calls with kAborted
};

// Calls a Millwright server. Answers are JSON; an answer that is an error is thrown as an Error
// with the server's own message. Credentials come from MILLWRIGHT_TOKEN, else
// MLFLOW_TRACKING_TOKEN, else MLFLOW_TRACKING_USERNAME and _PASSWORD; those in the address itself,
// http://user:password@host, come before all of them. Thread-safe.
class Client {
 public:
  explicit Client(std::string uri, ClientOptions options = {});

  // Without the user and password.
  const std::string& uri() const { return uri_; }

  Json Get(const std::string& path, const Query& query = {});
  Json Post(const std::string& path, const Json& body);
  Json Patch(const std::string& path, const Json& body);
  Json Delete(const std::string& path, const Json& body = Json::MakeObject());
  std::string GetText(const std::string& path, const Query& query = {});

  // Sends a file as the raw body (PUT); Receives one, written to `target` and renamed when whole.
  // Where the server says the file's SHA-256, other bytes throw kInternal.
  Json Upload(const std::string& path, const std::filesystem::path& file, const Query& query = {});
  void Download(const std::string& path, const std::filesystem::path& target,
                const std::function<void(uint64_t bytes)>& progress = nullptr);

  // Sends any request; statuses of 400 and more are thrown.
  fetch::FetchResponse Send(fetch::FetchRequest request);
  // Sends any request and returns any answer.
  fetch::FetchResponse SendRaw(fetch::FetchRequest request);

  // MLflow's REST, below /api/2.0/mlflow/.
  Json MlflowGet(const std::string& route, const Query& query = {});
  Json MlflowPost(const std::string& route, const Json& body);

  // Waits until the server answers /health, at most `timeout_ms`. Returns whether it does.
  bool WaitUntilReady(int64_t timeout_ms);

 private:
  std::string Url(const std::string& path, const Query& query) const;

  const ClientOptions options_;
  std::string uri_;
  std::string address_;  // with the user and password
  std::string authorization_;
  std::atomic<int> calls_made_ = 0;
  fetch::Client fetch_;
};

}  // namespace millwright::client
