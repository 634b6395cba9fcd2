#include "security/security.h"

#include <algorithm>
#include <mutex>
#include <semaphore>
#include <unordered_map>

#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "security/credential_cache.h"
#include "security/sql.h"

namespace millwright::security {
namespace {

using storage::Connection;
using storage::Row;

constexpr std::string_view kTokenPrefix = "mwt_";
constexpr size_t kTokenIdSize = 12;
// Password hashes at a time: each takes 19 MB and a core for 60 ms, whoever asks for it.
constexpr int kHashesAtOnce = 2;
// Failed logins of one name become one event in this time; their number is in its payload.
constexpr int64_t kFailureEventMs = 60'000;
constexpr size_t kFailuresMax = 1024;

// A principal's row with its password, which does not leave this file.
struct StoredPrincipal {
  Principal principal;
  std::string password_hash;
};

// Reads rows of a principal joined with its roles; several roles mean several rows.
std::vector<StoredPrincipal> ReadPrincipals(const std::vector<Row>& rows) {
  std::vector<StoredPrincipal> all;
  for (const Row& row : rows) {
    if (all.empty() || all.back().principal.id != row.Int(0))
      all.push_back({{row.Int(0), row.Text(1), std::nullopt, row.Int(3), row.Int(4)},
                     row.OptionalText(2).value_or("")});
    auto& role = all.back().principal.role;
    if (row.IsNull(5)) continue;
    const Role granted = ParseRole(row.Text(5));
    role = role ? std::max(*role, granted) : granted;
  }
  return all;
}

std::optional<StoredPrincipal> FindPrincipal(Connection& connection, const std::string& name) {
  auto found = ReadPrincipals(connection.Select(sql::kSelectPrincipal, {name}));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Principal NeedPrincipal(Connection& connection, const std::string& name) {
  auto found = FindPrincipal(connection, name);
  if (!found) throw NotFound("User", name);
  return std::move(found->principal);
}

std::string UserSubject(const std::string& name) {
  return "user:" + name;
}

// Splits "Basic dXNlcjpwYXNz" into name and password.
std::optional<std::pair<std::string, std::string>> ParseBasic(std::string_view text) {
  std::string decoded;
  try {
    decoded = Base64Decode(text);
  } catch (const Error&) {
    return std::nullopt;  // not Base64: no credentials then
  }
  const size_t colon = decoded.find(':');
  if (colon == std::string::npos) return std::nullopt;
  return std::pair(decoded.substr(0, colon), decoded.substr(colon + 1));
}

// The rest of "Scheme rest" when the scheme is the wanted one, in any case.
std::optional<std::string_view> AfterScheme(std::string_view text, std::string_view scheme) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (text.size() <= scheme.size() || text[scheme.size()] != ' ') return std::nullopt;
  for (size_t i = 0; i < scheme.size(); ++i)
    if (lower(text[i]) != lower(scheme[i])) return std::nullopt;
  text.remove_prefix(scheme.size() + 1);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

}  // namespace

Mode ParseMode(std::string_view text) {
  if (text == "off") return Mode::kOff;
  if (text == "basic") return Mode::kBasic;
  throw InvalidArgument("Unknown authentication mode: {} (off or basic)", text).WithField("mode");
}

struct Security::Impl {
  storage::Database& database;
  events::EventLog& events;
  const Clock& clock;
  const SecurityOptions options;
  CredentialCache cache{};
  // Compared with when there is no such user, so that this takes as long as a wrong password.
  const std::string nobody_hash =
      options.mode == Mode::kOff ? "" : HashPassword(NewSecret(), options.cost);
  std::counting_semaphore<kHashesAtOnce> hashing{kHashesAtOnce};
  std::mutex failures_mutex{};
  struct Failures {
    int64_t since_event = 0;
    int64_t event_ms = 0;
  };
  std::unordered_map<std::string, Failures> failures{};

  std::string Hash(const std::string& password) {
    hashing.acquire();
    std::string hash;
    try {
      hash = HashPassword(password, options.cost);
    } catch (const Error&) {
      hashing.release();
      throw;
    }
    hashing.release();
    return hash;
  }

