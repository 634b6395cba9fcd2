#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace millwright {

// A string that names one kind of thing, so that a run's id cannot be passed for an experiment's:
// `using RunId = Id<struct RunTag>;`. Comparable, hashable, printable through str().
template <typename Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}

  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

// Makes 32 random lower-case hex digits (128 bits from the system's generator), as MLflow's run
// ids.
std::string NewHexId();

// Makes a short random id of 12 hex digits with a prefix, for things that people read: "ep-4f2a…".
std::string NewShortId(const std::string& prefix);

}  // namespace millwright

template <typename Tag>
struct std::hash<millwright::Id<Tag>> {
  size_t operator()(const millwright::Id<Tag>& id) const noexcept {
    return std::hash<std::string>()(id.str());
  }
};
