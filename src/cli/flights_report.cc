#include <fmt/format.h>

#include "cli/client.h"
#include "cli/flights_demo.h"

namespace millwright::cli {
namespace {

// What a task of the retraining handed on.
Json OutputsOf(const Json& run, std::string_view task_name) {
  for (const Json& task : run.At("tasks").AsArray())
    if (task.GetString("name") == task_name) return task.At("outputs");
  return Json::MakeObject();
}

std::string Outcome(const Json& run) {
  const std::string state = run.GetString("state");
  const Json compared = OutputsOf(run, "compare");
  const std::string judged = compared.GetString("summary");
  if (state == "succeeded")
    return fmt::format("version {} was promoted: {}",
                       OutputsOf(run, "register").GetString("version"), judged);
  if (state == "held") return "the gate said hold: " + judged;
  return "the retraining " + state;
}

}  // namespace

int FlightsDemo::Report() {
  step_ = 11;
  const std::string state = retraining_.GetString("state");
  const bool closed = (state == "succeeded" || state == "held") && failed_ == 0;
  const std::string uri = console_.client().uri();
  console_.Line("");
  console_.Line(closed ? "The loop is closed." : "The loop did NOT close.");
  console_.Line(fmt::format("  found     {}", alert_.GetString("message")));
  console_.Line(fmt::format("  done      {}", Outcome(retraining_)));
  console_.Line(fmt::format("  requests  {} answered, {} failed", FormatCount(requests_), failed_));
  if (!first_failure_.empty()) console_.Line("  first failure: " + first_failure_);
  console_.Line("\nLook at");
  for (const auto& [what, path] :
       {std::pair{"the loop      ", std::string("/")},
        {"the monitor   ", std::string("/monitors/flights-late")},
        {"the endpoint  ", std::string("/endpoints/flights-late")},
        {"the model     ", std::string("/models/flights-late")},
        {"the retraining", "/pipeline-runs/" + retraining_.GetString("id")},
        {"the lineage   ", std::string("/lineage?node=endpoint:flights-late")}})
    console_.Line(fmt::format("  {}  {}{}", what, uri, path));
  console_.Line("\nBy hand this would have been");
  for (const auto& line : lines_) console_.Hint("  " + line);
  console_.Answer(Json::Of({{"closed", closed},
                            {"alert", alert_},
                            {"requests", requests_},
                            {"failed", failed_},
                            {"version", version_},
                            {"retraining", retraining_}}));
  return closed ? 0 : 1;
}

}  // namespace millwright::cli
