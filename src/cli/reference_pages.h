#pragma once

#include <string>

#include "base/json.h"
#include "cli/command.h"

namespace millwright::cli {

// The pages of docs/reference that are printed from the program's own tables, as Markdown. They are
// the same on every machine, so that a test can compare them with what is committed.
std::string ConfigurationPage(Commands& commands);
std::string CommandsPage(Commands& commands);
std::string EventsPage();
std::string ExpectationsPage();
std::string SeriesPage();
// `routes` is the list of /api/routes.
std::string RoutesPage(const Json& routes);

}  // namespace millwright::cli
