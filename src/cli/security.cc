#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/name_option.h"

namespace millwright::cli {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;

struct UserOptions {
  std::string name, role = "reader";
};
constexpr Option<UserOptions> kUserOptions[] = {
    {"", "NAME", "The user's name", &UserOptions::name, "", 0, 0,
     Option<UserOptions>::Kind::kRequired},
    {"", "--role", "reader, editor, manager or admin", &UserOptions::role, "ROLE"},
};

// Reads a password from the terminal without showing it, or a line of standard input.
std::string ReadPassword() {
  termios shown{};
  const bool terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &shown) == 0;
  if (terminal) {
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
    fmt::print(stderr, "Password: ");
  }
  std::string password;
  std::getline(std::cin, password);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    fmt::print(stderr, "\n");
  }
  if (password.empty()) throw InvalidArgument("Give the password on standard input");
  return password;
}

int CreateUser(const UserOptions& options, Console& console) {
  const Json user = console.client().Post(
      "/api/v1/users",
      Json::Of({{"name", options.name}, {"password", ReadPassword()}, {"role", options.role}}));
  console.Answer(user);
  console.Line(fmt::format("User {} is {}", options.name, options.role));
  return 0;
}

int ListUsers(const LimitOptions&, Console& console) {
  const Json result = console.client().Get("/api/v1/users");
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& user : result.At("users").AsArray())
    rows.push_back(
        {user.GetString("name"), user.GetString("role"), FormatTime(user.GetInt("created_ms"))});
  console.PrintTable({"NAME", "ROLE", "CREATED"}, rows);
  return 0;
}

int DeleteUser(const NameOptions& options, Console& console) {
  console.Answer(console.client().Delete("/api/v1/users/" + fetch::PercentEncode(options.name)));
  console.Line("User " + options.name + " is gone, and all tokens with it");
  return 0;
}

struct TokenOptions {
  std::string name, user;
  int days = 90;
};
constexpr Option<TokenOptions> kTokenOptions[] = {
    {"", "NAME", "What the token is for", &TokenOptions::name, "", 0, 0,
     Option<TokenOptions>::Kind::kRequired},
    {"", "--user", "Whom it stands for; yourself if not given", &TokenOptions::user, "NAME"},
    {"", "--days", "How long it is valid", &TokenOptions::days, "N", 1, 3650},
};

int CreateToken(const TokenOptions& options, Console& console) {
  Json body = Json::Of(
      {{"name", options.name}, {"expires_ms", SystemClock().NowMs() + options.days * kMsPerDay}});
  if (!options.user.empty()) body.Set("principal", options.user);
  const Json token = console.client().Post("/api/v1/tokens", body);
  console.Answer(token);
  console.Line(token.GetString("secret"));
  console.Hint("It is shown this once. Use it as MILLWRIGHT_TOKEN or MLFLOW_TRACKING_TOKEN.");
  return 0;
}

int ListTokens(const LimitOptions&, Console& console) {
  const Json result = console.client().Get("/api/v1/tokens");
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& token : result.At("tokens").AsArray()) {
    const int64_t expires_ms = token.GetInt("expires_ms");
    rows.push_back({token.GetString("id"), token.GetString("principal"), token.GetString("name"),
                    expires_ms == 0 ? "never" : FormatTime(expires_ms)});
  }
  console.PrintTable({"ID", "USER", "NAME", "EXPIRES"}, rows);
  return 0;
}

int DeleteToken(const NameOptions& options, Console& console) {
  console.Answer(console.client().Delete("/api/v1/tokens/" + fetch::PercentEncode(options.name)));
  console.Line("Token " + options.name + " is gone");
  return 0;
}

}  // namespace

void AddSecurityCommands(Commands& commands) {
  commands.push_back(MakeCommand("users create", "Add a user; the password is asked for",
                                 kUserOptions, CreateUser));
  commands.push_back(MakeCommand("users list", "List users", kLimitOptions, ListUsers));
  commands.push_back(MakeCommand("users delete", "Remove a user", kNameOptions, DeleteUser));
  commands.push_back(
      MakeCommand("tokens create", "Make a token for a program", kTokenOptions, CreateToken));
  commands.push_back(MakeCommand("tokens list", "List tokens", kLimitOptions, ListTokens));
  commands.push_back(MakeCommand("tokens delete", "Revoke a token", kNameOptions, DeleteToken));
}

}  // namespace millwright::cli
