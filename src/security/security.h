#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "security/principal.h"
#include "security/secret.h"
#include "storage/database.h"

namespace millwright::security {

// Off: everybody who reaches the port may do everything. Basic: users with passwords (HTTP Basic,
// as MLflow's clients send it) and bearer tokens.
enum class Mode { kOff, kBasic };
// Reads "off" or "basic". Throws kInvalidArgument.
Mode ParseMode(std::string_view text);

struct SecurityOptions {
  Mode mode = Mode::kOff;
  PasswordCost cost;
  // How long a checked credential is believed without asking the database again; a change made on
  // another server is seen after this.
  int64_t cache_ms = 60'000;
};

// Principals, their roles and tokens, and the check of who calls. Thread-safe. Each change is an
// event in the same transaction; `who` is the principal that makes it.
class Security {
 public:
  Security(storage::Database& database, events::EventLog& events, const Clock& clock,
           const SecurityOptions& options);
  ~Security();

  Mode mode() const;

  // Says who sends this Authorization header ("Basic …", "Bearer …" or none). Throws
  // kUnauthenticated when credentials are needed and absent or wrong; which of name and password is
  // wrong is not told, nor to be seen from the time it takes. Costs a password hash the first time
  // and a lookup in memory after that.
  Identity Authenticate(std::optional<std::string_view> authorization);
  // Says the same where it is known without a password hash and without the database: when nothing
  // is checked, or the credential was found right a short while ago. Nothing otherwise.
  std::optional<Identity> AuthenticateAtOnce(std::optional<std::string_view> authorization) const;

  // Makes the first admin when there is no principal yet; with no password then throws
  // kFailedPrecondition saying where to give one. Nothing in mode off.
  void EnsureFirstAdmin(const std::string& name, const std::optional<std::string>& password);

  // Throws kAlreadyExists for a name that is taken.
  Principal CreateUser(const std::string& name, const std::string& password, Role role,
                       const std::string& who);
  Principal GetUser(const std::string& name) const;
  // Users with names after `after`, in the order of their names, at most `limit` (1…1000).
  std::vector<Principal> ListUsers(const std::string& after, int limit) const;
  void SetPassword(const std::string& name, const std::string& password, const std::string& who);
  // Replaces all roles by one. The last admin keeps that role: kFailedPrecondition.
  Principal SetRole(const std::string& name, Role role, const std::string& who);
  // Removes a user and all its tokens; not the last admin.
  void DeleteUser(const std::string& name, const std::string& who);

  // Issues a token; `expires_ms` must lie ahead. The secret is in the answer and nowhere else.
  NewToken CreateToken(const std::string& principal, const std::string& name,
                       std::optional<int64_t> expires_ms, const std::string& who);
  // The tokens of a principal, of all for "", newest first, at most kTokensPageMax.
  std::vector<Token> ListTokens(const std::string& principal) const;
  // Whose token it is. Throws kNotFound.
  std::string TokenOwner(const TokenId& id) const;
  void DeleteToken(const TokenId& id, const std::string& who);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millwright::security
