#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/option.h"
#include "cli/console.h"

namespace millwright::cli {

// One command of the program, such as "data collect": its options and what it does. The words of
// the name are the levels of the command line.
class Command {
 public:
  virtual ~Command() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;
  // Hidden commands are those that the program starts itself, as a trial's process.
  virtual bool hidden() const = 0;
  virtual std::vector<BoundOption> BoundOptions() = 0;
  // Returns the exit status; throws Error for what cannot be done.
  virtual int Run(Console& console) = 0;
};

namespace internal {

template <typename Options, size_t N>
class CommandOf : public Command {
 public:
  using Function = int (*)(const Options&, Console&);
  CommandOf(std::string_view name, std::string_view summary, const Option<Options> (&table)[N],
            Function run, bool hidden)
      : name_(name), summary_(summary), table_(table), run_(run), hidden_(hidden) {}

  std::string_view name() const override { return name_; }
  std::string_view summary() const override { return summary_; }
  bool hidden() const override { return hidden_; }
  std::vector<BoundOption> BoundOptions() override { return BindOptions(table_, options_); }
  int Run(Console& console) override { return run_(options_, console); }

 private:
  std::string_view name_;
  std::string_view summary_;
  const Option<Options> (&table_)[N];
  Function run_;
  bool hidden_;
  Options options_;
};

}  // namespace internal

enum class Visibility { kShown, kHidden };

// Makes a command out of its option table and the function that does it.
template <typename Options, size_t N>
std::unique_ptr<Command> MakeCommand(std::string_view name, std::string_view summary,
                                     const Option<Options> (&table)[N],
                                     int (*run)(const Options&, Console&),
                                     Visibility visibility = Visibility::kShown) {
  return std::make_unique<internal::CommandOf<Options, N>>(name, summary, table, run,
                                                           visibility == Visibility::kHidden);
}

using Commands = std::vector<std::unique_ptr<Command>>;

// Parses the command line, runs the command and returns the exit status: 0 done, 1 cannot be done
// (the message is printed), 2 wrong usage.
int Main(int argc, char** argv, Commands commands);

// Runs another command of this program inside of this one, as if its words had been typed, and
// returns its answer. `step` replaces the titles of its progress bars. Throws what it throws, and
// kFailedPrecondition when it ends with another status than 0.
Json Call(Console& parent, const std::vector<std::string>& words, const std::string& step = "");

}  // namespace millwright::cli
