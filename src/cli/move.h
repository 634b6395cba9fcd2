#pragma once

#include "cli/command.h"

namespace millwright::cli {

// Adds `import mlflow` and `export mlflow`.
void AddMoveCommands(Commands& commands);

}  // namespace millwright::cli
