#include "blob/role_credentials.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "blob/xml_element.h"

namespace millwright::blob {
namespace {

// New keys are asked for when the old ones have this long to go, so that a request that is signed
// now is still good when it arrives, and a service that is away for a while does no harm.
constexpr int64_t kRenewBeforeMs = 5 * 60'000;
constexpr int64_t kAskAgainMs = 10'000;  // after an attempt that failed
constexpr int64_t kTimeoutMs = 5'000;
constexpr int64_t kConnectTimeoutMs = 1'000;  // the services are on this machine or beside it
constexpr uint64_t kAnswerBytesMax = 1 << 20;

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

void RequireKeys(const Credentials& credentials) {
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    throw Unavailable("The answer holds no keys");
}

// What instances and containers answer; the names of the fields are AWS's.
void ReadAnswer(const std::string& body, Credentials* credentials, int64_t* expires_ms) {
  const Json answer = ParseJson(body);
  *credentials = {answer.GetString("AccessKeyId"), answer.GetString("SecretAccessKey"),
                  answer.GetString("Token")};
  RequireKeys(*credentials);
  *expires_ms = ParseTime(answer.GetString("Expiration"));
}

}  // namespace

// Instances and containers are asked past any proxy, which would ask its own machine.
RoleCredentials::RoleCredentials(RoleSource source, const Clock& clock)
    : source_(std::move(source)),
      clock_(clock),
      client_(source_.kind == RoleSource::Kind::kWebIdentity
                  ? fetch::Client()
                  : fetch::Client([](const auto&, const auto&) { return true; })) {}

Credentials RoleCredentials::Get() {
  const std::lock_guard lock(mutex_);
  const int64_t now_ms = clock_.NowMs();
  const bool good = now_ms < now_.expires_ms;
  const bool fresh = now_ms < now_.expires_ms - kRenewBeforeMs;
  if (fresh || (good && now_ms < ask_after_ms_)) return now_.credentials;
  try {
    now_ = FetchNew();
  } catch (const Error& error) {
    ask_after_ms_ = now_ms + kAskAgainMs;
    if (!good) throw Unavailable("No keys from {}: {}", source_.url, error.message());
    Log(LogLevel::kWarning, "blob", "the keys of the role could not be renewed yet",
        {{"source", source_.url}, {"error", error.message()}});
  }
  return now_.credentials;
}

RoleCredentials::Fetched RoleCredentials::FetchNew() {
  switch (source_.kind) {
    case RoleSource::Kind::kInstance:
      return FromInstance();
    case RoleSource::Kind::kContainer:
      return FromContainer();
    case RoleSource::Kind::kWebIdentity:
      return FromWebIdentity();
    case RoleSource::Kind::kNone:
      break;
  }
  throw Unavailable("This machine has no role");
}

std::string RoleCredentials::Ask(fetch::FetchRequest request) {
  request.timeout_ms = kTimeoutMs;
  request.connect_timeout_ms = kConnectTimeoutMs;
  request.body_bytes_max = kAnswerBytesMax;
  request.retries = 1;
  auto response = client_.Fetch(request);
  if (response.status != 200) throw Unavailable("Status {}", response.status);
  return std::move(response.body);
}

RoleCredentials::Fetched RoleCredentials::FromInstance() {
  const std::string token = Ask({.method = "PUT",
                                 .url = source_.url + "/latest/api/token",
                                 .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}}});
  const auto get = [&](const std::string& path) {
    return Ask({.url = source_.url + path, .headers = {{"X-aws-ec2-metadata-token", token}}});
  };
  const std::string roles = "/latest/meta-data/iam/security-credentials/";
  const std::string listed = get(roles);
  const std::string role = Trimmed(listed.substr(0, listed.find('\n')));
  Fetched fetched;
  ReadAnswer(get(roles + fetch::PercentEncode(role)), &fetched.credentials, &fetched.expires_ms);
  return fetched;
}

RoleCredentials::Fetched RoleCredentials::FromContainer() {
  const std::string token =
      source_.token_file.empty() ? source_.token : Trimmed(ReadFile(source_.token_file));
  fetch::FetchRequest request{.url = source_.url};
  if (token.find_first_of("\r\n") != std::string::npos)
    throw Unavailable("The token for it has more than one line");
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  Fetched fetched;
  ReadAnswer(Ask(std::move(request)), &fetched.credentials, &fetched.expires_ms);
  return fetched;
}

RoleCredentials::Fetched RoleCredentials::FromWebIdentity() {
  const auto field = [](std::string_view name, std::string_view value) {
    return "&" + std::string(name) + "=" + fetch::PercentEncode(value);
  };
  const std::string body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15" +
                           field("RoleArn", source_.role) +
                           field("RoleSessionName", source_.session) +
                           field("WebIdentityToken", Trimmed(ReadFile(source_.token_file)));
  const XmlElement root =
      ParseXml(Ask({.method = "POST",
                    .url = source_.url,
                    .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                    .body = body}));
  const XmlElement* result = root.Find("AssumeRoleWithWebIdentityResult");
  const XmlElement* keys = result == nullptr ? nullptr : result->Find("Credentials");
  if (keys == nullptr) throw Unavailable("The answer holds no keys");
  Fetched fetched{
      {std::string(keys->Text("AccessKeyId")), std::string(keys->Text("SecretAccessKey")),
       std::string(keys->Text("SessionToken"))},
      ParseTime(keys->Text("Expiration"))};
  RequireKeys(fetched.credentials);
  return fetched;
}

}  // namespace millwright::blob
