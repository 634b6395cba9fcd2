#include "storage/search.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "storage/search_cursor.h"

namespace millwright::storage {
namespace {

constexpr SearchEntityName kEntities[] = {
    {"attribute", "attribute"}, {"metrics", "metric"}, {"tags", "tag"}};
constexpr SearchAttribute kAttributes[] = {
    {.entity = "attribute", .name = "name", .column = "r.name"},
    {.entity = "attribute", .name = "start", .column = "r.start", .type = SearchType::kNumber},
    {.entity = "attribute",
     .name = "end",
     .column = "r.end",
     .type = SearchType::kNumber,
     .is_nullable = true}};
constexpr SearchColumn kTies[] = {{"r.run", SearchType::kText, false}};
constexpr SearchKeyed kKeyed[] = {
    {.entity = "metric", .type = SearchType::kNumber, .table = "metrics", .owner = "@.run = r.run"},
    {.entity = "tag", .table = "tags", .owner = "@.run = r.run"}};
constexpr SearchSchema kSchema = {.wording = SearchWording::kRuns,
                                  .from = "runs r",
                                  .entities_text = "Valid values are ['metric', 'tag']",
                                  .entities = kEntities,
                                  .attributes = kAttributes,
                                  .keyed = kKeyed,
                                  .ties = kTies,
                                  .refuse_repeated_order = true};
constexpr Query kBase = {"test.search", "F /*from*/ W /*filter*/ O /*order*/", ""};

SearchQuery Compile(std::string_view filter, const std::vector<std::string>& order = {},
                    Dialect dialect = Dialect::kSqlite, std::string token = {}) {
  return Search(kSchema, dialect, {},
                {.filter = std::string(filter), .order_by = order, .page_token = std::move(token)})
      .Statement(kBase);
}

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
    return Show(Compile(filter, order, dialect));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.message();
  }
}

TEST(Search, FindsAllWithAnEmptyFilter) {
  EXPECT_EQ(Compiled(""), "F runs r W 1 = 1 O r.run");
  EXPECT_EQ(Compiled("  \n"), "F runs r W 1 = 1 O r.run");
}

TEST(Search, KeepsEveryValueAParameter) {
  EXPECT_EQ(Compiled("name = 'x''; DROP TABLE runs --'"),
            "F runs r W (r.name = $1) O r.run | 'x''; DROP TABLE runs --'");
  EXPECT_EQ(
      Compiled("tags.`a b` != \"c\""),
      "F runs r W EXISTS (SELECT 1 FROM tags f WHERE f.run = r.run AND f.key = $1 AND f.value != "
      "$2) O r.run | 'a b' | 'c'");
}

TEST(Search, ComparesNumbersAndLeavesNaNOut) {
  EXPECT_EQ(Compiled("metrics.auc >= .5"),
            "F runs r W EXISTS (SELECT 1 FROM metrics f WHERE f.run = r.run AND f.key = $1 AND "
            "f.is_nan = "
            "0 AND f.value >= $2) O r.run | 'auc' | 0.5");
  EXPECT_EQ(Compiled("start > 17"), "F runs r W (r.start > $1) O r.run | 17");
  EXPECT_EQ(Compiled("start > 'x'"),
            "Expected numeric value type for numeric attribute: start. Found 'x'");
}

TEST(Search, BindsAndTighterThanOr) {
  EXPECT_EQ(
      Compiled("name = 'a' OR name = 'b' AND NOT (name LIKE 'c%' or name in ('d', 'e'))"),
      "F runs r W ((r.name = $1) OR ((r.name = $2) AND NOT ((r.name GLOB $3) OR (r.name IN ($4, "
      "$5))))) O r.run | 'a' | 'b' | 'c*' | 'd' | 'e'");
}

TEST(Search, ReadsClausesBesideEachOtherAsAnd) {
  EXPECT_EQ(
      Compiled("and name = 'a' name = 'b' AND AND name = 'c' and"),
      "F runs r W ((r.name = $1) AND (r.name = $2) AND (r.name = $3)) O r.run | 'a' | 'b' | 'c'");
}

TEST(Search, MindsCaseInLikeOnBothDatabases) {
  EXPECT_EQ(Compiled("name LIKE '100%_[*]'"),
            "F runs r W (r.name GLOB $1) O r.run | '100*?[[][*]]'");
  EXPECT_EQ(Compiled("name LIKE 'a\\%'", {}, Dialect::kPostgres),
            "F runs r W (r.name LIKE $1 ESCAPE '') O r.run | 'a\\%'");
  EXPECT_EQ(Compiled("name ILIKE 'a%'", {}, Dialect::kPostgres),
            "F runs r W (r.name ILIKE $1 ESCAPE '') O r.run | 'a%'");
}

TEST(Search, OrdersAbsentAndNaNLastInBothDirections) {
  EXPECT_EQ(Compiled("", {"metrics.auc DESC", "name"}),
            "F runs r LEFT JOIN metrics k0 ON k0.run = r.run AND k0.key = $1 W 1 = 1 O CASE WHEN "
            "k0.value IS NULL THEN 2 WHEN k0.is_nan = 1 THEN 1 ELSE 0 END, COALESCE(k0.value, 0) "
            "DESC, r.name, r.run | 'auc'");
  EXPECT_EQ(Compiled("", {"end DESC"}),
            "F runs r W 1 = 1 O CASE WHEN r.end IS NULL THEN 2 ELSE 0 END, COALESCE(r.end, 0) "
            "DESC, r.run");
  EXPECT_EQ(Compiled("", {"name SIDEWAYS"}),
            "Invalid ordering key in order_by clause 'name SIDEWAYS'.");
  EXPECT_EQ(Compiled("", {"name", "name DESC"}),
            "`order_by` contains duplicate fields: ['name', 'name DESC']");
}

