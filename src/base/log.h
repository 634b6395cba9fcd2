#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace millwright {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

using LogField = std::pair<std::string_view, std::string>;

// Writes one structured line to standard error: time, level, room, message, then key=value fields.
// Values are quoted where they hold blanks. Never pass a secret: fields are printed as they are.
// Thread-safe.
void Log(LogLevel level, std::string_view room, std::string_view message,
         std::initializer_list<LogField> fields = {});

// Sets the lowest level that is written; kInfo at start.
void SetLogLevel(LogLevel level);
// Reads "debug", "info", "warning" or "error". Throws kInvalidArgument.
LogLevel ParseLogLevel(std::string_view text);

}  // namespace millwright
