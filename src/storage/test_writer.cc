// Writes rows from several threads and prints the id of each once its Write has returned, until it
// is killed: storage_test_writer DATABASE-URI FIRST-ID.
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "storage/database.h"

namespace {

constexpr int kThreads = 8;
constexpr millwright::storage::Query kInsert{"test.insert_pair",
                                             "INSERT INTO pairs (id, half) VALUES ($1, $2)", ""};

}  // namespace

int main(int argc, char** argv) {
  using namespace millwright::storage;
  if (argc != 3) return 2;
  const auto database = OpenDatabase(argv[1]);
  std::atomic<int64_t> next = std::atoll(argv[2]);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (;;) {
        const int64_t id = next++;
        database->Write([&](Connection& connection) {
          connection.ExecuteMany(kInsert, {{id, int64_t{0}}, {id, int64_t{1}}});
        });
        const std::string line = std::to_string(id) + "\n";
        if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return;
      }
    });
  }
}
