#include "base/option.h"

#include <algorithm>
#include <charconv>

namespace millwright {
namespace internal {
namespace {

template <typename T>
bool ParseWhole(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

template <typename T>
T ParseNumber(std::string_view name, std::string_view text, double min, double max,
              std::string_view kind) {
  T value{};
  if (!ParseWhole(text, &value))
    throw InvalidArgument("{} must be {}, not \"{}\"", name, kind, text)
        .WithField(std::string(name));
  const auto number = static_cast<double>(value);
  if (!(number >= min && number <= max))  // NaN is neither
    throw InvalidArgument("{} must be between {:.12g} and {:.12g}, not {}", name, min, max, text)
        .WithField(std::string(name));
  return value;
}

}  // namespace

std::string FormatOption(const std::string& value) {
  return value;
}
std::string FormatOption(int64_t value) {
  return fmt::format("{}", value);
}
std::string FormatOption(double value) {
  return fmt::format("{}", value);
}
std::string FormatOption(bool value) {
  return value ? "true" : "false";
}

std::string FormatOption(const std::vector<std::string>& value) {
  std::string text;
  for (const auto& item : value) text += (text.empty() ? "" : ",") + item;
  return text;
}

int64_t ParseIntOption(std::string_view name, std::string_view text, double min, double max) {
  return ParseNumber<int64_t>(name, text, min, max, "a whole number");
}

double ParseDoubleOption(std::string_view name, std::string_view text, double min, double max) {
  return ParseNumber<double>(name, text, min, max, "a number");
}

bool ParseBoolOption(std::string_view name, std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on" || text.empty()) return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  throw InvalidArgument("{} must be true or false, not \"{}\"", name, text)
      .WithField(std::string(name));
}

}  // namespace internal

namespace {

// Walks a YAML tree and calls `leaf` with the dotted key of each value that is no mapping.
void ForEachLeaf(const Json& tree, const std::string& prefix,
                 const std::function<void(const std::string&, const Json&)>& leaf) {
  if (!tree.is_object()) {
    leaf(prefix, tree);
    return;
  }
  for (const auto& [key, value] : tree.AsObject())
    ForEachLeaf(value, prefix.empty() ? key : prefix + "." + key, leaf);
}

std::string ScalarText(const Json& value) {
  return value.is_string() ? value.AsString() : value.is_null() ? "" : value.Dump();
}

void SetFromFile(BoundOption& option, const Json& value) {
  if (!value.is_array()) {
    option.set(ScalarText(value));
    return;
  }
  if (!option.is_list) throw InvalidArgument("{} takes one value, not a list", option.key);
  for (const Json& item : value.AsArray()) option.set(ScalarText(item));
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view OptionSourceName(OptionSource source) {
  switch (source) {
    case OptionSource::kDefault:
      return "default";
    case OptionSource::kFile:
      return "file";
    case OptionSource::kEnvironment:
      return "environment";
    case OptionSource::kFlag:
      return "flag";
  }
  return "default";
}

std::string EnvironmentName(std::string_view key) {
  std::string name = "MILLWRIGHT_";
  for (const char c : key)
    name.push_back(c == '.' || c == '-'   ? '_'
                   : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A')
                                          : c);
  return name;
}

std::map<std::string, OptionSource> ApplyConfiguration(std::vector<BoundOption>& options,
                                                       const Json& file,
                                                       const EnvironmentLookup& environment) {
  std::map<std::string, OptionSource> sources;
  std::vector<std::string_view> known;
  std::string mistakes;
  const auto collect = [&](const std::function<void()>& step) {
    try {
      step();
    } catch (const Error& error) {
      mistakes += (mistakes.empty() ? "" : "\n") + error.message();
    }
  };
  for (const auto& option : options) {
    known.push_back(option.key);
    sources.emplace(option.key, OptionSource::kDefault);
  }
  const auto set_from_file = [&](const std::string& key, const Json& value) {
    const auto found = std::find(known.begin(), known.end(), key);
    if (found == known.end()) {
      const std::string nearest = NearestName(key, known);
      throw InvalidArgument("Unknown option in the configuration file: {}{}", key,
                            nearest.empty() ? "" : " (did you mean " + nearest + "?)");
    }
    SetFromFile(options[static_cast<size_t>(found - known.begin())], value);
    sources[key] = OptionSource::kFile;
  };
  if (!file.is_null()) {
    ForEachLeaf(file, "", [&](const std::string& key, const Json& value) {
      collect([&] { set_from_file(key, value); });
    });
  }
  for (auto& option : options) {
    if (option.key.empty()) continue;
    const char* text = environment(EnvironmentName(option.key).c_str());
    if (text == nullptr) continue;
    collect([&] {
      option.set(text);
      sources[std::string(option.key)] = OptionSource::kEnvironment;
    });
  }
  if (!mistakes.empty()) throw InvalidArgument("{}", mistakes);
  return sources;
}

std::string NearestName(std::string_view name, const std::vector<std::string_view>& known) {
  std::string nearest;
  size_t best = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const size_t distance = EditDistance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace millwright
