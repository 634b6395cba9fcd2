#include "cli/console.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/progress.h"
#include "fetch/retry.h"

namespace millwright::cli {
namespace {

constexpr std::string_view kDefaultUri = "http://127.0.0.1:5000";
// Of a terminal that does not say its size, as on a serial line.
constexpr Console::Size kUnknownSize{80, 24};

// Appends the plain fields of an answer as name=value lines.
void AppendTaskOutputs(const Json& answer) {
  const char* file = std::getenv("MILLWRIGHT_OUTPUT");
  if (file == nullptr || !answer.is_object()) return;
  std::ofstream out(file, std::ios::app);
  for (const auto& [name, value] : answer.AsObject()) {
    if (value.is_array() || value.is_object() || value.is_null()) continue;
    const std::string text = value.is_string() ? value.AsString() : value.Dump();
    if (text.find('\n') == std::string::npos) out << name << "=" << text << "\n";
  }
}

// An address as it was given, with its scheme in small letters.
std::string ServerAddress(std::string_view given_by, const std::string& address) {
  const size_t end = address.find("://");
  std::string scheme = address.substr(0, end == std::string::npos ? 0 : end);
  for (char& c : scheme) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if ((scheme != "http" && scheme != "https") || address.size() == end + 3)
    throw InvalidArgument("{} must be a server's address, as http://host:5000, not: {}", given_by,
                          fetch::WithoutSecrets(address));
  return scheme + address.substr(end);
}

}  // namespace

Console::Console() : interactive_(isatty(STDERR_FILENO) == 1) {}
Console::~Console() = default;

// An address that is mistyped must not lead to another server.
std::string Console::ServerUri() const {
  if (!uri.empty()) return ServerAddress("--uri", uri);
  for (const char* name : {"MILLWRIGHT_URI", "MLFLOW_TRACKING_URI"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return ServerAddress(name, value);
  }
  return std::string(kDefaultUri);
}

Client& Console::client() {
  if (client_ == nullptr) client_ = std::make_unique<Client>(ServerUri());
  return *client_;
}

bool Console::HasNoServer() {
  return client_ != nullptr && !client_->WaitUntilReady(0);
}

std::unique_ptr<Progress> Console::StartProgress(std::string title) const {
  return std::make_unique<Progress>(step.empty() ? std::move(title) : step, interactive_,
                                    quiet && step.empty());
}

bool Console::writes_to_terminal() const {
  return isatty(STDOUT_FILENO) == 1;
}

Console::Size Console::terminal_size() const {
  if (!writes_to_terminal()) return {};
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUnknownSize;
  return {size.ws_col, size.ws_row};
}

void Console::Line(std::string_view text) {
  if (json || quiet) return;
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void Console::Answer(const Json& answer) {
  answer_ = answer;
  if (quiet) return;
  AppendTaskOutputs(answer);
  if (!json) return;
  fmt::print("{}\n", answer.Dump(2));
  std::fflush(stdout);
}

void Console::Hint(std::string_view text) {
  if (json || quiet) return;
  const bool colour = writes_to_terminal();
  fmt::print("{}{}{}\n", colour ? "\033[2m" : "", text, colour ? "\033[0m" : "");
}

void Console::PrintTable(const std::vector<Column>& columns, const Rows& rows) {
  if (json || quiet) return;
  const TableLayout layout = LayOutTable(columns, rows, terminal_size().columns);
  for (const auto& line : layout.lines) fmt::print("{}\n", line);
  if (layout.columns_left_out > 0)
    Hint(fmt::format("{} more columns do not fit this terminal", layout.columns_left_out));
}

std::string FormatBytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes)
                   : fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, kUnits[unit]);
}

std::string FormatCount(int64_t count) {
  std::string digits = std::to_string(count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string FormatDuration(int64_t ms) {
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  if (ms < 3'600'000) return fmt::format("{} min {} s", ms / 60'000, ms / 1000 % 60);
  return fmt::format("{} h {} min", ms / 3'600'000, ms / 60'000 % 60);
}

std::string FormatMetric(double value) {
  if (std::isnan(value)) return "-";
  if (value != 0 && (std::abs(value) < 1e-3 || std::abs(value) >= 1e6))
    return fmt::format("{:.3g}", value);
  return fmt::format("{:.4f}", value);
}

std::string FormatAge(int64_t time_ms, int64_t now_ms) {
  constexpr int64_t kMinuteMs = 60'000;
  constexpr int64_t kHourMs = 60 * kMinuteMs;
  constexpr int64_t kDayMs = 24 * kHourMs;
  const int64_t age_ms = now_ms - time_ms;
  // A clock that is a little ahead of this one is no reason to print a date.
  if (age_ms < kMinuteMs && age_ms > -kMinuteMs)
    return fmt::format("{} s ago", std::max<int64_t>(age_ms, 0) / 1000);
  if (age_ms < 0 || age_ms >= 30 * kDayMs) return FormatTime(time_ms).substr(0, 10);
  if (age_ms < kHourMs) return fmt::format("{} min ago", age_ms / kMinuteMs);
  if (age_ms < kDayMs) return fmt::format("{} h ago", age_ms / kHourMs);
  return fmt::format("{} d ago", age_ms / kDayMs);
}

}  // namespace millwright::cli
