#pragma once

#include <memory>

#include "cli/command.h"

namespace millwright::cli {

// The command `drift chunks`.
std::unique_ptr<Command> ChunkDriftCommand();

}  // namespace millwright::cli
