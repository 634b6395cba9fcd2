#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "blob/sigv4.h"
#include "fetch/client.h"

namespace millwright::blob {

// Where the keys of a role are asked for, that this machine, its container or its pod has.
struct RoleSource {
  enum class Kind {
    kNone,
    kInstance,     // of an EC2 instance, by the second version of its metadata service
    kContainer,    // of an ECS task or an EKS pod, by the address in its environment
    kWebIdentity,  // of whoever has a token of a trusted identity provider, by AWS's STS
  };
  Kind kind = Kind::kNone;
  std::string url;         // of the service, without a slash at its end for an instance
  std::string token;       // of a container: what goes into Authorization; may be empty
  std::string token_file;  // read anew at each call, for it changes; may be empty
  std::string role;        // of a web identity: its ARN
  std::string session;     // of a web identity: a name in AWS's own log
};

// Keys of a role, which end after some hours: fetched when they are first asked for and again
// before they end. Thread-safe; one thread asks while others wait for it.
class RoleCredentials {
 public:
  RoleCredentials(RoleSource source, const Clock& clock);

  // Throws kUnavailable when there are none, and none that are still good.
  Credentials Get();

 private:
  struct Fetched {
    Credentials credentials;
    int64_t expires_ms = 0;
  };
  Fetched FetchNew();
  Fetched FromInstance();
  Fetched FromContainer();
  Fetched FromWebIdentity();
  // The body of a 200 answer.
  std::string Ask(fetch::FetchRequest request);

  const RoleSource source_;
  const Clock& clock_;
  fetch::Client client_;
  std::mutex mutex_;
  Fetched now_;               // under mutex_
  int64_t ask_after_ms_ = 0;  // under mutex_: not again before
};

}  // namespace millwright::blob
