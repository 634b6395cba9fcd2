#include "api/mlflow/safe_path.h"

#include "base/error.h"

namespace millwright::api::mlflow {
namespace {

constexpr int kDecodeRoundsMax = 8;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string DecodedOnce(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                        HexDigit(text[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Calls `each` with every segment between slashes.
template <typename F>
void ForEachSegment(std::string_view path, F each) {
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    each(path.substr(at, end - at));
    at = end + 1;
  }
}

bool HasDrive(std::string_view path) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return path.size() >= 2 && letter(path[0]) && path[1] == ':';
}

}  // namespace

std::string FullyDecoded(std::string_view text) {
  std::string decoded(text);
  for (int round = 0; round < kDecodeRoundsMax; ++round) {
    std::string next = DecodedOnce(decoded);
    if (next == decoded) break;
    decoded = std::move(next);
  }
  return decoded;
}

bool HasParentSegment(std::string_view path) {
  bool found = false;
  ForEachSegment(path, [&](std::string_view segment) { found = found || segment == ".."; });
  return found;
}

std::string SafePath(std::string_view path) {
  const std::string decoded = FullyDecoded(path);
  if (decoded.find('\0') != std::string::npos || decoded.find('\\') != std::string::npos ||
      decoded.starts_with('/') || HasDrive(decoded) || decoded.starts_with("file:") ||
      decoded.find("://") != std::string::npos || HasParentSegment(decoded)) {
    throw InvalidArgument("Invalid path");
  }
  std::string clean;
  ForEachSegment(path, [&](std::string_view segment) {
    if (segment.empty() || segment == ".") return;
    if (!clean.empty()) clean += '/';
    clean += segment;
  });
  return clean;
}

}  // namespace millwright::api::mlflow
