#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace millwright {

// One row of an option table: everything about an option is said here once. From it come the flag,
// the environment variable (MILLWRIGHT_ + the key in capitals, dots as underscores), the YAML key,
// --help, `config show` and the reference page.
template <typename Config>
struct Option {
  std::string_view key;   // "server.port"; empty for a command's own arguments
  std::string_view flag;  // "--port", or "NAME" for a positional argument
  std::string_view help;
  std::variant<std::string Config::*, int Config::*, int64_t Config::*, double Config::*,
               bool Config::*, std::vector<std::string> Config::*>
      member;
  std::string_view metavar = "";  // shown after the flag: PORT, DIR
  double min = std::numeric_limits<double>::lowest();
  double max = std::numeric_limits<double>::max();
  enum class Kind { kPlain, kRequired, kSecret } kind = Kind::kPlain;
  std::string_view alias = "";  // a second flag, by the name that users of another tool know
};

// A row bound to the struct that it fills.
struct BoundOption {
  std::string_view key;
  std::string_view flag;
  std::string_view alias;
  std::string_view help;
  std::string_view metavar;
  bool is_switch = false;  // a bool: the flag takes no value
  bool is_list = false;    // may be repeated; each value is appended
  bool is_required = false;
  bool is_secret = false;
  std::string initial;                        // the default, as text
  std::function<void(std::string_view)> set;  // throws kInvalidArgument naming the option
  std::function<std::string()> get;
  std::function<void()> clear;  // empties a list
};

namespace internal {
std::string FormatOption(const std::string& value);
std::string FormatOption(int64_t value);
std::string FormatOption(double value);
std::string FormatOption(bool value);
std::string FormatOption(const std::vector<std::string>& value);
int64_t ParseIntOption(std::string_view name, std::string_view text, double min, double max);
double ParseDoubleOption(std::string_view name, std::string_view text, double min, double max);
bool ParseBoolOption(std::string_view name, std::string_view text);
}  // namespace internal

// Binds a table to a struct; both must outlive the result.
template <typename Config, size_t N>
std::vector<BoundOption> BindOptions(const Option<Config> (&table)[N], Config& config) {
  std::vector<BoundOption> bound;
  for (const auto& row : table) {
    BoundOption option{row.key, row.flag, row.alias, row.help, row.metavar};
    using Kind = typename Option<Config>::Kind;
    option.is_required = row.kind == Kind::kRequired;
    option.is_secret = row.kind == Kind::kSecret;
    const std::string_view name = row.flag.empty() ? row.key : row.flag;
    std::visit(
        [&](auto member) {
          using T = std::remove_reference_t<decltype(config.*member)>;
          option.is_switch = std::is_same_v<T, bool>;
          option.is_list = std::is_same_v<T, std::vector<std::string>>;
          option.get = [&config, member] {
            if constexpr (std::is_same_v<T, int>) {
              return internal::FormatOption(int64_t{config.*member});
            } else {
              return internal::FormatOption(config.*member);
            }
          };
          option.clear = [&config, member] { config.*member = T{}; };
          option.set = [&config, &row, member, name](std::string_view text) {
            auto& value = config.*member;
            if constexpr (std::is_same_v<T, bool>) {
              value = internal::ParseBoolOption(name, text);
            } else if constexpr (std::is_integral_v<T>) {
              value = static_cast<T>(internal::ParseIntOption(
                  name, text, std::max<double>(row.min, std::numeric_limits<T>::min()),
                  std::min<double>(row.max, std::numeric_limits<T>::max())));
            } else if constexpr (std::is_same_v<T, double>) {
              value = internal::ParseDoubleOption(name, text, row.min, row.max);
            } else if constexpr (std::is_same_v<T, std::string>) {
              value = std::string(text);
            } else {
              value.emplace_back(text);
            }
          };
        },
        row.member);
    option.initial = option.get();
    bound.push_back(std::move(option));
  }
  return bound;
}

// Where an option's value came from; later ones win.
enum class OptionSource { kDefault, kFile, kEnvironment, kFlag };
std::string_view OptionSourceName(OptionSource source);

// "server.port" → "MILLWRIGHT_SERVER_PORT".
std::string EnvironmentName(std::string_view key);

// Applies a configuration file (parsed YAML) and the environment to the options and records where
// each value came from. All mistakes are collected into one kInvalidArgument, a line each; an
// unknown key comes with the nearest known one.
using EnvironmentLookup = std::function<const char*(const char*)>;
std::map<std::string, OptionSource> ApplyConfiguration(std::vector<BoundOption>& options,
                                                       const Json& file,
                                                       const EnvironmentLookup& environment);

// Finds the known name that is most like a mistyped one; empty when none is near.
std::string NearestName(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace millwright
