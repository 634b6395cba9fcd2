// The command `runs tail`: the last points of a run's metrics, and the ones that come.
#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/metric_board.h"
#include "cli/run_finder.h"
#include "cli/run_table.h"
#include "cli/run_tail.h"
#include "cli/stop_signals.h"
#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

// What a line of the board has room for.
constexpr int kBoardPoints = 60;

struct TailOptions {
  std::string run;
  std::vector<std::string> metrics;
  bool follow = false;
  int points = 10;
  int64_t interval_ms = 1000;
};
constexpr Option<TailOptions> kTailOptions[] = {
    {"", "RUN", "The run's id, the beginning of it, or its name", &TailOptions::run, "", 0, 0,
     Option<TailOptions>::Kind::kRequired},
    {"", "--follow", "Go on until the run ends; sparklines in a terminal, else a line a point",
     &TailOptions::follow, "", 0, 0, Option<TailOptions>::Kind::kPlain, "-f"},
    {"", "--metric", "A metric to show, as auc or auc,loss; repeatable; all if not given",
     &TailOptions::metrics, "KEY"},
    {"", "--points", "How many of the last points of each metric to begin with",
     &TailOptions::points, "N", 1, 1000, Option<TailOptions>::Kind::kPlain, "-n"},
    {"", "--interval-ms", "How often to ask for what is new", &TailOptions::interval_ms, "MS", 10,
     3'600'000},
};

Json PointJson(const RunTail::Update& update) {
  return Json::Of({{"key", update.key},
                   {"value", update.point.value},
                   {"step", update.point.step},
                   {"timestamp", update.point.timestamp_ms}});
}

void PrintPoint(const RunTail::Update& update, const Console& console) {
  if (console.json) {
    fmt::print("{}\n", PointJson(update).Dump());
  } else {
    fmt::print("{}  step {:<8}  {} = {}\n", FormatTime(update.point.timestamp_ms),
               update.point.step, Printable(update.key), FormatMetricValue(update.point.value));
  }
}

// Prints points as they come, a line each.
class PointLines {
 public:
  explicit PointLines(const Console& console) : console_(console) {}

  void Show(const Json& /*run*/, const std::vector<RunTail::Update>& updates) {
    for (const auto& update : updates) PrintPoint(update, console_);
    std::fflush(stdout);
  }
  void StartAnew() {}

 private:
  const Console& console_;
};

// Draws the board over itself, each time that something is new or the run's state another.
class LiveBoard {
 public:
  explicit LiveBoard(const Console& console) : console_(console) {}

  void Show(const Json& run, const std::vector<RunTail::Update>& updates) {
    for (const auto& update : updates) board_.Add(update.key, update.point);
    const auto [columns, rows] = console_.terminal_size();
    // The title, and the line that the cursor stands in.
    constexpr size_t kOtherRows = 2;
    auto lines = board_.Draw(columns, rows > kOtherRows ? rows - kOtherRows : 1);
    const Json& info = run.At("info");
    lines.insert(lines.begin(),
                 ShortenMiddle(fmt::format("{}  {}  {}", RunTitle(run), info.GetString("status"),
                                           RunDuration(info, SystemClock().NowMs())),
                               columns));
    std::string text = drawn_ > 0 ? fmt::format("\033[{}A", drawn_) : "";
    for (const auto& line : lines) text += fmt::format("\r{}\033[K\n", line);
    fmt::print("{}\033[J", text);
    std::fflush(stdout);
    drawn_ = lines.size();
  }
  // Draws below from now on: something else was printed.
  void StartAnew() { drawn_ = 0; }

 private:
  const Console& console_;
  MetricBoard board_;
  size_t drawn_ = 0;
};

// Asks until the run ends or a signal comes. A server that does not answer is waited for: a restart
// of it is no end of the run.
template <typename View>
void Follow(RunTail* tail, View view, int64_t interval_ms) {
  StopSignals signals;
  bool is_lost = false;
  do {
    try {
      const auto updates = tail->Advance();
      is_lost = false;
      view.Show(tail->run(), updates);
      if (tail->has_ended()) return;
    } catch (const Error& error) {
      if (error.code() != Code::kUnavailable) throw;
      if (!is_lost) {
        fmt::print(stderr, "The server does not answer; waiting: {}\n", error.message());
        view.StartAnew();
      }
      is_lost = true;
    }
  } while (!signals.WaitFor(interval_ms));
}

int ShowLastPoints(RunTail* tail, Console& console) {
  const auto updates = tail->Advance();
  Json points = Json::MakeArray();
  for (const auto& update : updates) points.Append(PointJson(update));
  console.Answer(Json::Of({{"run", tail->run().At("info")}, {"points", points}}));
  if (console.json || console.quiet) return 0;
  for (const auto& update : updates) PrintPoint(update, console);
  return 0;
}

int Tail(const TailOptions& options, Console& console) {
  const Json run = FindRun(console.client(), options.run, Lifecycle::kAll);
  const bool is_board = options.follow && console.writes_to_terminal() && !console.json;
  RunTail tail(
      console.client(), run.At("info").GetString("run_id"), SplitKeys(options.metrics),
      static_cast<size_t>(is_board ? std::max(options.points, kBoardPoints) : options.points));
  const auto known = TextsOf(run, "metrics");
  for (const std::string& key : SplitKeys(options.metrics))
    if (!known.contains(key))
      console.Hint(fmt::format("{} has no metric {}{}", RunTitle(run), Printable(key),
                               options.follow ? " yet" : ""));
  if (!options.follow) return ShowLastPoints(&tail, console);
  if (is_board) {
    Follow(&tail, LiveBoard(console), options.interval_ms);
  } else {
    Follow(&tail, PointLines(console), options.interval_ms);
  }
  if (!console.json && tail.run().Has("info"))
    fmt::print(stderr, "Run {} is {}\n", RunTitle(tail.run()),
               tail.run().At("info").GetString("status"));
  return 0;
}

}  // namespace

void AddRunTailCommand(Commands& commands) {
  commands.push_back(MakeCommand("runs tail", "Show the last points of a run's metrics, or follow",
                                 kTailOptions, Tail));
}

}  // namespace millwright::cli
