#include "blob/s3_options.h"

#include <map>

#include "base/error.h"
#include "base/file.h"

namespace millwright::blob {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr size_t kBucketBytesMin = 3;
constexpr size_t kBucketBytesMax = 63;

std::string FirstSet(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = environment(name); value != nullptr && *value != '\0') return value;
  return "";
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The values of one section of a credentials file.
std::map<std::string, std::string> Section(std::string_view text, std::string_view wanted) {
  std::map<std::string, std::string> values;
  bool inside = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = line.back() == ']' && Trimmed(line.substr(1, line.size() - 2)) == wanted;
      continue;
    }
    const size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    values.emplace(Trimmed(line.substr(0, equals)), Trimmed(line.substr(equals + 1)));
  }
  return values;
}

Credentials FromFile(const S3Options& options, const Environment& environment) {
  std::string file = options.credentials_file;
  if (file.empty()) file = FirstSet(environment, {"AWS_SHARED_CREDENTIALS_FILE"});
  const bool named = !file.empty();
  if (!named) {
    const std::string home = FirstSet(environment, {"HOME"});
    if (home.empty()) return {};
    file = home + "/.aws/credentials";
  }
  std::string text;
  try {
    text = ReadFile(file);
  } catch (const Error&) {
    if (named) throw;
    return {};
  }
  std::string profile = FirstSet(environment, {"AWS_PROFILE"});
  auto values = Section(text, profile.empty() ? "default" : profile);
  return {values["aws_access_key_id"], values["aws_secret_access_key"],
          values["aws_session_token"]};
}

Credentials FindCredentials(const S3Options& given, const Environment& environment) {
  if (!given.credentials.access_key.empty()) return given.credentials;
  const std::string access_key = FirstSet(environment, {"AWS_ACCESS_KEY_ID"});
  if (given.credentials_file.empty() && !access_key.empty())
    return {access_key, FirstSet(environment, {"AWS_SECRET_ACCESS_KEY"}),
            FirstSet(environment, {"AWS_SESSION_TOKEN"})};
  return FromFile(given, environment);
}

// Keys of a role travel in the clear over plain HTTP, so these must not leave the machine or the
// link to the services of its container.
bool IsFitForKeys(const std::string& url) {
  if (url.starts_with("https://")) return true;
  for (const char* host :
       {"localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"}) {
    const std::string beginning = std::string("http://") + host;
    if (!url.starts_with(beginning)) continue;
    const char next = url.size() == beginning.size() ? '/' : url[beginning.size()];
    if (next == '/' || next == ':' || next == '?') return true;
  }
  return false;
}

RoleSource ContainerRole(const std::string& url, const Environment& environment) {
  if (!IsFitForKeys(url))
    throw InvalidArgument(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor a service of this machine: {}",
        url);
  return {.kind = RoleSource::Kind::kContainer,
          .url = url,
          .token = FirstSet(environment, {"AWS_CONTAINER_AUTHORIZATION_TOKEN"}),
          .token_file = FirstSet(environment, {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"})};
}

RoleSource FindRole(const std::string& region, const Environment& environment) {
  const std::string token_file = FirstSet(environment, {"AWS_WEB_IDENTITY_TOKEN_FILE"});
  const std::string role = FirstSet(environment, {"AWS_ROLE_ARN"});
  if (!token_file.empty() && !role.empty()) {
    std::string url = FirstSet(environment, {"AWS_ENDPOINT_URL_STS"});
    if (url.empty()) url = "https://sts." + region + ".amazonaws.com/";
    std::string session = FirstSet(environment, {"AWS_ROLE_SESSION_NAME"});
    if (session.empty()) session = "millwright";
    return {.kind = RoleSource::Kind::kWebIdentity,
            .url = url,
            .token_file = token_file,
            .role = role,
            .session = session};
  }
  const std::string relative = FirstSet(environment, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"});
  if (!relative.empty()) return ContainerRole("http://169.254.170.2" + relative, environment);
  const std::string full = FirstSet(environment, {"AWS_CONTAINER_CREDENTIALS_FULL_URI"});
  if (!full.empty()) return ContainerRole(full, environment);
  if (FirstSet(environment, {"AWS_EC2_METADATA_DISABLED"}) == "true") return {};
  std::string url = FirstSet(environment, {"AWS_EC2_METADATA_SERVICE_ENDPOINT"});
  if (url.empty()) url = "http://169.254.169.254";
  while (url.ends_with('/')) url.pop_back();
  return {.kind = RoleSource::Kind::kInstance, .url = url};
}

void CheckBucket(std::string_view bucket, const std::string& uri) {
  if (!bucket.empty() && (bucket.size() < kBucketBytesMin || bucket.size() > kBucketBytesMax)) {
    throw InvalidArgument("A bucket's name has {} to {} characters, not {}: {}", kBucketBytesMin,
                          kBucketBytesMax, bucket.size(), uri);
  }
  const bool fits = bucket.size() >= kBucketBytesMin && bucket.size() <= kBucketBytesMax &&
                    bucket.find_first_not_of(
                        "abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == std::string_view::npos;
  if (!fits) throw InvalidArgument("Not the address of a bucket (s3://bucket/prefix): {}", uri);
}

}  // namespace

Error NoCredentials(const std::string& uri) {
  return InvalidArgument(
      "No credentials for {}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a credentials "
      "file, or run where a role is given",
      uri);
}

S3Style ParseS3Style(std::string_view name) {
  if (name == "auto") return S3Style::kAuto;
  if (name == "path") return S3Style::kPath;
  if (name == "virtual") return S3Style::kVirtual;
  throw InvalidArgument("The style of S3 addresses is auto, path or virtual: {}", name);
}

bool IsS3Uri(std::string_view uri) {
  return uri.starts_with(kScheme);
}

S3Options CompleteS3Options(const std::string& uri, S3Options given,
                            const Environment& environment) {
  if (!IsS3Uri(uri)) throw InvalidArgument("Not the address of a bucket: {}", uri);
  std::string_view rest = std::string_view(uri).substr(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  given.bucket = rest.substr(0, slash);
  CheckBucket(given.bucket, uri);
  rest.remove_prefix(slash);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  given.prefix = rest;
  if (given.endpoint.empty())
    given.endpoint = FirstSet(
        environment, {"MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  if (given.region.empty())
    given.region = FirstSet(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (given.region.empty()) given.region = "us-east-1";
  if (given.style == S3Style::kAuto)
    given.style = given.endpoint.empty() && given.bucket.find('.') == std::string::npos
                      ? S3Style::kVirtual
                      : S3Style::kPath;
  if (given.endpoint.empty()) given.endpoint = "https://s3." + given.region + ".amazonaws.com";
  if (!given.endpoint.starts_with("http://") && !given.endpoint.starts_with("https://"))
    throw InvalidArgument("An S3 endpoint begins with http:// or https://: {}", given.endpoint);
  while (given.endpoint.ends_with('/')) given.endpoint.pop_back();
  given.credentials = FindCredentials(given, environment);
  const bool has_keys =
      !given.credentials.access_key.empty() && !given.credentials.secret_key.empty();
  if (!has_keys) {
    given.credentials = {};
    given.role = FindRole(given.region, environment);
  }
  if (!has_keys && given.role.kind == RoleSource::Kind::kNone) throw NoCredentials(uri);
  return given;
}

}  // namespace millwright::blob
