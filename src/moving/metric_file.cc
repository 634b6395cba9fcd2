#include "moving/metric_file.h"

#include <charconv>
#include <cmath>
#include <fstream>
#include <vector>

#include "base/error.h"

namespace millwright::moving {
namespace {

// A line longer than this is garbage, not a point.
constexpr std::streamsize kLineBytesMax = 64 << 10;
constexpr std::string_view kTooLong = "too long";  // is no point either

std::vector<std::string_view> Fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    fields.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return fields;
}

template <typename T>
bool Read(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string DoubleText(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end);
}

// What becomes of a last line that has no end.
enum class LastLine { kTaken, kLeft };

// Calls `each` with the lines behind a mark, kTooLong for one that is too long to be a point;
// returns how far it came.
MetricFileMark ReadLines(const std::filesystem::path& file, MetricFileMark mark, LastLine last,
                         const std::function<void(int64_t number, std::string_view line)>& each) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Unavailable("{} cannot be read", file.string());
  in.seekg(static_cast<std::streamoff>(mark.bytes));
  std::vector<char> buffer(kLineBytesMax);
  while (in.peek() != EOF) {
    in.getline(buffer.data(), kLineBytesMax);
    auto size = static_cast<size_t>(in.gcount());
    const bool is_whole = !in.fail() || in.eof();
    if (!is_whole) {
      in.clear();
      in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
      size += static_cast<size_t>(in.gcount());
    }
    if (in.eof() && last == LastLine::kLeft) break;
    mark.bytes += size;
    ++mark.lines;
    const size_t length = in.eof() ? size : size - 1;
    each(mark.lines, is_whole ? std::string_view(buffer.data(), length) : kTooLong);
  }
  if (in.bad()) throw Unavailable("{} cannot be read to its end", file.string());
  return mark;
}

void TakeLine(int64_t number, std::string_view line, MetricFile kind,
              const std::function<void(MetricLine)>& each,
              const std::function<void(int64_t number)>& bad) {
  if (line.empty()) return;
  if (auto parsed = ParseMetricLine(line, kind)) {
    each(std::move(*parsed));
  } else {
    bad(number);
  }
}

}  // namespace

std::optional<MetricLine> ParseMetricLine(std::string_view line, MetricFile kind) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  const auto fields = Fields(line);
  // How many fields stand before the dataset.
  const size_t plain = kind == MetricFile::kOfRun ? 3 : 4;
  MetricLine result;
  tracking::Metric& metric = result.metric;
  if (fields.size() < 2 || !Read(fields[0], &metric.timestamp_ms) ||
      !Read(fields[1], &metric.value)) {
    return std::nullopt;
  }
  if (fields.size() >= 3 && !Read(fields[2], &metric.step)) return std::nullopt;
  if (fields.size() == plain + 1 || (kind == MetricFile::kOfModel && fields.size() < plain)) {
    return std::nullopt;
  }
  if (kind == MetricFile::kOfModel) result.run_id = std::string(fields[3]);
  if (fields.size() > plain) {
    metric.dataset_digest = std::string(fields.back());
    // A dataset's name may hold spaces, which the format does not escape.
    const char* from = fields[plain].data();
    const char* to = fields[fields.size() - 2].data() + fields[fields.size() - 2].size();
    metric.dataset_name = std::string(from, to);
  }
  return result;
}

void ForEachMetricLine(const std::filesystem::path& file, MetricFile kind,
                       const std::function<void(MetricLine)>& each,
                       const std::function<void(int64_t number)>& bad) {
  ReadLines(file, {}, LastLine::kTaken, [&](int64_t number, std::string_view line) {
    TakeLine(number, line, kind, each, bad);
  });
}

MetricFileMark ForEachNewMetricLine(const std::filesystem::path& file, MetricFile kind,
                                    MetricFileMark mark,
                                    const std::function<void(MetricLine)>& each,
                                    const std::function<void(int64_t number)>& bad) {
  std::error_code error;
  if (std::filesystem::file_size(file, error) < mark.bytes) mark = {};
  return ReadLines(file, mark, LastLine::kLeft, [&](int64_t number, std::string_view line) {
    TakeLine(number, line, kind, each, bad);
  });
}

std::string ToMetricLine(const tracking::Metric& metric, const std::string& run_id,
                         MetricFile kind) {
  std::string line = std::to_string(metric.timestamp_ms) + " " + DoubleText(metric.value) + " " +
                     std::to_string(metric.step);
  if (kind == MetricFile::kOfRun) return line;
  line += " " + run_id;
  if (!metric.dataset_name.empty() && !metric.dataset_digest.empty()) {
    line += " " + metric.dataset_name + " " + metric.dataset_digest;
  }
  return line;
}

}  // namespace millwright::moving
