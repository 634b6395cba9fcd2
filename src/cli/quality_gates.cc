// Which suites judge the new versions of what.
#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"

namespace millwright::cli {
namespace {

struct AttachOptions {
  std::string suite, dataset, source, on_failure = "quarantine";
};
constexpr Option<AttachOptions> kAttachOptions[] = {
    {"", "SUITE", "The suite's name", &AttachOptions::suite, "", 0, 0,
     Option<AttachOptions>::Kind::kRequired},
    {"", "--dataset", "Judge every new version of this dataset", &AttachOptions::dataset, "NAME"},
    {"", "--source", "Judge every new version that is made of this source", &AttachOptions::source,
     "NAME"},
    {"", "--on-failure",
     "quarantine: hold the version; set-aside: hold the rows that failed, the rest goes on; warn: "
     "let it pass, with an event",
     &AttachOptions::on_failure, "WHAT"},
};
constexpr Option<AttachOptions> kDetachOptions[] = {
    {"", "SUITE", "The suite's name", &AttachOptions::suite, "", 0, 0,
     Option<AttachOptions>::Kind::kRequired},
    {"", "--dataset", "From this dataset", &AttachOptions::dataset, "NAME"},
    {"", "--source", "From this source", &AttachOptions::source, "NAME"},
};
constexpr Option<AttachOptions> kAttachmentsOptions[] = {
    {"", "SUITE", "Of this suite only", &AttachOptions::suite},
    {"", "--dataset", "To this dataset only", &AttachOptions::dataset, "NAME"},
    {"", "--source", "To this source only", &AttachOptions::source, "NAME"},
};

std::string PathOf(const AttachOptions& options) {
  return "/api/v1/suites/" + fetch::PercentEncode(options.suite) + "/attachments";
}

std::string TargetWords(const std::string& dataset, const std::string& source) {
  return dataset.empty() ? "source " + source : "dataset " + dataset;
}

void RequireOneTarget(const AttachOptions& options) {
  if (options.dataset.empty() == options.source.empty())
    throw InvalidArgument("Give either --dataset or --source").WithField("--dataset");
}

// A suite may be there before what it judges; a name that is mistyped is said so.
bool Exists(Client& client, const AttachOptions& options) {
  if (!options.source.empty()) {
    const Json list = client.Get("/api/v1/sources");
    for (const Json& one : list.At("sources").AsArray())
      if (one.GetString("name") == options.source) return true;
    return false;
  }
  try {
    client.Get("/api/v1/datasets/" + fetch::PercentEncode(options.dataset));
    return true;
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) throw;
    return false;
  }
}

int Attach(const AttachOptions& options, Console& console) {
  RequireOneTarget(options);
  console.Answer(
      console.client().Post(PathOf(options), Json::Of({{"dataset", options.dataset},
                                                       {"source", options.source},
                                                       {"on_failure", options.on_failure}})));
  console.Line(fmt::format("Suite {} judges every new version of the {}; on failure: {}",
                           options.suite, TargetWords(options.dataset, options.source),
                           options.on_failure));
  if (!Exists(console.client(), options)) {
    console.Line(fmt::format("There is no {} yet: its first version will be judged",
                             TargetWords(options.dataset, options.source)));
  }
  return 0;
}

int Detach(const AttachOptions& options, Console& console) {
  RequireOneTarget(options);
  const auto [key, value] = options.dataset.empty() ? std::pair("source", options.source)
                                                    : std::pair("dataset", options.dataset);
  console.Answer(console.client().Delete(
      fmt::format("{}?{}={}", PathOf(options), key, fetch::PercentEncode(value))));
  console.Line(fmt::format("Suite {} judges the {} no longer", options.suite,
                           TargetWords(options.dataset, options.source)));
  return 0;
}

int ListAttachments(const AttachOptions& options, Console& console) {
  const Json list = console.client().Get(
      "/api/v1/suite-attachments",
      {{"suite", options.suite}, {"dataset", options.dataset}, {"source", options.source}});
  console.Answer(list);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : list.At("attachments").AsArray())
    rows.push_back(
        {one.GetString("suite"), TargetWords(one.GetString("dataset"), one.GetString("source")),
         one.GetString("on_failure"), FormatTime(one.GetInt("created_ms")), one.GetString("who")});
  console.PrintTable({"SUITE", "JUDGES", "ON FAILURE", "SINCE", "BY"}, rows);
  return 0;
}

}  // namespace

void AddSuiteGateCommands(Commands& commands) {
  commands.push_back(MakeCommand("quality attach",
                                 "Let a suite judge every new version of a dataset or a source",
                                 kAttachOptions, Attach));
  commands.push_back(MakeCommand("quality detach",
                                 "Let a suite judge a dataset or a source no longer",
                                 kDetachOptions, Detach));
  commands.push_back(MakeCommand("quality attachments",
                                 "List which suites judge the new versions of what",
                                 kAttachmentsOptions, ListAttachments));
}

}  // namespace millwright::cli
