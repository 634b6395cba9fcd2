#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::serving {

// What a log of predictions keeps: which share of the requests of a model or endpoint, and which
// columns or tensors without their values. Immutable and so thread-safe.
class LoggingRules {
 public:
  // Keeps everything.
  LoggingRules() = default;
  // `shares`: "0.1", or "NAME=0.1" for one model or endpoint. `redacted`: "COLUMN" of all, or
  // "NAME:COLUMN" of one; "*:a:b" is the column "a:b" of all. Throws kInvalidArgument.
  LoggingRules(const std::vector<std::string>& shares, const std::vector<std::string>& redacted);

  // Decided by the request's id, so that the same requests are kept wherever the share is the same.
  bool Keeps(std::string_view name, std::string_view id) const;
  // The columns and tensors, in or out, whose values are left out.
  std::vector<std::string> HiddenOf(std::string_view name) const;
  bool Hides(std::string_view name, std::string_view column) const;
  bool hides_nothing() const { return hidden_.empty(); }

 private:
  struct Hidden {
    std::string name;  // "*": all
    std::string column;
  };

  double share_ = 1;
  std::map<std::string, double, std::less<>> shares_;  // of those that have their own
  std::vector<Hidden> hidden_;
};

}  // namespace millwright::serving
