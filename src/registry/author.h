#pragma once

#include <string>
#include <utility>

namespace millwright::registry {

inline constexpr size_t kReasonCharactersMax = 2000;

// Who changes something and why. Most changes come without a reason, so a name alone will do.
struct Author {
  std::string who;
  std::string reason;  // empty when none was given

  Author(std::string who) : who(std::move(who)) {}
  Author(const char* who) : who(who) {}
  Author(std::string who, std::string reason) : who(std::move(who)), reason(std::move(reason)) {}
};

}  // namespace millwright::registry
