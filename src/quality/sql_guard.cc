#include "quality/sql_guard.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace millwright::quality {
namespace {

using analytics::QuoteText;

constexpr int64_t kMadeCharactersMax = 1'000'000;

constexpr std::string_view kTableFunctions[] = {"range", "generate_series", "unnest"};

// Functions that tell of, or change, what is outside of the table.
constexpr std::string_view kForbidden[] = {
    "getenv",          "getvariable",    "current_setting", "set_config",       "nextval",
    "currval",         "write_log",      "current_user",    "current_database", "current_catalog",
    "current_schemas", "in_search_path", "query",           "query_table",      "glob"};
constexpr std::string_view kForbiddenStarts[] = {
    "read_", "duckdb_", "pg_", "pragma_", "sqlite_", "parse_duckdb", "which_secret", "txid_"};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool IsForbidden(const std::string& function) {
  return std::find(std::begin(kForbidden), std::end(kForbidden), function) !=
             std::end(kForbidden) ||
         std::any_of(std::begin(kForbiddenStarts), std::end(kForbiddenStarts),
                     [&](std::string_view start) { return function.starts_with(start); });
}

// Walks through the tree that DuckDB made of a statement.
class Reader {
 public:
  explicit Reader(const std::set<std::string>& tables) {
    for (const std::string& table : tables) allowed_.insert(Lower(table));
    allowed_.insert(kBatchName);
  }

  void Read(const Json& node) {
    CollectNames(node);
    Walk(node);
  }

  std::vector<std::string> TakeColumns() { return std::move(columns_); }

 private:
  // A WITH query may be named before it stands in the tree.
  void CollectNames(const Json& node) {
    if (node.is_array()) {
      for (const Json& item : node.AsArray()) CollectNames(item);
    }
    if (!node.is_object()) return;
    if (const Json* map = node.Find("cte_map"); map != nullptr && map->Has("map")) {
      for (const Json& entry : map->At("map").AsArray("map")) {
        allowed_.insert(Lower(entry.GetString("key")));
      }
    }
    for (const auto& [key, value] : node.AsObject()) CollectNames(value);
  }

  void Walk(const Json& node) {
    if (node.is_array()) {
      for (const Json& item : node.AsArray()) Walk(item);
    }
    if (!node.is_object()) return;
    const Json* type = node.Find("type");
    if (type != nullptr && type->is_string()) Judge(type->AsString(), node);
    for (const auto& [key, value] : node.AsObject()) Walk(value);
  }

  void Judge(const std::string& type, const Json& node) {
    if (type == "BASE_TABLE") return JudgeTable(node);
    if (type == "TABLE_FUNCTION") return JudgeTableFunction(node);
    if (type == "SHOW_REF" || type == "COPY_STATEMENT") {
      throw InvalidArgument("SQL of a suite may not describe tables");
    }
    if (node.Has("function_name")) {
      const std::string name = Lower(node.GetString("function_name"));
      if (IsForbidden(name)) throw InvalidArgument("SQL of a suite may not call {}", name);
      JudgeLength(name, node);
    }
    if (type == "COLUMN_REF" && node.Has("column_names")) {
      const std::vector<std::string> names = node.GetStrings("column_names");
      if (!names.empty() &&
          std::find(columns_.begin(), columns_.end(), names.back()) == columns_.end()) {
        columns_.push_back(names.back());
      }
    }
  }

  // Texts of any length are made at once, and nothing interrupts that.
  static void JudgeLength(const std::string& name, const Json& node) {
    if (name != "repeat" && name != "lpad" && name != "rpad") return;
    const Json* arguments = node.Find("children");
    if (arguments == nullptr || !arguments->is_array() || arguments->AsArray().size() < 2) return;
    const Json* value = arguments->AsArray()[1].Find("value");
    const Json* number = value == nullptr ? nullptr : value->Find("value");
    if (number == nullptr || !number->is_number() || number->AsDouble() <= kMadeCharactersMax)
      return;
    throw InvalidArgument("SQL of a suite may make texts of {} characters; {} is to make {}",
                          kMadeCharactersMax, name, number->Dump());
  }

