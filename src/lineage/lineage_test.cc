#include "lineage/lineage.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::lineage {
namespace {

using Nodes = std::vector<std::string>;

class LineageGraphTest : public storage::DatabaseTest {
 protected:
  void Add(const std::string& from, const std::string& to, const std::string& label) {
    db().Write([&](storage::Connection& connection) { graph_.Add(connection, from, to, label); });
    clock_.Advance(1);
  }
  // source → flights@1 → features@1 → two runs → a model from one of them.
  void AddFlights() {
    Add("source:flights", "dataset:flights@1", "parsed");
    Add("dataset:flights@1", "dataset:features@1", "derived");
    Add("dataset:features@1", "run:a", "trained");
    Add("dataset:features@1", "run:b", "trained");
    Add("run:b", "model:late@1", "registered");
  }
  Code CodeOf(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "Nothing was thrown";
    return Code::kInternal;
  }

  ManualClock clock_{1000};
  LineageGraph graph_{db(), clock_};
};

TEST_P(LineageGraphTest, WalksToWhatANodeWasMadeOfAndToWhatWasMadeOfIt) {
  AddFlights();
  EXPECT_EQ(graph_.Walk("run:b").nodes, (Nodes{"run:b", "dataset:features@1", "dataset:flights@1",
                                               "source:flights", "model:late@1"}));
  EXPECT_EQ(graph_.Walk("run:b", {.direction = Direction::kDownstream}).nodes,
            (Nodes{"run:b", "model:late@1"}));
  const Graph up = graph_.Walk("run:b", {.direction = Direction::kUpstream, .depth = 1});
  EXPECT_EQ(up.nodes, (Nodes{"run:b", "dataset:features@1"}));
  EXPECT_EQ(up.edges, (std::vector<Edge>{{"dataset:features@1", "run:b", "trained", 1003}}));
  EXPECT_TRUE(up.is_cut);
  EXPECT_FALSE(graph_.Walk("run:b").is_cut);
}

TEST_P(LineageGraphTest, KeepsTheTimeOfAnEdgeThatIsAddedAgain) {
  Add("run:a", "model:m@1", "registered");
  Add("run:a", "model:m@1", "registered");
  Add("run:a", "model:m@1", "checked");
  EXPECT_EQ(graph_.Walk("run:a").edges,
            (std::vector<Edge>{{"run:a", "model:m@1", "checked", 1002},
                               {"run:a", "model:m@1", "registered", 1000}}));
}

TEST_P(LineageGraphTest, EndsOnCycles) {
  Add("task:a", "task:b", "then");
  Add("task:b", "task:a", "then");
  const Graph graph = graph_.Walk("task:a");
  EXPECT_EQ(graph.nodes, (Nodes{"task:a", "task:b"}));
  EXPECT_EQ(graph.edges.size(), 2U);
}

TEST_P(LineageGraphTest, CutsAHubAtTheLimit) {
  db().Write([&](storage::Connection& connection) {
    for (int i = 0; i < 300; ++i)
      graph_.Add(connection, "dataset:d@1", "run:" + std::to_string(i), "trained");
  });
  const Graph graph = graph_.Walk("dataset:d@1", {.node_max = 50});
  EXPECT_EQ(graph.nodes.size(), 50U);
  EXPECT_EQ(graph.edges.size(), 49U);
  EXPECT_TRUE(graph.is_cut);
}

TEST_P(LineageGraphTest, UndoesAnEdgeWithItsTransaction) {
  EXPECT_EQ(CodeOf([&] {
              db().Write([&](storage::Connection& connection) {
                graph_.Add(connection, "run:a", "model:m@1", "registered");
                throw FailedPrecondition("gate");
              });
            }),
            Code::kFailedPrecondition);
  EXPECT_EQ(graph_.Walk("run:a").nodes, Nodes{"run:a"});
}

TEST_P(LineageGraphTest, RefusesNodesAndLimitsThatMakeNoSense) {
  for (const std::string& node : Nodes{"", "run", ":a", "run:", "Run:a", "r un:a",
                                       "run:" + std::string(kNodeBytesMax, 'x')}) {
    EXPECT_EQ(CodeOf([&] { Add(node, "run:a", "x"); }), Code::kInvalidArgument) << node;
    EXPECT_EQ(CodeOf([&] { graph_.Walk(node); }), Code::kInvalidArgument) << node;
  }
  EXPECT_EQ(CodeOf([&] { graph_.Walk("run:a", {.depth = 0}); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { graph_.Walk("run:a", {.depth = kDepthMax + 1}); }),
            Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { graph_.Walk("run:a", {.node_max = 0}); }), Code::kInvalidArgument);
  EXPECT_EQ(graph_.Walk("run:ü 東京").nodes, Nodes{"run:ü 東京"});
}

MILLWRIGHT_ON_BOTH_DATABASES(LineageGraphTest);

}  // namespace
}  // namespace millwright::lineage
