#include "quality/suite_change.h"

#include "base/error.h"
#include "quality/check_history.h"
#include "quality/expectation_type.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

const Json& KwargAt(const Expectation& expectation, const std::string& name) {
  static const Json kNone;
  const Json* value = expectation.kwargs.Find(name);
  return value == nullptr ? kNone : *value;
}

std::string Shown(const Json& value) {
  return value.is_null() ? "none" : Clip(value.is_string() ? value.AsString() : value.Dump(), 60);
}

void SetKwarg(Expectation* expectation, const std::string& name, const Json& value) {
  Json kwargs = Json::MakeObject();
  bool is_set = false;
  for (const auto& [key, old] : expectation->kwargs.AsObject()) {
    if (key != name) {
      kwargs.Set(key, old);
    } else if (!value.is_null()) {
      kwargs.Set(key, value);
      is_set = true;
    }
  }
  if (!is_set && !value.is_null()) kwargs.Set(name, value);
  expectation->kwargs = std::move(kwargs);
}

}  // namespace

Json ExpectationChange::ToJson() const {
  if (removes) return Json::Of({{"remove", true}});
  return Json::Of({{"set", kwargs}});
}

ExpectationChange ExpectationChange::FromJson(const Json& json) {
  ExpectationChange change;
  for (const auto& [key, value] : json.AsObject("change")) {
    if (key == "remove") {
      change.removes = value.AsBool("change.remove");
    } else if (key == "set") {
      value.AsObject("change.set");
      change.kwargs = value;
    } else {
      throw InvalidArgument("A change has remove or set, not {}", key).WithField("change");
    }
  }
  if (change.removes == !change.kwargs.AsObject().empty())
    throw InvalidArgument("A change either removes the expectation or sets kwargs of it")
        .WithField("change");
  return change;
}

std::string ExpectationChange::Words(const Expectation& base) const {
  if (removes) return "remove it";
  std::string text;
  for (const auto& [name, value] : kwargs.AsObject()) {
    const bool is_default = name == "mostly" && !base.kwargs.Has("mostly");
    text += fmt::format("{}{} {} → {}", text.empty() ? "" : ", ", name,
                        is_default ? "1" : Shown(KwargAt(base, name)), Shown(value));
  }
  return text;
}

Suite ApplyChange(const Suite& suite, const std::string& key, const Expectation& base,
                  const ExpectationChange& change) {
  Suite changed = suite;
  size_t place = 0;
  try {
    place = FindExpectation(suite, key);
  } catch (const Error&) {
    throw Aborted("Suite {} has no expectation {} any more", suite.name, key);
  }
  Expectation& now = changed.expectations[place];
  if (change.removes) {
    if (now.kwargs != base.kwargs)
      throw Aborted("{} is another than when its removal was proposed: {}", key,
                    DescribeExpectation(now, suite.parameters).Text());
    changed.expectations.erase(changed.expectations.begin() + static_cast<int64_t>(place));
    return changed;
  }
  for (const auto& [name, value] : change.kwargs.AsObject()) {
    if (KwargAt(now, name) != KwargAt(base, name))
      throw Aborted("{} of {} was {} when the change was proposed and is {} now", name, key,
                    Shown(KwargAt(base, name)), Shown(KwargAt(now, name)));
    SetKwarg(&now, name, value);
  }
  try {
    RequireKnown(now);
  } catch (const Error& error) {
    throw InvalidArgument("{} cannot be changed so: {}", key, error.message()).WithField("change");
  }
  return changed;
}

}  // namespace millwright::quality
