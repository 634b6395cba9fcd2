#pragma once

#include "base/json.h"
#include "cli/console.h"

namespace millwright::cli {

// Prints all that there is about a run: its params, latest metrics with a sparkline of each
// history, tags, inputs, models, files and child runs. With --json: {"run", "artifacts",
// "children"}.
void PrintRunPage(const Json& run, Console& console);

}  // namespace millwright::cli
