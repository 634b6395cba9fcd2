#pragma once

#include <memory>

#include "cli/command.h"

namespace millwright::cli {

// "drift estimate": how well a model does where nobody knows the truth yet.
std::unique_ptr<Command> EstimateCommand();

}  // namespace millwright::cli
