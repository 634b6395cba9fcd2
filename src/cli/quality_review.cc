// Suites by name over time: what their checks came to, what people say of them, who changed what.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/name_option.h"
#include "cli/sparkline.h"

namespace millwright::cli {
namespace {

constexpr size_t kSparklineCells = 30;

std::string SuitePath(const std::string& name) {
  return "/api/v1/suites/" + fetch::PercentEncode(name);
}

int ListSuites(const LimitOptions&, Console& console) {
  const Json list = console.client().Get("/api/v1/suites");
  console.Answer(list);
  std::vector<std::vector<std::string>> rows;
  for (const Json& suite : list.At("suites").AsArray())
    rows.push_back({suite.GetString("name"), std::to_string(suite.GetInt("version")),
                    FormatCount(suite.GetInt("expectations")),
                    FormatTime(suite.GetInt("updated_ms")), suite.GetString("updated_by")});
  console.PrintTable({"NAME", "VERSION", "EXPECTATIONS", "CHANGED", "BY"}, rows);
  return 0;
}

int ListVersions(const NameOptions& options, Console& console) {
  const Json list = console.client().Get(SuitePath(options.name) + "/versions");
  console.Answer(list);
  std::vector<std::vector<std::string>> rows;
  for (const Json& version : list.At("versions").AsArray())
    rows.push_back({std::to_string(version.GetInt("version")),
                    FormatCount(version.GetInt("expectations")),
                    FormatTime(version.GetInt("created_ms")), version.GetString("who"),
                    version.GetString("reason")});
  console.PrintTable({"VERSION", "EXPECTATIONS", "TIME", "WHO", "WHY"}, rows);
  return 0;
}

int DeleteSuite(const NameOptions& options, Console& console) {
  console.Answer(console.client().Delete(SuitePath(options.name)));
  console.Line("Suite " + options.name + " is deleted; its versions and validations stay");
  return 0;
}

struct HistoryOptions {
  std::string suite, dataset, source, expectation;
  int limit = 30;
};
constexpr Option<HistoryOptions> kHistoryOptions[] = {
    {"", "SUITE", "The suite's name", &HistoryOptions::suite, "", 0, 0,
     Option<HistoryOptions>::Kind::kRequired},
    {"", "--dataset", "On the versions of this dataset", &HistoryOptions::dataset, "NAME"},
    {"", "--source", "On the versions of this source's dataset", &HistoryOptions::source, "NAME"},
    {"", "--expectation", "Of one check, point by point", &HistoryOptions::expectation, "CHECK"},
    {"", "--limit", "How many validations to go back", &HistoryOptions::limit, "N", 1, 200},
};

// What a line of a check draws: the shares that were unexpected; where there are none what was
// observed; else whether it was met.
std::vector<double> Drawn(const Json::Array& points) {
  for (const char* field : {"unexpected_share", "observed"}) {
    std::vector<double> values;
    bool any = false;
    for (const Json& point : points) {
      const Json* value = point.Find(field);
      const bool is_number = value != nullptr && value->is_number();
      any |= is_number;
      values.push_back(is_number ? value->AsDouble() : std::numeric_limits<double>::quiet_NaN());
    }
    if (any) return values;
  }
  std::vector<double> values;
  for (const Json& point : points) values.push_back(point.GetString("standing") == "met" ? 0 : 1);
  return values;
}

std::string StandingWords(const Json& point) {
  const std::string standing = point.GetString("standing");
  return standing == "met" ? "met" : standing == "not_met" ? "not met" : "not judged";
}

std::string Measured(const Json& point) {
  if (const Json* share = point.Find("unexpected_share"))
    return fmt::format("{:.4g} % unexpected", 100 * share->AsDouble());
  const Json* observed = point.Find("observed");
  if (observed == nullptr) return "";
  return "observed " + (observed->is_number()   ? FormatMetric(observed->AsDouble())
                        : observed->is_string() ? observed->AsString()
                                                : observed->Dump());
}

void PrintPoints(Console& console, const Json::Array& points) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& point : points)
    rows.push_back({std::to_string(point.GetInt("version")),
                    std::to_string(point.GetInt("suite_version")),
                    FormatTime(point.GetInt("created_ms")), StandingWords(point), Measured(point),
                    point.GetString("validation_id")});
  console.PrintTable({"VERSION", "SUITE", "TIME", "RESULT", "MEASURED", "VALIDATION"}, rows);
}

