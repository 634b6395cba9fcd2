#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "blob/s3_options.h"
#include "blob/xml_element.h"
#include "fetch/client.h"

namespace millwright::blob {

struct S3Call {
  std::string method = "GET";
  std::string key;    // without the store's prefix; "" calls the bucket itself
  NamedValues query;  // decoded
  NamedValues headers;
  std::string body;
  // As in fetch::FetchRequest: nothing is repeated once the first piece was delivered.
  std::function<void(const fetch::FetchResponse&)> on_head = {};
  std::function<bool(std::string_view)> on_body = {};
  bool answers_error_late =
      false;  // whether a 200 may hold an error, as of CompleteMultipartUpload
};

// Calls one bucket: signs, tries again what S3 may do better next time (500, 502, 503, 504, 429,
// RequestTimeout, lost connections), and makes errors of the rest. Thread-safe.
class S3Client {
 public:
  S3Client(S3Options options, const Clock& clock);

  // Returns a 2xx or a 404 answer, for which the caller has a meaning. Throws kUnavailable when no
  // attempt got through, kInternal for what S3 refuses.
  fetch::FetchResponse Call(const S3Call& call);
  // A URL by which anybody may make this call for a while; headers are not part of it.
  std::string Presign(const S3Call& call, int64_t expires_s) const;

  // Throws kUnavailable where the keys are those of a role and there are none.
  Credentials CurrentCredentials() const;
  const S3Options& options() const { return options_; }
  // The key below the store's prefix.
  std::string FullKey(const std::string& key) const;

 private:
  // Host header and path of a key.
  std::pair<std::string, std::string> Place(const std::string& key) const;
  std::string UrlOf(const SignableRequest& request, const std::string& host) const;
  fetch::FetchRequest Signed(const S3Call& call) const;
  // Why an answer is not what was asked for; nothing for good ones and for 404.
  std::optional<XmlElement> FindError(const S3Call& call,
                                      const fetch::FetchResponse& response) const;

  const S3Options options_;
  const Clock& clock_;
  std::string scheme_;     // "https://"
  std::string host_;       // with the port, the bucket's where the style says so
  std::string base_path_;  // of the endpoint, and the bucket where the style says so
  fetch::Client client_;
  mutable RoleCredentials role_;
};

}  // namespace millwright::blob