TEST(Search, NamesWhatIsWrong) {
  EXPECT_EQ(Compiled("name"), "Invalid clause(s) in filter string: 'name'");
  EXPECT_EQ(Compiled("name ="), "Invalid clause(s) in filter string: 'name', '='");
  EXPECT_EQ(Compiled("bogus = 'x'"),
            "Invalid attribute key 'bogus' specified. Valid keys are '{'end', 'name', 'start'}'");
  EXPECT_EQ(Compiled("x.y = 'z'"), "Invalid entity type 'x'. Valid values are ['metric', 'tag']");
  EXPECT_EQ(Compiled("name > 'a'"),
            "Invalid comparator '>' not one of '{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}'");
  EXPECT_EQ(Compiled(std::string(kFilterBytesMax + 1, 'a')),
            "The filter is longer than 65536 bytes");
  std::string deep;
  for (int i = 0; i <= kFilterDepthMax + 1; ++i) deep += '(';
  EXPECT_EQ(Compiled(deep), "The filter is nested too deeply");
  std::string denied;
  for (int i = 0; i <= kFilterDepthMax + 1; ++i) denied += "NOT ";
  EXPECT_EQ(Compiled(denied + "name = 'a'"), "The filter is nested too deeply");
  std::string wide = "name = 'a'";
  for (size_t i = 0; i < kFilterTestsMax; ++i) wide += " OR name = 'a'";
  EXPECT_EQ(Compiled(wide), "The filter has more than 200 comparisons");
  std::string list = "name IN ('a'";
  for (size_t i = 0; i < kFilterListMax; ++i) list += ",'a'";
  EXPECT_EQ(Compiled(list + ")"), "A list of the filter has more than 10000 values");
  EXPECT_EQ(Compiled(std::string(1'000'000, '(')), "The filter is longer than 65536 bytes");
}

TEST(Search, FencesTestsOnPostgres) {
  EXPECT_EQ(Compiled("tags.a = 'b'", {}, Dialect::kPostgres),
            "F runs r W EXISTS (SELECT 1 FROM tags f WHERE f.run = r.run AND f.key = $1 AND "
            "f.value = $2 OFFSET 0) O r.run | 'a' | 'b'");
}

TEST(Search, GoesOnBehindThePlaceOfItsToken) {
  const std::string digest = SearchDigest({"runs r", "", "start > 1", "start DESC"});
  const std::string token = WriteToken({digest, {int64_t{7}, std::string("x")}});
  const SearchQuery query = Compile("start > 1", {"start DESC"}, Dialect::kSqlite, token);
  EXPECT_EQ(Show(query),
            "F runs r W (r.start > $1) AND (r.start <= $2 AND (r.start < $2 OR (r.run > $3))) O "
            "r.start DESC, r.run | 1 | 7 | 'x'");
}

std::string Refusal(const std::string& token, std::string_view filter = "start > 1") {
  try {
    Compile(filter, {"start DESC"}, Dialect::kSqlite, token);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.message();
  }
}

TEST(Search, RefusesTokensThatItDidNotMake) {
  const std::string digest = SearchDigest({"runs r", "", "start > 1", "start DESC"});
  EXPECT_EQ(Refusal("bad"), "Invalid page token, could not base64-decode");
  EXPECT_EQ(Refusal("bm90IGpzb24="), "Invalid page token, decoded value=b'not json'");
  EXPECT_EQ(Refusal("J1wAwyc="), R"(Invalid page token, decoded value=b'\'\\\x00\xc3\'')");
  EXPECT_EQ(Refusal("eyJvZmZzZXQiOiAtMX0="), "");  // {"offset": -1}, the first page
  EXPECT_EQ(Refusal("eyJvZmZzZXQiOiA1fQ=="),
            "Invalid page token, decoded value=b'{\"offset\": 5}'");
  EXPECT_EQ(Refusal(WriteToken({digest, {int64_t{7}, std::string("x")}}), "start > 2"),
            "Invalid page token: it belongs to a search with another filter, order, view or list "
            "of experiments. Begin again without page_token.");
  const std::string foreign = "Invalid page token: it was not made by this server";
  EXPECT_EQ(Refusal(WriteToken({digest, {int64_t{7}}})), foreign);
  EXPECT_EQ(Refusal(WriteToken({digest, {std::string("7"), std::string("x")}})), foreign);
  EXPECT_EQ(Refusal(std::string(kPageTokenBytesMax + 1, 'a')),
            "Invalid page token, longer than 131072 bytes");
}

// A token that was damaged on the way is refused or leads to some place; it never reaches the SQL
// and never ends the program.
TEST(Search, SurvivesAnyToken) {
  const std::string digest = SearchDigest({"runs r", "", "", "start DESC"});
  const std::string whole = WriteToken({digest, {int64_t{7}, std::string("x'; DROP TABLE runs")}});
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string token = whole;
    for (int i = static_cast<int>(random() % 4); i >= 0; --i) {
      const size_t at = random() % token.size();
      if (random() % 3 == 0) {
        token.resize(at + 1);
      } else {
        token[at] = static_cast<char>(random() % 256);
      }
    }
    try {
      const SearchQuery query = Compile("", {"start DESC"}, Dialect::kSqlite, token);
      EXPECT_EQ(query.query().sql.find("DROP"), std::string_view::npos) << token;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument) << token;
    }
  }
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
      const SearchQuery query = Compile(text, {}, dialect);
      EXPECT_EQ(query.query().sql.find("SECRET"), std::string_view::npos) << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument) << text;
    }
  }
}

}  // namespace
}  // namespace millwright::storage
