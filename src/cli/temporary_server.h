#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "base/process.h"

namespace millwright::cli {

// A server for one command alone, when none runs. It ends with this object, and its data with it.
// Start it on a thread that lives as long.
class TemporaryServer {
 public:
  // Starts it on a free port and returns its address. Throws kUnavailable with what it printed.
  std::string Start();

 private:
  TempDir data_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace millwright::cli
