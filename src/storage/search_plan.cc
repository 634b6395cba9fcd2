#include "storage/search_plan.h"

#include <fmt/core.h>

#include <algorithm>

// Two ways lead to a page, and the wrong one costs a thousand times the right one: a filter that 12
// of a million runs pass must start from these 12; one that half of them pass must walk the order
// and stop after a page. Neither SQLite nor PostgreSQL can know, for their statistics do not say
// how many runs have `loss < 0.3`. An index can be asked, though, and answers `are there more than
// 1,000?` in a tenth of a millisecond, so each test is asked. Where all answer yes, walking is
// expected to look at rows × size / 1,000 entries; only where that is much, the tests are asked
// again with a larger bound, to tell 1,001 from a million.
namespace millwright::storage {
namespace {

constexpr int64_t kManyRows = 20'000;
// Walking so many entries costs about what asking again does.
constexpr double kFewSteps = 5'000;
// Tests that are asked; the others are only tested.
constexpr size_t kAskedMax = 8;
// A row that is found costs more than an entry that is passed by: it is looked up and sorted.
constexpr double kFindCost = 2;

void AddConjuncts(const SearchNode& node, std::vector<const SearchNode*>* tests) {
  if (node.kind == SearchNode::Kind::kTest) tests->push_back(&node);
  if (node.kind != SearchNode::Kind::kAnd) return;
  for (const auto& child : node.children) AddConjuncts(*child, tests);
}

bool IsOf(const SearchSchema& schema, const SearchNode& test, std::string_view column) {
  const SearchName name = SplitName(test.name);
  const std::string_view entity = EntityOf(schema, name);
  return entity == "attribute" &&
         FindAttribute(schema, entity, name.key, SearchUse::kFilter).column == column;
}

// A way to find rows and how many it finds; a count that reached the bound says "at least".
struct Found {
  const SearchNode* test = nullptr;
  int64_t count = 0;
};

class Asker {
 public:
  Asker(Connection& connection, const SearchedTable& table)
      : connection_(connection), table_(table) {
    if (table.filter != nullptr) AddConjuncts(*table.filter, &tests_);
  }

  // Counts what the scope and the tests find, each up to `bound`; the scope comes first.
  std::vector<Found> Ask(int64_t bound) {
    SearchParameters parameters(table_.scope.parameters);
    std::vector<Found> found = {{}};
    std::string sql = "SELECT " + CountSql(ScopeProbe(parameters), bound);
    for (const SearchNode* test : tests_) {
      if (found.size() > kAskedMax) break;
      const auto finder = CompileFinder(*test, table_.schema, table_.dialect, parameters);
      if (!finder) continue;
      sql += ", " + CountSql(finder->probe, bound);
      found.push_back({test, 0});
    }
    sql += fmt::format(", ({})", table_.schema.table->size);
    const SearchQuery query("search.ask", std::move(sql), parameters.Take());
    const auto row = connection_.SelectOne(query.query(), query.parameters());
    for (size_t i = 0; i < found.size(); ++i) found[i].count = row->Int(static_cast<int>(i));
    size_ = row->OptionalInt(static_cast<int>(found.size())).value_or(0);
    return found;
  }

  int64_t size() const { return size_; }

 private:
  static std::string CountSql(const std::string& probe, int64_t bound) {
    return fmt::format("(SELECT count(*) FROM ({} LIMIT {}) asked)", probe, bound);
  }

  std::string ScopeProbe(SearchParameters& parameters) const {
    const SearchSchema& schema = table_.schema;
    std::string sql =
        fmt::format("SELECT 1 FROM {} WHERE {}",
                    ByIndex(schema.from, table_.scope.index, table_.dialect), table_.scope.sql);
    for (const SearchNode* test : tests_) {
      if (!IsOf(schema, *test, schema.table->scope_test)) continue;
      sql += " AND " + CompileFilter(*test, schema, table_.dialect, parameters);
    }
    return sql;
  }

  Connection& connection_;
  const SearchedTable& table_;
  std::vector<const SearchNode*> tests_;
  int64_t size_ = 0;
};

const Found& Fewest(const std::vector<Found>& found) {
  return *std::min_element(found.begin(), found.end(),
                           [](const Found& a, const Found& b) { return a.count < b.count; });
}

bool WalksTies(const SearchSchema& schema, const std::vector<SearchOrderKey>& order) {
  return order.empty() ||
         (order[0].attribute != nullptr && order[0].attribute->column == schema.ties.front().sql);
}

// How many entries a walk is expected to pass by before it has `rows`: the tests are taken to have
// nothing to do with each other.
double StepsOf(const Asker& asker, const std::vector<Found>& found, int64_t rows, bool in_scope) {
  const auto size = static_cast<double>(std::max<int64_t>(asker.size(), 1));
  auto steps = static_cast<double>(rows);
  for (size_t i = in_scope ? 1 : 0; i < found.size(); ++i) {
    steps *= std::max(1.0, size / static_cast<double>(std::max<int64_t>(found[i].count, 1)));
  }
  return steps;
}

}  // namespace

bool IsWalkable(const SearchSchema& schema, const std::vector<SearchOrderKey>& order) {
  return WalksTies(schema, order) || (order[0].keyed != nullptr && order[0].keyed->is_indexed);
}

SearchPlan PlanPage(Connection& connection, const SearchedTable& table,
                    const std::vector<SearchOrderKey>& order, int64_t rows) {
  const bool walkable = IsWalkable(table.schema, order);
  const bool in_scope =
      WalksTies(table.schema, order) && table.scope.index == table.scope.ordered_index;
  const SearchPlan walk{SearchPlan::Kind::kWalk, nullptr, false};
  if (walkable && in_scope && table.filter == nullptr) return walk;
  Asker asker(connection, table);
  auto found = asker.Ask(kFewRows);
  double steps = StepsOf(asker, found, rows, in_scope);
  const Found* fewest = &Fewest(found);
  if (fewest->count >= kFewRows && (!walkable || steps > kFewSteps)) {
    found = asker.Ask(kManyRows);
    steps = StepsOf(asker, found, rows, in_scope);
    fewest = &Fewest(found);
  }
  const bool known = fewest->count < kManyRows;
  if (walkable && (steps < kFindCost * static_cast<double>(fewest->count) || !known)) return walk;
  return {SearchPlan::Kind::kFind, fewest->test, fewest->count < kFewRows};
}

SearchPlan PlanAll(Connection& connection, const SearchedTable& table) {
  Asker asker(connection, table);
  auto found = asker.Ask(kFewRows);
  if (Fewest(found).count >= kFewRows && found.size() > 1) found = asker.Ask(kManyRows);
  const Found& fewest = Fewest(found);
  return {SearchPlan::Kind::kFind, fewest.test, fewest.count < kFewRows};
}

std::string FoundFrom(const SearchedTable& table, const SearchPlan& plan,
                      SearchParameters& parameters) {
  if (plan.found_by == nullptr) {
    return ByIndex(table.schema.from, table.scope.index, table.dialect);
  }
  return CompileFinder(*plan.found_by, table.schema, table.dialect, parameters)->from;
}

}  // namespace millwright::storage
