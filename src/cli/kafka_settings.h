#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "streaming/kafka.h"

namespace millwright::cli {

// What --brokers is where it is not given.
inline constexpr std::string_view kDefaultBrokers = "127.0.0.1:9092";

// Joins a file of librdkafka's settings (NAME=VALUE in each line, # for comments; none when empty),
// the brokers and single settings, the later ones first in rank; the default
// brokers come behind those of the file. Throws kInvalidArgument.
streaming::KafkaSettings ReadKafkaSettings(const std::string& file, const std::string& brokers,
                                           const std::vector<std::string>& settings);

}  // namespace millwright::cli
