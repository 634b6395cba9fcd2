#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "base/json.h"

namespace millwright::alerts {

// Throws kInvalidArgument for a field that is not among the known ones, with the nearest of them;
// `what` names the thing whose fields they are.
void RefuseUnknownFields(const Json& json, std::span<const std::string_view> known,
                         std::string_view what);
// Reads one of a few words and returns which; `fallback` when the field is absent. Throws
// kInvalidArgument naming the field.
size_t ReadWord(const Json& json, std::string_view key,
                std::initializer_list<std::string_view> words, size_t fallback);

}  // namespace millwright::alerts