  void JudgeTable(const Json& node) const {
    const std::string name = node.GetString("table_name");
    if (node.GetString("schema_name").empty() && node.GetString("catalog_name").empty() &&
        allowed_.count(Lower(name)) > 0) {
      return;
    }
    throw InvalidArgument(
        "SQL of a suite may read {{batch}} and the tables given beside it, not: {}", name);
  }

  static void JudgeTableFunction(const Json& node) {
    const Json* function = node.Find("function");
    const std::string name = function == nullptr ? "" : Lower(function->GetString("function_name"));
    if (std::find(std::begin(kTableFunctions), std::end(kTableFunctions), name) !=
        std::end(kTableFunctions)) {
      return;
    }
    throw InvalidArgument("SQL of a suite may not read from {}", name);
  }

  std::set<std::string> allowed_;
  std::vector<std::string> columns_;
};

Json TreeOf(analytics::Session& session, const std::string& sql) {
  if (sql.size() > kSuiteSqlBytesMax) {
    throw InvalidArgument("SQL of a suite may have {} bytes; this has {}", kSuiteSqlBytesMax,
                          sql.size());
  }
  const Json tree = ParseJson(
      session.Query("SELECT json_serialize_sql(" + QuoteText(sql) + ")::VARCHAR").Text(0, 0));
  if (tree.GetBool("error")) {
    throw InvalidArgument("SQL of a suite cannot be read: {}", tree.GetString("error_message"));
  }
  const Json::Array& statements = tree.At("statements").AsArray("statements");
  if (statements.size() != 1) throw InvalidArgument("SQL of a suite must be one SELECT");
  return statements[0].At("node");
}

bool IsAbsent(const Json& node, std::string_view key) {
  const Json* value = node.Find(key);
  return value == nullptr || value->is_null() || (value->is_array() && value->AsArray().empty());
}

// Whether the tree is what RequireExpression wrapped around one expression and no more.
bool IsOneExpression(const Json& node) {
  return node.GetString("type") == "SELECT_NODE" &&
         node.At("select_list").AsArray("select_list").size() == 1 &&
         node.At("from_table").GetString("table_name") == kBatchName &&
         IsAbsent(node, "where_clause") && IsAbsent(node, "modifiers") &&
         IsAbsent(node, "group_expressions") && IsAbsent(node, "having") &&
         IsAbsent(node, "qualify") && IsAbsent(node.At("cte_map"), "map");
}

}  // namespace

void RequireOnlyReads(analytics::Session& session, const std::string& sql,
                      const std::set<std::string>& tables) {
  Reader(tables).Read(TreeOf(session, sql));
}

std::vector<std::string> RequireExpression(analytics::Session& session, const std::string& sql,
                                           const std::set<std::string>& tables) {
  const Json tree = TreeOf(
      session, "SELECT (" + WithBatch(sql, kBatchName) + "\n) FROM " + std::string(kBatchName));
  if (!IsOneExpression(tree)) throw InvalidArgument("The SQL is not one expression: {}", sql);
  Reader reader(tables);
  reader.Read(tree);
  return reader.TakeColumns();
}

std::string WithBatch(std::string sql, const std::string& table) {
  while (!sql.empty() &&
         (std::isspace(static_cast<unsigned char>(sql.back())) || sql.back() == ';')) {
    sql.pop_back();
  }
  static constexpr std::string_view kBatch = "{batch}";
  for (size_t at = sql.find(kBatch); at != std::string::npos; at = sql.find(kBatch, at)) {
    sql.replace(at, kBatch.size(), table);
    at += table.size();
  }
  return sql;
}

}  // namespace millwright::quality
