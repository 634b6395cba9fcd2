#pragma once

#include "cli/command.h"

namespace millwright::cli {

// The commands on logs as a whole: what other servers predicted goes in, slices are summed up and
// written out; added by AddPredictionCommands.
void AddPredictionLogCommands(Commands& commands);

}  // namespace millwright::cli
