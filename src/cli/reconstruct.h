#pragma once

#include <memory>

#include "cli/command.h"

namespace millwright::cli {

// The command `drift reconstruct`.
std::unique_ptr<Command> ReconstructCommand();

}  // namespace millwright::cli
