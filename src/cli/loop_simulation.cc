#include "cli/loop_simulation.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"
#include "cli/client.h"
#include "cli/progress.h"
#include "loop/history.h"
#include "loop/simulator.h"

namespace millwright::cli {
namespace {

using Align = Column::Align;

struct SimulateOptions {
  std::string policy, history, monitor, from, reference = "28d", label_delay = "0s";
  std::string id_column, time_column, version_column, output_column, outcome_column;
  bool all = false;
};
constexpr Option<SimulateOptions> kSimulateOptions[] = {
    {"", "POLICY", "The policy's YAML file", &SimulateOptions::policy, "", 0, 0,
     Option<SimulateOptions>::Kind::kRequired},
    {"", "--history",
     "The log of predictions: the folder of a server's log (DATA/predictions), a folder of Parquet "
     "files, one file, or http://SERVER/LOG",
     &SimulateOptions::history, "PLACE", 0, 0, Option<SimulateOptions>::Kind::kRequired},
    {"", "--monitor", "A monitor's YAML file, for its window, thresholds and features",
     &SimulateOptions::monitor, "FILE"},
    {"", "--from", "Leave out what happened before, such as the rows that the model was trained on",
     &SimulateOptions::from, "TIME"},
    {"", "--reference", "How much of the beginning is the reference", &SimulateOptions::reference,
     "LENGTH"},
    {"", "--label-delay", "From a window's end until its outcomes are known",
     &SimulateOptions::label_delay, "LENGTH"},
    {"", "--id-column", "The prediction's id; id if not given", &SimulateOptions::id_column,
     "COLUMN"},
    {"", "--time-column", "When it happened; event_time_ms or time_ms if not given",
     &SimulateOptions::time_column, "COLUMN"},
    {"", "--version-column", "The model's version", &SimulateOptions::version_column, "COLUMN"},
    {"", "--output", "The output that the policy's label rule reads",
     &SimulateOptions::output_column, "COLUMN"},
    {"", "--outcome-column", "What really happened", &SimulateOptions::outcome_column, "COLUMN"},
    {"", "--all", "Print every decision, not only where it went on", &SimulateOptions::all},
};

int64_t DurationOf(const std::string& text, const char* option) {
  try {
    return loop::ParseDuration(text);
  } catch (const Error& error) {
    throw InvalidArgument("{}", error.message()).WithField(option);
  }
}

// Fields that say what the reference is: here it is the beginning of the history.
monitoring::MonitorSpec MonitorOf(const std::string& file) {
  Json spec = Json::MakeObject();
  const Json given = ParseYaml(ReadFile(file));
  for (const auto& [key, value] : given.AsObject("the monitor")) {
    const bool is_reference = key == "version" || key == "reference_metric" || key == "since" ||
                              key == "dataset" || key == "reference_window";
    if (!is_reference) spec.Set(key, value);
  }
  // The drop or rise is from what the reference is measured to have.
  for (const auto& [limit, figure] :
       {std::pair{"auc_drop_max", "reference_auc"}, std::pair{"mae_rise_max", "reference_mae"},
        std::pair{"rmse_rise_max", "reference_rmse"}}) {
    if (spec.Has(limit) && !spec.Has(figure)) spec.Set(figure, 1.0);
  }
  if (!spec.Has("reference")) spec.Set("reference", "the beginning of the history");
  return monitoring::MonitorSpec::FromJson(spec);
}

// A history of a server is fetched first.
std::filesystem::path Fetch(const std::string& place, const TempDir& folder, Console& console) {
  if (!place.starts_with("http://") && !place.starts_with("https://")) return place;
  const size_t slash = place.rfind('/');
  const std::string server = place.substr(0, slash);
  const std::string log = place.substr(slash + 1);
  if (log.empty() || server.ends_with(":/") || server.ends_with(":"))
    throw InvalidArgument("Write http://SERVER/LOG, not {}", place).WithField("--history");
  const auto file = folder.path() / "history.parquet";
  auto progress = console.StartProgress("fetch " + log);
  Client client(server);
  client.Download("/api/v1/prediction-logs/" + fetch::PercentEncode(log) + "/file?format=parquet",
                  file);
  progress->Finish("fetched");
  return file;
}

std::string Money(double value) {
  return fmt::format("{:.0f}", value);
}

void PrintCosts(const loop::Simulation& simulation, const loop::Policy& policy, Console& console) {
  if (simulation.costs.empty()) {
    console.Line("Nothing is said about costs: no outcome or no answer is known");
    return;
  }
  std::vector<std::vector<std::string>> rows;
  const double never = simulation.costs.front().total();
  for (const loop::PlanCost& cost : simulation.costs) {
    rows.push_back({cost.plan, std::to_string(cost.retrainings), Money(cost.errors),
                    Money(cost.retraining), Money(cost.total()), Money(never - cost.total())});
  }
  console.PrintTable({"PLAN",
                      {"RETRAININGS", Align::kRight},
                      {"ERRORS", Align::kRight},
                      {"RETRAINING", Align::kRight},
                      {"TOTAL", Align::kRight},
                      {"SAVED", Align::kRight}},
                     rows);
  console.Line(
      fmt::format("Assumed: a candidate answers as the live version did, approvals come at once, "
                  "and a retrained "
                  "model takes away {:.0f} % of the excess cost that the week before its training "
                  "showed. The log "
                  "cannot say how good a model that was never trained would have been.",
                  100 * policy.costs.recovery));
}

int Simulate(const SimulateOptions& options, Console& console) {
  const loop::Policy policy = loop::ParsePolicy(ReadFile(options.policy));
  loop::SimulationOptions simulation_options{
      .reference_ms = DurationOf(options.reference, "--reference"),
      .label_delay_ms = DurationOf(options.label_delay, "--label-delay")};
  if (!options.monitor.empty()) simulation_options.monitor = MonitorOf(options.monitor);
  const TempDir folder;
  analytics::Session session;
  const loop::History history = loop::OpenHistory(
      session, Fetch(options.history, folder, console), policy,
      {options.id_column, options.time_column, options.version_column, options.output_column,
       options.outcome_column, options.from.empty() ? 0 : ParseTime(options.from)});
  auto progress = console.StartProgress("simulate");
  const loop::Simulation simulation = loop::Simulate(session, history, policy, simulation_options);
  progress->Finish(fmt::format("{} decisions", simulation.decisions.size()));
  console.Answer(simulation.ToJson().Set("model", policy.model));
  console.Line(fmt::format(
      "{} predictions with {} outcomes from {} to {}; the reference ends at {}",
      FormatCount(simulation.predictions), FormatCount(simulation.outcomes),
      FormatTime(simulation.from_ms).substr(0, 10), FormatTime(simulation.to_ms).substr(0, 10),
      FormatTime(simulation.reference_end_ms).substr(0, 10)));
  std::vector<std::vector<std::string>> rows;
  for (const loop::Decision& decision : simulation.decisions) {
    const bool goes_on = decision.from != decision.to || decision.action == loop::Action::kCanary;
    if (!options.all && !goes_on) continue;
    rows.push_back({FormatTime(decision.time_ms).substr(0, 16),
                    std::string(loop::Name(decision.action)), decision.rule, decision.reason});
  }
  console.PrintTable({"TIME", "WOULD", "RULE", {"WHY", Align::kSentence}}, rows);
  console.Line(fmt::format("{} alerts, {} retrainings, {} promotions", simulation.alerts.size(),
                           simulation.retrainings, simulation.promotions));
  PrintCosts(simulation, policy, console);
  return 0;
}

}  // namespace

void AddLoopSimulation(Commands& commands) {
  commands.push_back(MakeCommand("loop simulate",
                                 "Say what a policy would have done with a log of predictions",
                                 kSimulateOptions, Simulate));
}

}  // namespace millwright::cli
