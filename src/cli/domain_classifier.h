#pragma once

#include <memory>
#include <string>

#include "cli/command.h"
#include "drift/domain_classifier.h"

namespace millwright::cli {

// Says in a line whether the sides could be told apart, and by which columns.
std::string DomainLine(const drift::DomainVerdict& verdict);

// The command `drift classify`.
std::unique_ptr<Command> DomainClassifierCommand();

}  // namespace millwright::cli