int ShowHistory(const HistoryOptions& options, Console& console) {
  Json history = console.client().Get(SuitePath(options.suite) + "/history",
                                      {{"dataset", options.dataset},
                                       {"source", options.source},
                                       {"limit", std::to_string(options.limit)}});
  const Json::Array checks = history.At("checks").AsArray();
  std::vector<std::vector<std::string>> rows;
  for (const Json& check : checks) {
    const Json::Array& points = check.At("points").AsArray();
    if (check.GetString("expectation") == options.expectation) {
      console.Answer(check);
      PrintPoints(console, points);
      return 0;
    }
    int met = 0;
    for (const Json& point : points) met += point.GetString("standing") == "met" ? 1 : 0;
    rows.push_back({check.GetString("expectation"), Sparkline(Drawn(points), kSparklineCells),
                    fmt::format("{}/{}", met, points.size()), StandingWords(points.back()),
                    Measured(points.back())});
  }
  if (!options.expectation.empty())
    throw Error(Code::kNotFound, "No such check was run: " + options.expectation);
  console.Answer(history);
  console.PrintTable({"CHECK", "HISTORY", "MET", "LAST", "MEASURED"}, rows);
  return 0;
}

struct CommentOptions {
  std::string suite, expectation, text, validation, name;
};
constexpr Option<CommentOptions> kCommentOptions[] = {
    {"", "SUITE", "The suite's name", &CommentOptions::suite, "", 0, 0,
     Option<CommentOptions>::Kind::kRequired},
    {"", "CHECK", "The check as reports and histories name it: \"between(distance)\"",
     &CommentOptions::expectation, "", 0, 0, Option<CommentOptions>::Kind::kRequired},
    {"", "TEXT", "What there is to say", &CommentOptions::text, "", 0, 0,
     Option<CommentOptions>::Kind::kRequired},
    {"", "--validation", "The validation whose report was read", &CommentOptions::validation, "ID"},
    {"", "--name", "Who says so, on a server that asks nobody who they are", &CommentOptions::name,
     "NAME"},
};

int Comment(const CommentOptions& options, Console& console) {
  const Json comment = console.client().Post(SuitePath(options.suite) + "/comments",
                                             Json::Of({{"expectation", options.expectation},
                                                       {"text", options.text},
                                                       {"validation_id", options.validation},
                                                       {"name", options.name}}));
  console.Answer(comment);
  console.Line(
      fmt::format("{} on {} of {}", comment.GetString("who"), options.expectation, options.suite));
  return 0;
}

struct CommentsOptions {
  std::string suite, expectation;
  int limit = 100;
};
constexpr Option<CommentsOptions> kCommentsOptions[] = {
    {"", "SUITE", "The suite's name", &CommentsOptions::suite, "", 0, 0,
     Option<CommentsOptions>::Kind::kRequired},
    {"", "--expectation", "On this check only", &CommentsOptions::expectation, "CHECK"},
    {"", "--limit", "How many to show", &CommentsOptions::limit, "N", 1, 1000},
};

int ListComments(const CommentsOptions& options, Console& console) {
  const Json list = console.client().Get(
      SuitePath(options.suite) + "/comments",
      {{"expectation", options.expectation}, {"limit", std::to_string(options.limit)}});
  console.Answer(list);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : list.At("comments").AsArray())
    rows.push_back({FormatTime(one.GetInt("created_ms")), one.GetString("who"),
                    one.GetString("expectation"), one.GetString("text")});
  console.PrintTable({"TIME", "WHO", "CHECK", "COMMENT"}, rows);
  return 0;
}

struct ProposeOptions {
  std::string suite, expectation, reason, validation, name;
  bool remove = false;
  std::vector<std::string> sets;
};
constexpr Option<ProposeOptions> kProposeOptions[] = {
    {"", "SUITE", "The suite's name", &ProposeOptions::suite, "", 0, 0,
     Option<ProposeOptions>::Kind::kRequired},
    {"", "CHECK", "The check that is wrong, as reports and histories name it",
     &ProposeOptions::expectation, "", 0, 0, Option<ProposeOptions>::Kind::kRequired},
    {"", "--set", "What it should say, such as max_value=6000 or mostly=0.99; null takes it away",
     &ProposeOptions::sets, "KWARG=JSON"},
    {"", "--remove", "It should go", &ProposeOptions::remove},
    {"", "--reason", "Why it is wrong", &ProposeOptions::reason, "TEXT", 0, 0,
     Option<ProposeOptions>::Kind::kRequired},
    {"", "--validation", "The validation whose report was read", &ProposeOptions::validation, "ID"},
    {"", "--name", "Who says so, on a server that asks nobody who they are", &ProposeOptions::name,
     "NAME"},
};

Json ChangeOf(const ProposeOptions& options) {
  if (options.remove == !options.sets.empty())
    throw InvalidArgument("Give either --remove or --set").WithField("--set");
  if (options.remove) return Json::Of({{"remove", true}});
  Json kwargs = Json::MakeObject();
  for (const std::string& text : options.sets) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw InvalidArgument("--set takes KWARG=JSON, not: {}", text).WithField("--set");
    Json value(text.substr(equals + 1));
    try {
      value = ParseJson(value.AsString());
    } catch (const Error&) {  // it is text
    }
    kwargs.Set(text.substr(0, equals), std::move(value));
  }
  return Json::Of({{"set", std::move(kwargs)}});
}

