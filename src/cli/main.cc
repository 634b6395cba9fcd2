#include "base/process.h"
#include "cli/commands.h"

int main(int argc, char** argv) {
  if (argc > 0) millwright::NameThisProcess(argv[0]);
  return millwright::cli::Main(argc, argv, millwright::cli::AllCommands());
}
