#pragma once

#include <memory>

#include "cli/command.h"

namespace millwright::cli {

// The command `drift embeddings`.
std::unique_ptr<Command> EmbeddingsCommand();

}  // namespace millwright::cli
