#include "client/client.h"

#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "fetch/loopback.h"
#include "fetch/retry.h"

namespace millwright::client {
namespace {

constexpr int64_t kTransferTimeoutMs = 3'600'000;
constexpr int64_t kReadyProbeMs = 25;
// Small commands make a call or two; libcurl's kept connections pay for those that make many.
constexpr int kCallsWithoutCurl = 4;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string AuthorizationFromEnvironment() {
  for (const char* name : {"MILLWRIGHT_TOKEN", "MLFLOW_TRACKING_TOKEN"})
    if (const auto token = Environment(name); !token.empty()) return "Bearer " + token;
  const auto user = Environment("MLFLOW_TRACKING_USERNAME");
  if (user.empty()) return "";
  return "Basic " + Base64(user + ":" + Environment("MLFLOW_TRACKING_PASSWORD"));
}

Code CodeOfStatus(int status) {
  switch (status) {
    case 400:
      return Code::kInvalidArgument;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kAborted;
    case 412:
      return Code::kFailedPrecondition;
    case 429:
      return Code::kResourceExhausted;
    case 501:
      return Code::kUnimplemented;
    case 503:
      return Code::kUnavailable;
    case 504:
      return Code::kDeadlineExceeded;
    default:
      return Code::kInternal;
  }
}

// Takes the message out of any protocol's error body.
std::string MessageOf(const fetch::FetchResponse& response) {
  try {
    const Json body = ParseJson(response.body);
    for (const char* key : {"message", "error"})
      if (const Json* text = body.Find(key); text != nullptr && text->is_string())
        return text->AsString();
  } catch (const Error&) {
    // Not JSON: the text itself is the message.
  }
  return response.body.substr(0, 500);
}

}  // namespace

Client::Client(std::string uri, ClientOptions options)
    : options_(std::move(options)),
      uri_(std::move(uri)),
      authorization_(AuthorizationFromEnvironment()) {
  while (uri_.ends_with('/')) uri_.pop_back();
  address_ = uri_;
  // libcurl sends a user and password that stand in the address.
  const size_t start = uri_.find("://") + 3;
  const size_t end = uri_.find('@');
  if (end != std::string::npos && end > start && end < uri_.find('/', start)) {
    authorization_.clear();
    uri_.erase(start, end + 1 - start);
  }
}

std::string Client::Url(const std::string& path, const Query& query) const {
  std::string url = address_ + path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    url += separator + fetch::PercentEncode(name) + "=" + fetch::PercentEncode(value);
    separator = '&';
  }
  return url;
}

fetch::FetchResponse Client::SendRaw(fetch::FetchRequest request) {
  if (!request.url.starts_with("http")) request.url = address_ + request.url;
  request.stop = options_.stop;
  if (!authorization_.empty()) request.headers.emplace_back("Authorization", authorization_);
  if (calls_made_.fetch_add(1) < kCallsWithoutCurl && fetch::IsForLoopback(request)) {
    try {
      auto response = fetch::AskLoopback(request);
      if (request.retries == 0 || !fetch::IsRetriedStatus(response.status)) return response;
    } catch (const Error& error) {
      if (request.retries == 0 || error.code() != Code::kUnavailable) throw;
    }
  }
  return fetch_.Fetch(request);
}

fetch::FetchResponse Client::Send(fetch::FetchRequest request) {
  auto response = SendRaw(std::move(request));
  if (response.status >= 400) throw Error(CodeOfStatus(response.status), MessageOf(response));
  return response;
}

std::string Client::GetText(const std::string& path, const Query& query) {
  return Send({.url = Url(path, query), .timeout_ms = options_.call_timeout_ms, .retries = 2}).body;
}

Json Client::Get(const std::string& path, const Query& query) {
  return ParseJson(GetText(path, query));
}

namespace {

fetch::FetchRequest JsonRequest(std::string method, std::string url, const Json& body,
                                int64_t timeout_ms) {
  return {.method = std::move(method),
          .url = std::move(url),
          .headers = {{"Content-Type", "application/json"}},
          .body = body.Dump(),
          .timeout_ms = timeout_ms};
}

// The SHA-256 of the file that an answer carries, as hex (RFC 9530); "" where it does not say.
std::string Sha256Of(const fetch::FetchResponse& head) {
  constexpr std::string_view kBegin = "sha-256=:";
  std::string_view text = head.Header("Repr-Digest");
  const size_t begin = text.find(kBegin);
  if (head.status != 200 || begin == std::string_view::npos) return "";
  text.remove_prefix(begin + kBegin.size());
  return ToHex(Base64Decode(text.substr(0, text.find(':'))));
}

Json BodyOf(const fetch::FetchResponse& response) {
  return response.body.empty() ? Json::MakeObject() : ParseJson(response.body);
}

}  // namespace

Json Client::Post(const std::string& path, const Json& body) {
  return BodyOf(Send(JsonRequest("POST", Url(path, {}), body, options_.call_timeout_ms)));
}

Json Client::Patch(const std::string& path, const Json& body) {
  return BodyOf(Send(JsonRequest("PATCH", Url(path, {}), body, options_.call_timeout_ms)));
}

Json Client::Delete(const std::string& path, const Json& body) {
  return BodyOf(Send(JsonRequest("DELETE", Url(path, {}), body, options_.call_timeout_ms)));
}

Json Client::Upload(const std::string& path, const std::filesystem::path& file,
                    const Query& query) {
  return BodyOf(Send({.method = "PUT",
                      .url = Url(path, query),
                      .headers = {{"Content-Type", "application/octet-stream"}},
                      .body_file = file.string(),
                      .timeout_ms = kTransferTimeoutMs}));
}

void Client::Download(const std::string& path, const std::filesystem::path& target,
                      const std::function<void(uint64_t)>& progress) {
  auto part = target;
  part += ".part";
  std::filesystem::create_directories(target.parent_path());
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  uint64_t bytes = 0;
  Digest digest(Digest::Kind::kSha256);
  std::string wanted;
  fetch::FetchRequest request{.url = Url(path, {}), .timeout_ms = kTransferTimeoutMs};
  request.stall_timeout_ms = options_.stall_timeout_ms;
  request.body_bytes_max = UINT64_MAX;
  request.on_head = [&](const fetch::FetchResponse& head) { wanted = Sha256Of(head); };
  request.on_body = [&](std::string_view piece) {
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    if (!wanted.empty()) digest.Update(piece);
    bytes += piece.size();
    if (progress) progress(bytes);
    return out.good();
  };
  Send(std::move(request));
  out.close();
  if (!out) throw ResourceExhausted("Cannot write {}", part.string());
  if (!wanted.empty() && digest.FinishHex() != wanted) {
    std::filesystem::remove(part);
    throw Internal("{} did not come as the server has it: its SHA-256 is another", path);
  }
  std::filesystem::rename(part, target);
}

Json Client::MlflowGet(const std::string& route, const Query& query) {
  return Get("/api/2.0/mlflow/" + route, query);
}

Json Client::MlflowPost(const std::string& route, const Json& body) {
  return Post("/api/2.0/mlflow/" + route, body);
}

bool Client::WaitUntilReady(int64_t timeout_ms) {
  const int64_t deadline_us = MonotonicUs() + timeout_ms * 1000;
  do {
    try {
      if (SendRaw({.url = "/health", .timeout_ms = 1000}).status == 200) return true;
    } catch (const Error&) {
      // It does not listen yet.
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kReadyProbeMs));
  } while (MonotonicUs() < deadline_us);
  return false;
}

}  // namespace millwright::client
