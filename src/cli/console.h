#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace millwright::cli {

class Client;

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

  // Whether standard error is a terminal, where progress bars make sense.
  bool interactive() const { return interactive_; }

  // Prints one line of the answer; nothing with --json.
  void Line(std::string_view text);
  // Prints the answer with --json; nothing without.
  void Answer(const Json& json);
  // Prints what a person might do next, dimmed; nothing with --json.
  void Hint(std::string_view text);
  // Prints rows under a header, columns padded to their width; nothing with --json.
  void PrintTable(const std::vector<std::string>& header,
                  const std::vector<std::vector<std::string>>& rows);

 private:
  bool interactive_;
  std::unique_ptr<Client> client_;
};

// Formats for people: "1.4 MB", "12,345", "3.2 s", "0.7312".
std::string FormatBytes(uint64_t bytes);
std::string FormatCount(int64_t count);
std::string FormatDuration(int64_t ms);
std::string FormatMetric(double value);

// How wide a text is on a terminal: counts UTF-8 characters, not bytes.
size_t DisplayWidth(std::string_view text);

}  // namespace millwright::cli
