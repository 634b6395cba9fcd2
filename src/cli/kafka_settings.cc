#include "cli/kafka_settings.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"

namespace millwright::cli {
namespace {

const std::string kBrokers = "bootstrap.servers";

void AddSetting(const std::string& line, streaming::KafkaSettings* settings) {
  const size_t equals = line.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw InvalidArgument("A setting of Kafka is NAME=VALUE: {}", line);
  }
  (*settings)[line.substr(0, equals)] = line.substr(equals + 1);
}

}  // namespace

streaming::KafkaSettings ReadKafkaSettings(const std::string& file, const std::string& brokers,
                                           const std::vector<std::string>& settings) {
  streaming::KafkaSettings read;
  const std::string text = file.empty() ? std::string() : ReadFile(file);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (!line.empty() && line[0] != '#') AddSetting(line, &read);
    at = end + 1;
  }
  // An unset variable of a script must not wait for ever for nobody.
  if (brokers.find_first_not_of(" ,") == std::string::npos)
    throw InvalidArgument("--brokers names no broker; it is HOST:PORT, several by commas");
  if (brokers != kDefaultBrokers || !read.contains(kBrokers)) read[kBrokers] = brokers;
  for (const std::string& setting : settings) AddSetting(setting, &read);
  return read;
}

}  // namespace millwright::cli
