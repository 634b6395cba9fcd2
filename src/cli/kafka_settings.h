#pragma once

#include <string>
#include <vector>

#include "streaming/kafka.h"

namespace millwright::cli {

// Joins a file of librdkafka's settings (NAME=VALUE in each line, # for comments; none when empty),
// the brokers and single settings, the later ones first in rank. Throws kInvalidArgument.
streaming::KafkaSettings ReadKafkaSettings(const std::string& file, const std::string& brokers,
                                           const std::vector<std::string>& settings);

}  // namespace millwright::cli