  bool Matches(const std::string& hash, const std::string& password) {
    hashing.acquire();
    const bool matches = PasswordMatches(hash, password);
    hashing.release();
    return matches;
  }

  std::optional<Identity> CheckPasswordOf(const std::string& name, const std::string& password) {
    if (password.size() > kPasswordMax || !IsPrincipalName(name)) return std::nullopt;
    const auto stored =
        database.Read([&](Connection& connection) { return FindPrincipal(connection, name); });
    const bool known = stored && !stored->password_hash.empty();
    const bool matches = Matches(known ? stored->password_hash : nobody_hash, password);
    if (!known || !matches) return std::nullopt;
    return Identity{name, true, stored->principal.role};
  }

  // `until_ms` is lowered to the token's end.
  std::optional<Identity> CheckToken(std::string_view text, int64_t* until_ms) {
    if (!text.starts_with(kTokenPrefix)) return std::nullopt;
    text.remove_prefix(kTokenPrefix.size());
    if (text.size() <= kTokenIdSize || text[kTokenIdSize] != '_') return std::nullopt;
    const std::string id(text.substr(0, kTokenIdSize));
    const std::string hash = Sha256Hex(text.substr(kTokenIdSize + 1));
    const auto rows = database.Read(
        [&](Connection& connection) { return connection.Select(sql::kSelectToken, {id}); });
    if (rows.empty() || !EqualsSafely(rows[0].Text(0), hash)) return std::nullopt;
    if (const auto expires_ms = rows[0].OptionalInt(1)) {
      if (*expires_ms <= clock.NowMs()) return std::nullopt;
      *until_ms = std::min(*until_ms, *expires_ms);
    }
    Identity identity{rows[0].Text(2), true, std::nullopt, rows[0].Text(4) + " (" + id + ")"};
    for (const Row& row : rows) {
      if (row.IsNull(3)) continue;
      const Role role = ParseRole(row.Text(3));
      identity.role = identity.role ? std::max(*identity.role, role) : role;
    }
    return identity;
  }

  void RecordFailure(const std::string& stated_name) {
    // What is no name is not copied into the log, where it could pass for something else.
    const std::string name = IsPrincipalName(stated_name) ? stated_name : "(not a name)";
    int64_t count = 0;
    {
      std::lock_guard lock(failures_mutex);
      if (failures.size() >= kFailuresMax) failures.clear();
      Failures& of_name = failures[name];
      ++of_name.since_event;
      const int64_t now_ms = clock.NowMs();
      if (of_name.event_ms != 0 && now_ms < of_name.event_ms + kFailureEventMs) return;
      of_name.event_ms = now_ms;
      count = std::exchange(of_name.since_event, 0);
    }
    Log(LogLevel::kWarning, "security", "Authentication failed", {{"user", name}});
    database.Write([&](Connection& connection) {
      events.Append(connection, "login.failed", UserSubject(name), name,
                    Json::Of({{"failures", count}}));
    });
  }

  // Throws unless another admin remains when this one goes.
  void NeedAnotherAdmin(Connection& connection, const Principal& principal) {
    if (principal.role != Role::kAdmin) return;
    connection.Execute(sql::kLockAdmins);
    const auto others = connection.SelectOne(sql::kCountOtherAdmins, {principal.id});
    if (others->Int(0) == 0)
      throw FailedPrecondition("{} is the last admin and stays one", principal.name);
  }