int Propose(const ProposeOptions& options, Console& console) {
  const Json proposal = console.client().Post(SuitePath(options.suite) + "/proposals",
                                              Json::Of({{"expectation", options.expectation},
                                                        {"change", ChangeOf(options)},
                                                        {"reason", options.reason},
                                                        {"validation_id", options.validation},
                                                        {"name", options.name}}));
  console.Answer(proposal);
  console.Line(fmt::format("{} proposes for {} of {}: {}", proposal.GetString("who"),
                           options.expectation, options.suite, proposal.GetString("words")));
  console.Hint("next: millwright quality accept " + proposal.GetString("id"));
  return 0;
}

struct ProposalsOptions {
  std::string suite, state = "open";
  bool all = false;
  int limit = 100;
};
constexpr Option<ProposalsOptions> kProposalsOptions[] = {
    {"", "SUITE", "Of this suite only", &ProposalsOptions::suite},
    {"", "--state", "open, accepted or rejected", &ProposalsOptions::state, "STATE"},
    {"", "--all", "In all states", &ProposalsOptions::all},
    {"", "--limit", "How many to show", &ProposalsOptions::limit, "N", 1, 1000},
};

int ListProposals(const ProposalsOptions& options, Console& console) {
  const Json list =
      console.client().Get("/api/v1/suite-proposals", {{"suite", options.suite},
                                                       {"state", options.all ? "" : options.state},
                                                       {"limit", std::to_string(options.limit)}});
  console.Answer(list);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : list.At("proposals").AsArray()) {
    std::string state = one.GetString("state");
    if (state != "open") state += " by " + one.GetString("decided_by");
    rows.push_back({one.GetString("id"), one.GetString("suite"), one.GetString("expectation"),
                    one.GetString("words"), one.GetString("who"), one.GetString("reason"), state});
  }
  console.PrintTable({"ID", "SUITE", "CHECK", "CHANGE", "WHO", "WHY", "STATE"}, rows);
  return 0;
}

struct AcceptOptions {
  std::string id, reason, name;
};
constexpr Option<AcceptOptions> kAcceptOptions[] = {
    {"", "ID", "The proposal's id", &AcceptOptions::id, "", 0, 0,
     Option<AcceptOptions>::Kind::kRequired},
    {"", "--reason", "Why, for the suite's history", &AcceptOptions::reason, "TEXT"},
    {"", "--name", "Who decides, on a server that asks nobody who they are", &AcceptOptions::name,
     "NAME"},
};
constexpr Option<AcceptOptions> kRejectOptions[] = {
    {"", "ID", "The proposal's id", &AcceptOptions::id, "", 0, 0,
     Option<AcceptOptions>::Kind::kRequired},
    {"", "--reason", "Why not", &AcceptOptions::reason, "TEXT", 0, 0,
     Option<AcceptOptions>::Kind::kRequired},
    {"", "--name", "Who decides, on a server that asks nobody who they are", &AcceptOptions::name,
     "NAME"},
};

Json Decide(const AcceptOptions& options, const char* verb, Console& console) {
  Json proposal = console.client().Post(
      fmt::format("/api/v1/suite-proposals/{}/{}", fetch::PercentEncode(options.id), verb),
      Json::Of({{"reason", options.reason}, {"name", options.name}}));
  console.Answer(proposal);
  return proposal;
}

int Accept(const AcceptOptions& options, Console& console) {
  const Json proposal = Decide(options, "accept", console);
  console.Line(fmt::format("{} is accepted: suite {} is version {} now", options.id,
                           proposal.GetString("suite"), proposal.GetInt("result_version")));
  return 0;
}

int Reject(const AcceptOptions& options, Console& console) {
  Decide(options, "reject", console);
  console.Line(options.id + " is rejected: " + options.reason);
  return 0;
}

}  // namespace

void AddSuiteReviewCommands(Commands& commands) {
  commands.push_back(MakeCommand("quality suites", "List the suites that are kept by name",
                                 kLimitOptions, ListSuites));
  commands.push_back(MakeCommand("quality versions", "List who changed a suite when and why",
                                 kNameOptions, ListVersions));
  commands.push_back(MakeCommand("quality delete", "Remove a suite that is attached to nothing",
                                 kNameOptions, DeleteSuite));
  commands.push_back(MakeCommand("quality history",
                                 "Show what each check of a suite came to so far", kHistoryOptions,
                                 ShowHistory));
  commands.push_back(
      MakeCommand("quality comment", "Say something of a check", kCommentOptions, Comment));
  commands.push_back(MakeCommand("quality comments", "List what was said of a suite's checks",
                                 kCommentsOptions, ListComments));
  commands.push_back(MakeCommand("quality propose", "Mark a check as wrong and propose a change",
                                 kProposeOptions, Propose));
  commands.push_back(MakeCommand("quality proposals", "List the changes that are proposed",
                                 kProposalsOptions, ListProposals));
  commands.push_back(MakeCommand("quality accept",
                                 "Make a version of the suite with a proposed change",
                                 kAcceptOptions, Accept));
  commands.push_back(
      MakeCommand("quality reject", "Turn a proposed change down", kRejectOptions, Reject));
}

}  // namespace millwright::cli
