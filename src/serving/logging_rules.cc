#include "serving/logging_rules.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/error.h"

namespace millwright::serving {
namespace {

constexpr std::string_view kAll = "*";

double ShareOf(std::string_view text, const std::string& whole) {
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size() || !(share >= 0 && share <= 1)) {
    throw InvalidArgument("A share is 0 to 1, or NAME=SHARE: {}", whole);
  }
  return share;
}

uint64_t HashOf(std::string_view id) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : id) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;  // each bit depends on all of the text
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

}  // namespace

LoggingRules::LoggingRules(const std::vector<std::string>& shares,
                           const std::vector<std::string>& redacted) {
  for (const std::string& text : shares) {
    const size_t equals = text.rfind('=');
    if (equals == std::string::npos) {
      share_ = ShareOf(text, text);
    } else {
      shares_[text.substr(0, equals)] = ShareOf(std::string_view(text).substr(equals + 1), text);
    }
  }
  for (const std::string& text : redacted) {
    const size_t colon = text.find(':');
    const bool is_named = colon != std::string::npos;
    Hidden hidden{.name = is_named ? text.substr(0, colon) : std::string(kAll),
                  .column = is_named ? text.substr(colon + 1) : text};
    if (hidden.name.empty() || hidden.column.empty()) {
      throw InvalidArgument("What is left out of the log is COLUMN or NAME:COLUMN: {}", text);
    }
    hidden_.push_back(std::move(hidden));
  }
}

bool LoggingRules::Keeps(std::string_view name, std::string_view id) const {
  const auto own = shares_.empty() ? shares_.end() : shares_.find(name);
  const double share = own == shares_.end() ? share_ : own->second;
  if (share >= 1) return true;
  return static_cast<double>(HashOf(id) & 0xFFFFFFFF) < share * 0x1p32;
}

std::vector<std::string> LoggingRules::HiddenOf(std::string_view name) const {
  std::vector<std::string> columns;
  for (const Hidden& one : hidden_) {
    if (one.name == kAll || one.name == name) columns.push_back(one.column);
  }
  return columns;
}

bool LoggingRules::Hides(std::string_view name, std::string_view column) const {
  return std::any_of(hidden_.begin(), hidden_.end(), [&](const Hidden& one) {
    return one.column == column && (one.name == kAll || one.name == name);
  });
}

}  // namespace millwright::serving
