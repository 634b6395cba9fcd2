#include "cli/console.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "cli/client.h"
#include "cli/progress.h"

namespace millwright::cli {
namespace {

constexpr std::string_view kDefaultUri = "http://127.0.0.1:5000";

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

}  // namespace

Console::Console() : interactive_(isatty(STDERR_FILENO) == 1) {}
Console::~Console() = default;

std::string Console::ServerUri() const {
  if (!uri.empty()) return uri;
  for (const char* name : {"MILLWRIGHT_URI", "MLFLOW_TRACKING_URI"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && std::string_view(value).starts_with("http")) return value;
  }
  return std::string(kDefaultUri);
}

Client& Console::client() {
  if (client_ == nullptr) client_ = std::make_unique<Client>(ServerUri());
  return *client_;
}

std::unique_ptr<Progress> Console::StartProgress(std::string title) const {
  return std::make_unique<Progress>(step.empty() ? std::move(title) : step, interactive_,
                                    quiet && step.empty());
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
  const bool colour = isatty(STDOUT_FILENO) == 1;
  fmt::print("{}{}{}\n", colour ? "\033[2m" : "", text, colour ? "\033[0m" : "");
}

void Console::PrintTable(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows) {
  if (json || quiet) return;
  std::vector<size_t> widths;
  for (const auto& title : header) widths.push_back(DisplayWidth(title));
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - DisplayWidth(row[i]) + 2, ' ');
    }
    fmt::print("{}\n", line);
  };
  print(header);
  for (const auto& row : rows) print(row);
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
  return fmt::format("{} min {} s", ms / 60'000, ms / 1000 % 60);
}

std::string FormatMetric(double value) {
  if (std::isnan(value)) return "-";
  if (value != 0 && (std::abs(value) < 1e-3 || std::abs(value) >= 1e6))
    return fmt::format("{:.3g}", value);
  return fmt::format("{:.4f}", value);
}

size_t DisplayWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace millwright::cli
