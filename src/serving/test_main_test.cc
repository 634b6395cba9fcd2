#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "serving/replica_listener.h"

// The gateway's tests need replicas that are real processes: this program is one when its first
// word is "serve", as `millwright serve NAME@VERSION=PATH --socket SOCKET` is.
int main(int argc, char** argv) {
  if (argc == 5 && std::strcmp(argv[1], "serve") == 0 && std::strcmp(argv[3], "--socket") == 0) {
    const char* rest_bytes_max = std::getenv("MILLWRIGHT_TEST_REST_BYTES_MAX");
    return millwright::serving::RunReplica(
        {.models = {argv[2]},
         .socket = argv[4],
         .rest_bytes_max = rest_bytes_max != nullptr ? std::atoll(rest_bytes_max)
                                                     : millwright::serving::kRestBytesMax});
  }
  if (argc == 6 && std::strcmp(argv[1], "serve-spare") == 0) {
    return millwright::serving::RunSpare({.socket = argv[3], .warm_up = argv[5]});
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
