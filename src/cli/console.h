#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "cli/client.h"
#include "cli/table.h"

namespace millwright::cli {

class Progress;

// What a command talks through: the terminal and the server. Answers go to standard output,
// everything about the way there (progress, hints, errors) to standard error, so that output can
// be piped.
class Console {
 public:
  Console();
  ~Console();

  // Set by the flags that every command has.
  bool json = false;  // --json: the answer as one JSON document
  std::string uri;    // --uri

  // The server to talk to: --uri, else MILLWRIGHT_URI, else MLFLOW_TRACKING_URI, else
  // http://127.0.0.1:5000. Made at the first call.
  Client& client();
  std::string ServerUri() const;
  // Whether this command has called the server and nobody answers there now.
  bool HasNoServer();

  // Set by Call: the answer is kept, nothing is printed, and bars carry this title.
  bool quiet = false;
  std::string step;

  // The flags of this command line in order, as ("--port", "6000").
  std::vector<std::pair<std::string, std::string>> given;

  // Whether standard error is a terminal, where progress bars make sense.
  bool interactive() const { return interactive_; }

  // Whether answers go to a terminal, and how large it is now: {0, 0} when they do not.
  bool writes_to_terminal() const;
  struct Size {
    size_t columns = 0;
    size_t rows = 0;
  };
  Size terminal_size() const;

  // Starts a progress bar for long work.
  std::unique_ptr<Progress> StartProgress(std::string title) const;

  // Prints one line of the answer; nothing with --json.
  void Line(std::string_view text);
  // Gives the answer as JSON: printed with --json, kept for Call, and its plain fields appended to
  // the file that MILLWRIGHT_OUTPUT names, which is how a pipeline's task hands on its results.
  void Answer(const Json& answer);
  // The last answer.
  const Json& answer() const { return answer_; }
  // Prints what a person might do next, dimmed; nothing with --json.
  void Hint(std::string_view text);
  // Prints rows under a header as wide as the terminal at most; nothing with --json.
  void PrintTable(const std::vector<Column>& columns, const Rows& rows);

 private:
  bool interactive_;
  std::unique_ptr<Client> client_;
  Json answer_;
};

// Formats for people: "1.4 MB", "12,345", "3.2 s", "0.7312", and how long ago a time was: "5 min
// ago"; the day when that is more than a month.
std::string FormatBytes(uint64_t bytes);
std::string FormatCount(int64_t count);
std::string FormatDuration(int64_t ms);
std::string FormatMetric(double value);
std::string FormatAge(int64_t time_ms, int64_t now_ms);

}  // namespace millwright::cli
