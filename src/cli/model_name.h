#pragma once

#include <string>

namespace millwright::cli {

class Client;

// Registers a model's name unless it is there already.
void RegisterModelName(Client& client, const std::string& name);

}  // namespace millwright::cli
