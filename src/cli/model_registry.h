#pragma once

#include "cli/commands.h"

namespace millwright::cli {

// Finding, showing and editing registered models; added by AddModelCommands.
void AddModelRegistryCommands(Commands& commands);

}  // namespace millwright::cli
