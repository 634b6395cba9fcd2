#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"

namespace millwright::security {

// What a principal may do; each includes those before it. reader reads; editor also creates and
// changes; manager also deletes, deploys and promotes; admin also administers users.
enum class Role { kReader, kEditor, kManager, kAdmin };

std::string_view RoleName(Role role);
// Throws kInvalidArgument.
Role ParseRole(std::string_view name);

// Somebody who may call: a person or a program.
struct Principal {
  int64_t id = 0;
  std::string name;
  std::optional<Role> role;  // the highest of those granted; none may do nothing
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
};

using TokenId = Id<struct TokenTag>;

// A secret that stands for a principal; the secret itself is known to its holder alone.
struct Token {
  TokenId id;
  std::string principal;
  std::string name;  // what it is for
  int64_t created_ms = 0;
  std::optional<int64_t> expires_ms;
};
struct NewToken {
  Token token;
  std::string secret;  // shown once
};

// Who calls. With authentication off everybody is "anonymous", or whom they say they are, and is
// never verified.
struct Identity {
  std::string name = "anonymous";
  bool verified = false;
  std::optional<Role> role;
  std::string token = {};  // "NAME (ID)" of the token that was sent; empty where it was none

  bool MayActAs(Role needed) const { return role && *role >= needed; }
};

inline constexpr size_t kPrincipalNameMax = 255;
inline constexpr size_t kPasswordMin = 8;
inline constexpr size_t kPasswordMax = 1024;
inline constexpr size_t kTokenNameMax = 255;
inline constexpr int kPrincipalsPageMax = 1000;
inline constexpr int kTokensPageMax = 1000;

// Whether a principal can be called so: UTF-8 without colons (HTTP Basic ends the name at one) and
// control characters.
bool IsPrincipalName(std::string_view name);
// Throw kInvalidArgument naming the field.
void CheckPrincipalName(const std::string& name);
void CheckPassword(const std::string& password);

}  // namespace millwright::security