  void Grant(Connection& connection, const Principal& principal, Role role,
             const std::string& who) {
    connection.Execute(sql::kDeleteRoles, {principal.id});
    connection.Execute(sql::kInsertRole,
                       {principal.id, std::string(RoleName(role)), clock.NowMs(), who});
    events.Append(connection, "role.granted", UserSubject(principal.name), who,
                  Json::Of({{"role", RoleName(role)}}));
  }
};

Security::Security(storage::Database& database, events::EventLog& events, const Clock& clock,
                   const SecurityOptions& options)
    : impl_(new Impl{database, events, clock, options}) {}
Security::~Security() = default;

Mode Security::mode() const {
  return impl_->options.mode;
}

std::optional<Identity> Security::AuthenticateAtOnce(
    std::optional<std::string_view> authorization) const {
  const std::string_view text = authorization.value_or("");
  if (impl_->options.mode != Mode::kOff) return impl_->cache.Find(text, impl_->clock.NowMs());
  Identity identity;
  identity.role = Role::kAdmin;
  const auto basic = AfterScheme(text, "Basic");
  const auto credentials = basic ? ParseBasic(*basic) : std::nullopt;
  if (credentials && IsPrincipalName(credentials->first)) identity.name = credentials->first;
  return identity;
}

Identity Security::Authenticate(std::optional<std::string_view> authorization) {
  if (auto known = AuthenticateAtOnce(authorization)) return std::move(*known);
  const std::string_view text = authorization.value_or("");
  if (text.empty()) throw Unauthenticated("You are not authenticated: send a user and password");
  const auto basic = AfterScheme(text, "Basic");
  const auto credentials = basic ? ParseBasic(*basic) : std::nullopt;

  const int64_t now_ms = impl_->clock.NowMs();
  const int64_t generation = impl_->cache.generation();
  int64_t until_ms = now_ms + impl_->options.cache_ms;
  std::optional<Identity> identity;
  if (credentials) {
    identity = impl_->CheckPasswordOf(credentials->first, credentials->second);
  } else if (const auto bearer = AfterScheme(text, "Bearer")) {
    identity = impl_->CheckToken(*bearer, &until_ms);
  }
  if (!identity) {
    impl_->RecordFailure(credentials ? credentials->first : "(token)");
    throw Unauthenticated("You are not authenticated: wrong user, password or token");
  }
  impl_->cache.Keep(text, *identity, until_ms, generation);
  return std::move(*identity);
}

void Security::EnsureFirstAdmin(const std::string& name,
                                const std::optional<std::string>& password) {
  if (impl_->options.mode == Mode::kOff) return;
  const auto count = impl_->database.Read(
      [](Connection& connection) { return connection.SelectOne(sql::kCountPrincipals)->Int(0); });
  if (count > 0) return;
  if (!password)
    throw FailedPrecondition(
        "Authentication is on and there is no user yet: give the first admin's password by "
        "--admin-password-file FILE or MILLWRIGHT_ADMIN_PASSWORD");
  CreateUser(name, *password, Role::kAdmin, "system");
}

Principal Security::CreateUser(const std::string& name, const std::string& password, Role role,
                               const std::string& who) {
  CheckPrincipalName(name);
  CheckPassword(password);
  const std::string hash = impl_->Hash(password);
  Principal made = impl_->database.Write([&](Connection& connection) {
    if (FindPrincipal(connection, name)) throw AlreadyExists("User", name);
    const int64_t now_ms = impl_->clock.NowMs();
    const auto row = connection.SelectOne(sql::kInsertPrincipal, {name, hash, now_ms});
    Principal principal{row->Int(0), name, role, now_ms, now_ms};
    impl_->events.Append(connection, "user.created", UserSubject(name), who,
                         Json::Of({{"role", RoleName(role)}}));
    impl_->Grant(connection, principal, role, who);
    return principal;
  });
  impl_->cache.Clear();
  return made;
}

Principal Security::GetUser(const std::string& name) const {
  return impl_->database.Read(
      [&](Connection& connection) { return NeedPrincipal(connection, name); });
}

std::vector<Principal> Security::ListUsers(const std::string& after, int limit) const {
  if (limit < 1 || limit > kPrincipalsPageMax)
    throw InvalidArgument("limit is 1 to {}", kPrincipalsPageMax).WithField("limit");
  return impl_->database.Read([&](Connection& connection) {
    std::vector<Principal> principals;
    for (auto& stored : ReadPrincipals(
             connection.Select(sql::kSelectPrincipals, {after, static_cast<int64_t>(limit)})))
      principals.push_back(std::move(stored.principal));
    return principals;
  });
}

void Security::SetPassword(const std::string& name, const std::string& password,
                           const std::string& who) {
  CheckPassword(password);
  const std::string hash = impl_->Hash(password);
  impl_->database.Write([&](Connection& connection) {
    if (connection.Execute(sql::kUpdatePassword, {name, hash, impl_->clock.NowMs()}) == 0)
      throw NotFound("User", name);
    impl_->events.Append(connection, "user.updated", UserSubject(name), who,
                         Json::Of({{"changed", "password"}}));
  });
  impl_->cache.Clear();
}

Principal Security::SetRole(const std::string& name, Role role, const std::string& who) {
  Principal changed = impl_->database.Write([&](Connection& connection) {
    Principal principal = NeedPrincipal(connection, name);
    if (role != Role::kAdmin) impl_->NeedAnotherAdmin(connection, principal);
    principal.updated_ms = impl_->clock.NowMs();
    connection.Execute(sql::kTouchPrincipal, {principal.id, principal.updated_ms});
    if (principal.role && *principal.role != role)
      impl_->events.Append(connection, "role.revoked", UserSubject(name), who,
                           Json::Of({{"role", RoleName(*principal.role)}}));
    principal.role = role;
    impl_->Grant(connection, principal, role, who);
    return principal;
  });
  impl_->cache.Clear();
  return changed;
}

void Security::DeleteUser(const std::string& name, const std::string& who) {
  impl_->database.Write([&](Connection& connection) {
    const Principal principal = NeedPrincipal(connection, name);
    impl_->NeedAnotherAdmin(connection, principal);
    connection.Execute(sql::kDeleteTokensOf, {principal.id});
    connection.Execute(sql::kDeleteRoles, {principal.id});
    connection.Execute(sql::kDeletePrincipal, {principal.id});
    impl_->events.Append(connection, "user.deleted", UserSubject(name), who);
  });
  impl_->cache.Clear();
}

NewToken Security::CreateToken(const std::string& principal, const std::string& name,
                               std::optional<int64_t> expires_ms, const std::string& who) {
  if (name.empty() || name.size() > kTokenNameMax)
    throw InvalidArgument("A token's name has 1 to {} bytes", kTokenNameMax).WithField("name");
  const int64_t now_ms = impl_->clock.NowMs();
  if (expires_ms && *expires_ms <= now_ms)
    throw InvalidArgument("A token cannot expire in the past: {}", FormatTime(*expires_ms))
        .WithField("expires_ms");
  const std::string secret = NewSecret();
  const TokenId id(NewHexId().substr(0, kTokenIdSize));
  impl_->database.Write([&](Connection& connection) {
    const Principal owner = NeedPrincipal(connection, principal);
    connection.Execute(sql::kInsertToken, {id.str(), owner.id, name, Sha256Hex(secret), now_ms,
                                           storage::Optional(expires_ms), who});
    impl_->events.Append(connection, "token.created", UserSubject(principal), who,
                         Json::Of({{"token_id", id.str()}, {"name", name}}));
  });
  return {{id, principal, name, now_ms, expires_ms},
          std::string(kTokenPrefix) + id.str() + "_" + secret};
}

std::vector<Token> Security::ListTokens(const std::string& principal) const {
  return impl_->database.Read([&](Connection& connection) {
    std::vector<Token> tokens;
    for (const Row& row :
         connection.Select(sql::kSelectTokens, {principal, int64_t{kTokensPageMax}}))
      tokens.push_back(
          {TokenId(row.Text(0)), row.Text(1), row.Text(2), row.Int(3), row.OptionalInt(4)});
    return tokens;
  });
}

std::string Security::TokenOwner(const TokenId& id) const {
  const auto row = impl_->database.Read([&](Connection& connection) {
    return connection.SelectOne(sql::kSelectTokenOwner, {id.str()});
  });
  if (!row) throw NotFound("Token", id.str());
  return row->Text(0);
}

void Security::DeleteToken(const TokenId& id, const std::string& who) {
  impl_->database.Write([&](Connection& connection) {
    const auto owner = connection.SelectOne(sql::kSelectTokenOwner, {id.str()});
    if (!owner) throw NotFound("Token", id.str());
    connection.Execute(sql::kDeleteToken, {id.str()});
    impl_->events.Append(connection, "token.revoked", UserSubject(owner->Text(0)), who,
                         Json::Of({{"token_id", id.str()}, {"name", owner->Text(1)}}));
  });
  impl_->cache.Clear();
}

}  // namespace millwright::security
