#include "security/principal.h"

#include <algorithm>

#include "base/error.h"

namespace millwright::security {
namespace {

struct RoleRow {
  Role role;
  std::string_view name;
};
constexpr RoleRow kRoles[] = {{Role::kReader, "reader"},
                              {Role::kEditor, "editor"},
                              {Role::kManager, "manager"},
                              {Role::kAdmin, "admin"}};

// The bytes of the UTF-8 character that `text` begins with, 0 when it begins with none. Overlong
// forms and surrogates are none.
size_t CharacterSize(std::string_view text) {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) >= 0xa0)) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) >= 0x90)) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace

std::string_view RoleName(Role role) {
  for (const RoleRow& row : kRoles)
    if (row.role == role) return row.name;
  return "reader";
}

Role ParseRole(std::string_view name) {
  for (const RoleRow& row : kRoles)
    if (row.name == name) return row.role;
  throw InvalidArgument("Unknown role: {} (reader, editor, manager or admin)", name)
      .WithField("role");
}

bool IsPrincipalName(std::string_view name) {
  if (name.empty() || name.size() > kPrincipalNameMax) return false;
  if (name.front() == ' ' || name.back() == ' ' || !IsUtf8(name)) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != ':';
  });
}

void CheckPrincipalName(const std::string& name) {
  if (!IsPrincipalName(name))
    throw InvalidArgument(
        "A user name has 1 to {} bytes of UTF-8 with no colon, no control character and no blank "
        "at its ends",
        kPrincipalNameMax)
        .WithField("username");
}

void CheckPassword(const std::string& password) {
  if (password.size() < kPasswordMin || password.size() > kPasswordMax)
    throw InvalidArgument("A password has {} to {} bytes", kPasswordMin, kPasswordMax)
        .WithField("password");
}

}  // namespace millwright::security
