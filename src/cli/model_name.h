#pragma once

#include <string>

#include "cli/client.h"

namespace millwright::cli {

// Registers a model's name unless it is there already.
void RegisterModelName(Client& client, const std::string& name);

}  // namespace millwright::cli
