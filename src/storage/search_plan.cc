#include "storage/search_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

// Two ways lead to a page, and the wrong one costs a thousand times the right one: a filter that 12
// of a million runs pass must start from these 12; one that half of them pass must walk the order
// and stop after a page. Neither SQLite nor PostgreSQL can know, for their statistics do not say
// how many runs have `loss < 0.3`. An index can be asked, though, and answers `are there more than
// 1,000?` in a tenth of a millisecond, so each test is asked. Where all answer yes, walking is
// expected to look at rows × size / 1,000 entries. Where that is much, the first entries of the
// walk are looked at, which also tell what the tests have to do with each other and with the order;
// only where few of them match, the tests are asked again with larger bounds, to tell 1,001 from a
// million, until asking costs what walking does.
namespace millwright::storage {
namespace {

constexpr int64_t kManyRows = 16'000;
constexpr int64_t kNextBound = 4;  // times the one before
// Walking so many entries costs what asking for a row of the bound does.
constexpr double kFewSteps = 0.3;
// Tests that are asked; the others are only tested.
constexpr size_t kAskedMax = 8;
// A row that is found and sorted costs what an entry that is passed by does: rows that are found
// come in the order of their table, a walk jumps about in it.
constexpr double kFindCost = 1;

// Takes apart what must all hold: tests, and what is no test.
void AddConjuncts(const SearchNode& node, std::vector<const SearchNode*>* all) {
  if (node.kind != SearchNode::Kind::kAnd) return all->push_back(&node);
  for (const auto& child : node.children) AddConjuncts(*child, all);
}
std::vector<const SearchNode*> ConjunctsOf(const SearchedTable& table) {
  std::vector<const SearchNode*> all;
  if (table.filter != nullptr) AddConjuncts(*table.filter, &all);
  return all;
}

bool IsTest(const SearchNode* node) {
  return node->kind == SearchNode::Kind::kTest;
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
    for (const SearchNode* node : ConjunctsOf(table)) {
      if (IsTest(node)) tests_.push_back(node);
    }
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

// What is left to test, that which fewest rows pass first; what was not asked comes last. Of tests
// that more rows pass than were counted, an equality is taken to let through fewer.
std::vector<const SearchNode*> InOrder(const SearchedTable& table, const std::vector<Found>& found,
                                       const SearchNode* found_by) {
  std::vector<const SearchNode*> all = ConjunctsOf(table);
  if (found_by != nullptr && FindsExactly(*found_by, table.schema, table.dialect))
    std::erase(all, found_by);
  const auto rank_of = [&](const SearchNode* node) {
    const bool is_loose = IsTest(node) && node->op != "=";
    for (const Found& asked : found) {
      if (asked.test == node) return std::make_pair(asked.count, is_loose);
    }
    return std::make_pair(std::numeric_limits<int64_t>::max(), is_loose);
  };
  std::stable_sort(all.begin(), all.end(), [&](const SearchNode* a, const SearchNode* b) {
    return rank_of(a) < rank_of(b);
  });
  return all;
}

SearchPlan FindBy(const SearchedTable& table, const std::vector<Found>& found) {
  const Found& fewest = Fewest(found);
  return {SearchPlan::Kind::kFind, fewest.test, fewest.count < kFewRows,
          InOrder(table, found, fewest.test)};
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
  return WalksTies(schema, order) || (order[0].keyed != nullptr && !order[0].keyed->index.empty());
}

SearchPlan PlanPage(Connection& connection, const SearchedTable& table,
                    const std::vector<SearchOrderKey>& order, int64_t rows,
                    const std::function<WalkSample(const SearchPlan&)>& sample) {
  const bool walkable = IsWalkable(table.schema, order);
  const bool in_scope =
      WalksTies(table.schema, order) && table.scope.index == table.scope.ordered_index;
  if (walkable && in_scope && table.filter == nullptr) return {.kind = SearchPlan::Kind::kWalk};
  Asker asker(connection, table);
  std::vector<Found> found;
  double steps = 0;
  int64_t bound = kFewRows;
  for (;; bound *= kNextBound) {
    found = asker.Ask(bound);
    steps = StepsOf(asker, found, rows, in_scope);
    const bool known = Fewest(found).count < bound;
    if (known || bound >= kManyRows) break;
    if (walkable && steps <= kFewSteps * static_cast<double>(bound * kNextBound)) break;
    if (!walkable || bound > kFewRows) continue;
    SearchPlan walk = {.kind = SearchPlan::Kind::kWalk, .tests = InOrder(table, found, nullptr)};
    const auto [entries, passing] = sample(walk);
    const double most = kFewSteps * static_cast<double>(kManyRows);
    if (static_cast<double>(rows * entries) < most * static_cast<double>(passing)) return walk;
  }
  const int64_t fewest = Fewest(found).count;
  if (walkable && (steps < kFindCost * static_cast<double>(fewest) || fewest >= bound)) {
    return {.kind = SearchPlan::Kind::kWalk, .tests = InOrder(table, found, nullptr)};
  }
  return FindBy(table, found);
}

SearchPlan PlanAll(Connection& connection, const SearchedTable& table) {
  Asker asker(connection, table);
  auto found = asker.Ask(kFewRows);
  if (Fewest(found).count >= kFewRows && found.size() > 1) found = asker.Ask(kManyRows);
  return FindBy(table, found);
}

std::string FoundFrom(const SearchedTable& table, const SearchPlan& plan,
                      SearchParameters& parameters) {
  if (plan.found_by == nullptr) {
    return ByIndex(table.schema.from, table.scope.index, table.dialect);
  }
  const auto finder =
      CompileFinder(*plan.found_by, table.schema, table.dialect, parameters).value();
  return plan.is_few ? finder.from : finder.sorted_from;
}

std::string TestsSql(const SearchedTable& table, const SearchPlan& plan, std::string_view row_key,
                     SearchParameters& parameters) {
  std::string sql;
  for (const SearchNode* test : plan.tests) {
    sql += sql.empty() ? "" : " AND ";
    sql += CompileFilter(*test, table.schema, table.dialect, parameters, row_key);
  }
  return sql.empty() ? "1 = 1" : sql;
}

}  // namespace millwright::storage
