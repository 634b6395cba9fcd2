#pragma once

#include "cli/command.h"

namespace millwright::cli {

// The commands on what `millwright serve --log` wrote; added by AddPredictionCommands.
void AddPredictionFileCommands(Commands& commands);

}  // namespace millwright::cli
