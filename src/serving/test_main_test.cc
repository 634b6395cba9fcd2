#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "serving/replica_listener.h"

// The gateway's tests need replicas that are real processes: this program is one when its first
// word is "serve", as `millwright serve NAME@VERSION=PATH --socket SOCKET` is.
int main(int argc, char** argv) {
  if (argc == 5 && std::strcmp(argv[1], "serve") == 0 && std::strcmp(argv[3], "--socket") == 0) {
    millwright::serving::ReplicaOptions options{.models = {argv[2]}, .socket = argv[4]};
    const char* rest_bytes_max = std::getenv("MILLWRIGHT_TEST_REST_BYTES_MAX");
    if (rest_bytes_max != nullptr) options.rest_bytes_max = std::atoll(rest_bytes_max);
    const char* rest_bytes_kept = std::getenv("MILLWRIGHT_TEST_REST_BYTES_KEPT");
    if (rest_bytes_kept != nullptr) options.rest_bytes_kept = std::atoll(rest_bytes_kept);
    return millwright::serving::RunReplica(options);
  }
  if (argc == 6 && std::strcmp(argv[1], "serve-spare") == 0) {
    return millwright::serving::RunSpare({.socket = argv[3], .warm_up = argv[5]});
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
