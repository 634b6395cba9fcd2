#include "cli/embeddings.h"

#include <fmt/format.h>

#include "analytics/session.h"
#include "base/error.h"
#include "drift/embedding_drift.h"

namespace millwright::cli {
namespace {

constexpr int kDrifted = 3;

struct EmbeddingsOptions {
  std::string reference, current, column;
  int64_t rows_max = drift::kEmbeddingRowsMax, permutations = 200, seed = 0;
  std::vector<std::string> fail_on;
};
constexpr Option<EmbeddingsOptions> kEmbeddingsOptions[] = {
    {"", "REFERENCE", "A data file (Parquet or JSON lines)", &EmbeddingsOptions::reference, "", 0,
     0, Option<EmbeddingsOptions>::Kind::kRequired},
    {"", "CURRENT", "The data file to compare with it", &EmbeddingsOptions::current, "", 0, 0,
     Option<EmbeddingsOptions>::Kind::kRequired},
    {"", "--column", "The column of lists of numbers", &EmbeddingsOptions::column, "COLUMN", 0, 0,
     Option<EmbeddingsOptions>::Kind::kRequired},
    {"", "--rows-max", "Draw about so many rows of a larger file", &EmbeddingsOptions::rows_max,
     "N", 1, 1e7},
    {"", "--permutations", "Of the sides, for the discrepancy's chance",
     &EmbeddingsOptions::permutations, "N", 20, 100'000},
    {"", "--seed", "What the rows drawn, the permutations and the trees follow from",
     &EmbeddingsOptions::seed, "N", 0, 1e15},
    {"", "--fail-on", "Exit 3 where this method says drift; repeatable",
     &EmbeddingsOptions::fail_on, "METHOD"},
};

drift::Points ReadSide(analytics::Session& session, const std::string& path,
                       const EmbeddingsOptions& options, size_t dimensions) {
  return drift::ReadPoints(session, analytics::ReadFileSql(path), options.column, dimensions,
                           options.rows_max, static_cast<uint64_t>(options.seed));
}

// The length of the reference's lists. Both files must have such a column.
size_t RequireEmbedding(analytics::Session& session, const EmbeddingsOptions& options) {
  for (const std::string& path : {options.reference, options.current}) {
    bool is_there = false;
    for (const auto& column : session.Describe("SELECT * FROM " + analytics::ReadFileSql(path))) {
      if (column.name != options.column) continue;
      is_there = true;
      if (!drift::IsEmbedding(column)) {
        throw InvalidArgument("{} of {} holds no lists of numbers: {}", column.name, path,
                              column.sql_type)
            .WithField("--column");
      }
    }
    if (!is_there) {
      throw InvalidArgument("{} has no column {}", path, options.column).WithField("--column");
    }
  }
  const size_t dimensions = drift::EmbeddingDimensions(
      session, analytics::ReadFileSql(options.reference), options.column);
  if (dimensions == 0) throw InvalidArgument("{} holds no list", options.column);
  return dimensions;
}

int Compare(const EmbeddingsOptions& options, Console& console) {
  analytics::Session session;
  const size_t dimensions = RequireEmbedding(session, options);
  const drift::EmbeddingDrift result =
      drift::CompareEmbeddings(ReadSide(session, options.reference, options, dimensions),
                               ReadSide(session, options.current, options, dimensions),
                               {.permutations = static_cast<int>(options.permutations),
                                .seed = static_cast<uint64_t>(options.seed)});
  bool is_bad = false;
  for (const std::string& name : options.fail_on) {
    const drift::EmbeddingMethod* method = result.Find(name);
    if (method == nullptr) {
      throw InvalidArgument("There is no method {}", name).WithField("--fail-on");
    }
    is_bad |= method->drifted;
  }
  console.Answer(result.ToJson());
  std::vector<std::vector<std::string>> rows;
  for (const drift::EmbeddingMethod& method : result.methods) {
    rows.push_back(
        {method.name, method.score ? fmt::format("{:.4g}", *method.score) : "–",
         method.name == "mmd" || !method.score ? "" : fmt::format("{:.4g}", method.threshold),
         method.p_value ? fmt::format("{:.2g}", *method.p_value) : "",
         method.drifted ? "drifted"
         : method.score ? ""
                        : "not enough data",
         method.note});
  }
  constexpr auto kRight = Column::Align::kRight;
  console.PrintTable({"METHOD",
                      {"SCORE", kRight},
                      {"FROM", kRight},
                      {"P", kRight},
                      "RESULT",
                      {"NOTE", Column::Align::kSentence}},
                     rows);
  console.Line(fmt::format("{} points of {} numbers against {} of the reference",
                           FormatCount(result.current_points), dimensions,
                           FormatCount(result.reference_points)));
  return is_bad ? kDrifted : 0;
}

}  // namespace

std::unique_ptr<Command> EmbeddingsCommand() {
  return MakeCommand("drift embeddings", "Compare lists of numbers as points, in six ways",
                     kEmbeddingsOptions, Compare);
}

}  // namespace millwright::cli
