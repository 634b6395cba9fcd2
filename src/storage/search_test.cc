#include "storage/search.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace millwright::storage {
namespace {

constexpr SearchEntityName kEntities[] = {
    {"attribute", "attribute"}, {"metrics", "metric"}, {"tags", "tag"}};
constexpr SearchAttribute kAttributes[] = {
    {.entity = "attribute", .name = "name", .column = "r.name"},
    {.entity = "attribute", .name = "start", .column = "r.start", .type = SearchType::kNumber}};
constexpr SearchKeyed kKeyed[] = {
    {.entity = "metric", .type = SearchType::kNumber, .table = "metrics", .owner = "@.run = r.run"},
    {.entity = "tag", .table = "tags", .owner = "@.run = r.run"}};
constexpr SearchSchema kSchema = {.wording = SearchWording::kRuns,
                                  .entities_text = "Valid values are ['metric', 'tag']",
                                  .entities = kEntities,
                                  .attributes = kAttributes,
                                  .keyed = kKeyed,
                                  .default_order = "",
                                  .ties = "r.run",
                                  .refuse_repeated_order = true};
constexpr Query kBase = {"test.search", "J/*joins*/ W /*filter*/ O /*order*/", ""};

std::string Show(const SearchQuery& query) {
  std::string text(query.query().sql);
  for (const Value& value : query.parameters()) {
    if (const auto* number = std::get_if<double>(&value)) text += fmt::format(" | {}", *number);
    if (const auto* number = std::get_if<int64_t>(&value)) text += fmt::format(" | {}", *number);
    if (const auto* word = std::get_if<std::string>(&value)) text += " | '" + *word + "'";
  }
  return text;
}

std::string Compiled(std::string_view filter, const std::vector<std::string>& order = {},
                     Dialect dialect = Dialect::kSqlite) {
  try {
    return Show(CompileSearch(kBase, kSchema, dialect, filter, order, {}));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.message();
  }
}

TEST(Search, FindsAllWithAnEmptyFilter) {
  EXPECT_EQ(Compiled(""), "J W 1 = 1 O r.run");
  EXPECT_EQ(Compiled("  \n"), "J W 1 = 1 O r.run");
}

TEST(Search, KeepsEveryValueAParameter) {
  EXPECT_EQ(Compiled("name = 'x''; DROP TABLE runs --'"),
            "J W (r.name = $1) O r.run | 'x''; DROP TABLE runs --'");
  EXPECT_EQ(Compiled("tags.`a b` != \"c\""),
            "J W EXISTS (SELECT 1 FROM tags f WHERE f.run = r.run AND f.key = $1 AND f.value != "
            "$2) O r.run | 'a b' | 'c'");
}

TEST(Search, ComparesNumbersAndLeavesNaNOut) {
  EXPECT_EQ(Compiled("metrics.auc >= .5"),
            "J W EXISTS (SELECT 1 FROM metrics f WHERE f.run = r.run AND f.key = $1 AND f.is_nan = "
            "0 AND f.value >= $2) O r.run | 'auc' | 0.5");
  EXPECT_EQ(Compiled("start > 17"), "J W (r.start > $1) O r.run | 17");
  EXPECT_EQ(Compiled("start > 'x'"),
            "Expected numeric value type for numeric attribute: start. Found 'x'");
}

TEST(Search, BindsAndTighterThanOr) {
  EXPECT_EQ(Compiled("name = 'a' OR name = 'b' AND NOT (name LIKE 'c%' or name in ('d', 'e'))"),
            "J W ((r.name = $1) OR ((r.name = $2) AND NOT ((r.name GLOB $3) OR (r.name IN ($4, "
            "$5))))) O r.run | 'a' | 'b' | 'c*' | 'd' | 'e'");
}

TEST(Search, ReadsClausesBesideEachOtherAsAnd) {
  EXPECT_EQ(Compiled("and name = 'a' name = 'b' AND AND name = 'c' and"),
            "J W ((r.name = $1) AND (r.name = $2) AND (r.name = $3)) O r.run | 'a' | 'b' | 'c'");
}

TEST(Search, MindsCaseInLikeOnBothDatabases) {
  EXPECT_EQ(Compiled("name LIKE '100%_[*]'"), "J W (r.name GLOB $1) O r.run | '100*?[[][*]]'");
  EXPECT_EQ(Compiled("name LIKE 'a\\%'", {}, Dialect::kPostgres),
            "J W (r.name LIKE $1 ESCAPE '') O r.run | 'a\\%'");
  EXPECT_EQ(Compiled("name ILIKE 'a%'", {}, Dialect::kPostgres),
            "J W (r.name ILIKE $1 ESCAPE '') O r.run | 'a%'");
}

TEST(Search, OrdersAbsentAndNaNLastInBothDirections) {
  EXPECT_EQ(Compiled("", {"metrics.auc DESC", "name"}),
            "J LEFT JOIN metrics o0 ON o0.run = r.run AND o0.key = $1 W 1 = 1 O CASE WHEN o0.value "
            "IS NULL THEN 2 WHEN o0.is_nan = 1 THEN 1 ELSE 0 END, o0.value DESC, CASE WHEN r.name "
            "IS NULL THEN 1 ELSE 0 END, r.name ASC, r.run | 'auc'");
  EXPECT_EQ(Compiled("", {"name SIDEWAYS"}),
            "Invalid ordering key in order_by clause 'name SIDEWAYS'.");
  EXPECT_EQ(Compiled("", {"name", "name DESC"}),
            "`order_by` contains duplicate fields: ['name', 'name DESC']");
}

TEST(Search, NamesWhatIsWrong) {
  EXPECT_EQ(Compiled("name"), "Invalid clause(s) in filter string: 'name'");
  EXPECT_EQ(Compiled("name ="), "Invalid clause(s) in filter string: 'name', '='");
  EXPECT_EQ(Compiled("bogus = 'x'"),
            "Invalid attribute key 'bogus' specified. Valid keys are '{'name', 'start'}'");
  EXPECT_EQ(Compiled("x.y = 'z'"), "Invalid entity type 'x'. Valid values are ['metric', 'tag']");
  EXPECT_EQ(Compiled("name > 'a'"),
            "Invalid comparator '>' not one of '{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}'");
  EXPECT_EQ(Compiled(std::string(kFilterBytesMax + 1, 'a')),
            "The filter is longer than 65536 bytes");
  std::string deep;
  for (int i = 0; i <= kFilterDepthMax + 1; ++i) deep += '(';
  EXPECT_EQ(Compiled(deep), "The filter is nested too deeply");
}

// Whatever the text, the compiler answers with SQL or with kInvalidArgument; names and values of
// the text never reach the SQL.
TEST(Search, SurvivesAnyText) {
  constexpr std::string_view kPieces[] = {
      "name", "tags.a", "metrics.", "'",  "\"", "`", "(", ")",    "AND", "or",    "NOT", "IN",
      "LIKE", "=",      "!=",       "<>", ">=", "1", "-", "1e9",  ",",   ";",     "--",  "IS",
      "NULL", "'x'",    "\"y\"",    "\\", "%",  ".", " ", "\xC3", "\n",  "SECRET"};
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const int pieces = static_cast<int>(random() % 12);
    for (int i = 0; i < pieces; ++i) {
      text += kPieces[random() % std::size(kPieces)];
      if (random() % 2 == 0) text += ' ';
    }
    const Dialect dialect = round % 2 == 0 ? Dialect::kSqlite : Dialect::kPostgres;
    try {
      const SearchQuery query = CompileSearch(kBase, kSchema, dialect, text, {}, {});
      EXPECT_EQ(query.query().sql.find("SECRET"), std::string_view::npos) << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument) << text;
    }
  }
}

}  // namespace
}  // namespace millwright::storage
