#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log_trace.h"

namespace millwright {
namespace {

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = spdlog::stderr_color_mt("millwright");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

thread_local std::string_view log_trace;

}  // namespace

LogTrace::LogTrace(std::string_view trace_id) : trace_id_(trace_id), outer_(log_trace) {
  if (!trace_id_.empty()) log_trace = trace_id_;
}
LogTrace::~LogTrace() {
  log_trace = outer_;
}

void Log(LogLevel level, std::string_view room, std::string_view message,
         std::initializer_list<LogField> fields) {
  auto& logger = Logger();
  if (!logger.should_log(ToSpdlog(level))) return;
  std::string line = fmt::format("[{}] {}", room, message);
  for (const auto& [key, value] : fields) {
    line.append(" ").append(key).append("=");
    if (value.empty() || value.find_first_of(" \"\n\r\t=") != std::string::npos) {
      AppendJsonString(value, &line);
    } else {
      line.append(value);
    }
  }
  if (!log_trace.empty()) line.append(" trace=").append(log_trace);
  logger.log(ToSpdlog(level), "{}", line);
}

void SetLogLevel(LogLevel level) {
  Logger().set_level(ToSpdlog(level));
}

LogLevel ParseLogLevel(std::string_view text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warning") return LogLevel::kWarning;
  if (text == "error") return LogLevel::kError;
  throw InvalidArgument("Unknown log level: {} (debug, info, warning or error)", text);
}

}  // namespace millwright
