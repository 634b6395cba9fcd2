#pragma once

#include "cli/commands.h"

namespace millwright::cli {

// Adds `loop simulate`.
void AddLoopSimulation(Commands& commands);

}  // namespace millwright::cli
