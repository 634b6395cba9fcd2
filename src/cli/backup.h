#pragma once

#include "cli/command.h"

namespace millwright::cli {

// Adds `backup` and `restore`, which work on the folders of a server's machine and ask no server.
void AddBackupCommands(Commands& commands);

}  // namespace millwright::cli
