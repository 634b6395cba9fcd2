#include "blob/s3_client.h"

#include <chrono>
#include <thread>

#include "base/digest.h"
#include "base/error.h"
#include "fetch/retry.h"

namespace millwright::blob {
namespace {

// Of an answer that is held whole: a listing of 1,000 keys of 1,024 bytes, each percent-encoded.
constexpr uint64_t kAnswerBytesMax = 16 << 20;
constexpr size_t kWordsBytesMax = 300;  // of an answer that is quoted

bool IsWorthAnother(int status, std::string_view code) {
  return status == 500 || fetch::IsRetriedStatus(status) || code == "RequestTimeout" ||
         code == "SlowDown" || code == "InternalError" || code == "BadDigest";
}

// What S3 says in the body of an error, as far as it is S3's own form.
XmlElement ErrorOf(const fetch::FetchResponse& response) {
  try {
    XmlElement root = ParseXml(response.body);
    if (root.name == "Error") return root;
  } catch (const Error&) {
    // Proxies answer pages of their own.
  }
  XmlElement other;
  other.text = response.body.substr(0, kWordsBytesMax);
  return other;
}

std::string Words(const S3Call& call, const S3Options& options,
                  const fetch::FetchResponse& response, const XmlElement& error) {
  std::string words =
      fmt::format("{} {} of s3://{}/{}", call.method, call.key, options.bucket, options.prefix);
  words += fmt::format(": status {}", response.status);
  if (!error.Text("Code").empty())
    return words + fmt::format(" {}: {}", error.Text("Code"), error.Text("Message"));
  return error.text.empty() ? words : words + ": " + error.text;
}

}  // namespace

S3Client::S3Client(S3Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), role_(options_.role, clock) {
  const size_t host_at = options_.endpoint.find("://") + 3;
  scheme_ = options_.endpoint.substr(0, host_at);
  const size_t slash = std::min(options_.endpoint.find('/', host_at), options_.endpoint.size());
  host_ = options_.endpoint.substr(host_at, slash - host_at);
  base_path_ = options_.endpoint.substr(slash);
  if (options_.style == S3Style::kVirtual) {
    host_ = options_.bucket + "." + host_;
  } else {
    base_path_ += "/" + options_.bucket;
  }
}

Credentials S3Client::CurrentCredentials() const {
  return options_.credentials.access_key.empty() ? role_.Get() : options_.credentials;
}

std::string S3Client::FullKey(const std::string& key) const {
  if (options_.prefix.empty()) return key;
  return key.empty() ? options_.prefix : options_.prefix + "/" + key;
}

std::pair<std::string, std::string> S3Client::Place(const std::string& key) const {
  if (key.empty()) return {host_, base_path_.empty() ? "/" : base_path_};
  return {host_, base_path_ + "/" + FullKey(key)};
}

std::string S3Client::UrlOf(const SignableRequest& request, const std::string& host) const {
  std::string url = scheme_ + host + fetch::PercentEncode(request.path, fetch::Slashes::kKeep);
  const std::string query = CanonicalQuery(request.query);
  return query.empty() ? url : url + "?" + query;
}

fetch::FetchRequest S3Client::Signed(const S3Call& call) const {
  const auto [host, path] = Place(call.key);
  SignableRequest request{call.method, path, call.query, call.headers};
  const std::string payload = Sha256Hex(call.body);
  request.headers.emplace_back("Host", host);
  request.headers.emplace_back("X-Amz-Content-Sha256", payload);
  SignHeaders(CurrentCredentials(), {options_.region, "s3", clock_.NowMs()}, payload, &request);
  return {.method = call.method,
          .url = UrlOf(request, host),
          .headers = std::move(request.headers),
          .body = call.body,
          .on_head = call.on_head,
          .on_body = call.on_body,
          .timeout_ms = 0,
          .connect_timeout_ms = options_.connect_timeout_ms,
          .stall_timeout_ms =
              call.answers_error_late ? options_.work_timeout_ms : options_.stall_timeout_ms,
          .body_bytes_max = call.on_body ? UINT64_MAX : kAnswerBytesMax};
}

std::optional<XmlElement> S3Client::FindError(const S3Call& call,
                                              const fetch::FetchResponse& response) const {
  if (response.status == 404) {
    XmlElement error = ErrorOf(response);
    // Any other thing that is missing would make all that follows look empty.
    if (error.Text("Code") == "NoSuchBucket") return error;
    return std::nullopt;
  }
  if (response.status / 100 != 2) return ErrorOf(response);
  if (!call.answers_error_late) return std::nullopt;
  XmlElement root = ErrorOf(response);
  if (root.name == "Error" || response.body.empty()) return root;
  return std::nullopt;
}

fetch::FetchResponse S3Client::Call(const S3Call& call) {
  for (int attempt = 1;; ++attempt) {
    bool delivered = false;
    fetch::FetchRequest request = Signed(call);
    if (call.on_body)
      request.on_body = [&](std::string_view bytes) {
        delivered = true;
        return call.on_body(bytes);
      };
    std::string retry_after;
    try {
      fetch::FetchResponse response = client_.Fetch(request);
      const auto error = FindError(call, response);
      if (!error) return response;
      const std::string words = Words(call, options_, response, *error);
      if (!IsWorthAnother(response.status, error->Text("Code")))
        throw Internal("The artifact store refused: {}", words);
      if (attempt >= options_.attempts_max)
        throw Unavailable("The artifact store does not answer: {}", words);
      retry_after = response.Header("Retry-After");
    } catch (const Error& error) {
      const bool lost =
          error.code() == Code::kUnavailable || error.code() == Code::kDeadlineExceeded;
      if (!lost || delivered || attempt >= options_.attempts_max) throw;
    }
    const int64_t pause_ms = fetch::RetryDelayMs(attempt, retry_after) * options_.first_retry_ms /
                             fetch::kFirstRetryDelayMs;
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
  }
}

std::string S3Client::Presign(const S3Call& call, int64_t expires_s) const {
  const auto [host, path] = Place(call.key);
  SignableRequest request{call.method, path, call.query, {{"Host", host}}};
  SignQuery(CurrentCredentials(), {options_.region, "s3", clock_.NowMs()}, kUnsignedPayload,
            expires_s, &request);
  return UrlOf(request, host);
}

}  // namespace millwright::blob
