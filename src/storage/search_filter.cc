#include "storage/search_filter.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "storage/search_order.h"

namespace millwright::storage {
namespace {

using Kind = SearchToken::Kind;

// A longer list finds too many rows to be worth finding them by it.
constexpr size_t kFoundListMax = 100;

// What a test is about, for messages and for the comparison's SQL.
struct Subject {
  std::string_view entity;
  std::string_view key;
  SearchType type = SearchType::kText;
  bool keyed = false;
  std::string_view written = {};  // by the caller: "params.lr"
};

std::string QuotedList(const std::vector<std::string_view>& items) {
  std::string text;
  for (const auto& item : items) text += fmt::format("{}'{}'", text.empty() ? "" : ", ", item);
  return text;
}

std::string QuotedSet(std::vector<std::string_view> items) {
  std::sort(items.begin(), items.end());
  return "'{" + QuotedList(items) + "}'";
}

// Translates LIKE's pattern for SQLite's GLOB, which minds case as LIKE must.
std::string GlobPattern(std::string_view like) {
  std::string glob;
  for (const char c : like) {
    switch (c) {
      case '%':
        glob += '*';
        break;
      case '_':
        glob += '?';
        break;
      case '*':
      case '?':
      case '[':
        glob += {'[', c, ']'};
        break;
      default:
        glob += c;
    }
  }
  return glob;
}

class Compiler {
 public:
  Compiler(const SearchSchema& schema, Dialect dialect, SearchParameters& parameters,
           std::string_view row_key = {})
      : schema_(schema), dialect_(dialect), parameters_(parameters), row_key_(row_key) {}

  std::string Node(const SearchNode& node) {
    switch (node.kind) {
      case SearchNode::Kind::kNot:
        return "NOT " + Node(*node.children[0]);
      case SearchNode::Kind::kTest:
        return Test(node);
      default:
        break;
    }
    std::string sql = "(";
    for (size_t i = 0; i < node.children.size(); ++i) {
      if (i > 0) sql += node.kind == SearchNode::Kind::kAnd ? " AND " : " OR ";
      sql += Node(*node.children[i]);
    }
    return sql + ")";
  }

  std::optional<SearchFinder> Finder(const SearchNode& node) {
    const SearchName name = SplitName(node.name);
    const std::string_view entity = EntityOf(schema_, name);
    const bool list = node.op == "IN" && node.values.size() <= kFoundListMax;
    const bool equal = node.op == "=" || list;
    if (const SearchKeyed* keyed = FindKeyed(schema_, entity)) {
      const bool number = keyed->type == SearchType::kNumber && !list && node.op != "!=";
      if (keyed->index.empty() || (!equal && !number)) return std::nullopt;
      return KeyedFinder(*keyed, name.key, node);
    }
    const SearchAttribute& attribute = FindAttribute(schema_, entity, name.key, SearchUse::kFilter);
    if (!equal || (attribute.index.empty() && attribute.finder.empty())) return std::nullopt;
    return AttributeFinder(attribute, node);
  }

 private:
  std::string Test(const SearchNode& node) {
    const SearchName name = SplitName(node.name);
    const std::string_view entity = EntityOf(schema_, name);
    const SearchKeyed* keyed = FindKeyed(schema_, entity);
    if (keyed != nullptr) return KeyedTest(*keyed, name.key, node);
    const SearchAttribute& attribute = FindAttribute(schema_, entity, name.key, SearchUse::kFilter);
    const Subject subject{entity, attribute.name, attribute.type, false, node.name};
    if (node.op == "IS NULL" || node.op == "IS NOT NULL") {
      throw InvalidArgument(
          "IS NULL / IS NOT NULL is only supported for tags and params, not for '{}' '{}'", entity,
          name.key);
    }
    const std::string condition = Comparison(attribute.column, subject, node);
    if (attribute.exists.empty()) return "(" + condition + ")";
    return fmt::format("EXISTS ({} AND {}{})", attribute.exists, condition, Fence());
  }

  std::string KeyedTest(const SearchKeyed& keyed, std::string_view key, const SearchNode& node) {
    const Subject subject{keyed.entity, key, keyed.type, true, node.name};
    const bool null_test = node.op == "IS NULL" || node.op == "IS NOT NULL";
    if (null_test && keyed.type == SearchType::kNumber) {
      throw InvalidArgument(
          "IS NULL / IS NOT NULL is only supported for tags and params, not for '{}' '{}'",
          keyed.entity, key);
    }
    const std::string wanted = parameters_.Add(std::string(key));
    std::string condition;
    const bool unmarked = !keyed.mark.empty() && key == keyed.mark && node.op == "!=";
    if (unmarked) {
      SearchNode marked;
      marked.op = "=";
      marked.values = node.values;
      condition = " AND " + Comparison("f.value", subject, marked);
    } else if (!null_test) {
      condition = " AND " + KeyedComparison(keyed, subject, node);
    }
    // By its values, where a row that has the value is beside the next one that has it.
    const bool by_value = keyed.type == SearchType::kText && node.op == "=";
    const std::string from = ByIndex(fmt::format("{} f", keyed.table),
                                     by_value ? keyed.index : std::string_view(), dialect_);
    const std::string sql =
        fmt::format("EXISTS (SELECT 1 FROM {} WHERE {} AND f.key = {}{}{})", from,
                    OfRow(WithAlias(keyed.owner, "f")), wanted, condition, Fence());
    return node.op == "IS NULL" || unmarked ? "NOT " + sql : sql;
  }

  std::string KeyedComparison(const SearchKeyed& keyed, const Subject& subject,
                              const SearchNode& node) {
    const std::string comparison = Comparison("f.value", subject, node);
    if (keyed.type != SearchType::kNumber) return comparison;
    // NaN is stored as 0 beside a mark; it is unequal to every number and nothing else.
    return node.op == "!=" ? fmt::format("(f.is_nan = 1 OR {})", comparison)
                           : fmt::format("f.is_nan = 0 AND {}", comparison);
  }

  // Keeps PostgreSQL from turning a test into a join over all rows of its table: a page needs it
  // for few rows.
  std::string_view Fence() const { return dialect_ == Dialect::kPostgres ? " OFFSET 0" : ""; }

  SearchFinder KeyedFinder(const SearchKeyed& keyed, std::string_view key, const SearchNode& node) {
    const Subject subject{keyed.entity, key, keyed.type, true};
    std::string sql = fmt::format("SELECT f.{} FROM {} f WHERE f.key = {} AND ", schema_.table->key,
                                  keyed.table, parameters_.Add(std::string(key)));
    if (keyed.type == SearchType::kNumber) {
      return ByKeys(sql + KeyedComparison(keyed, subject, node));
    }
    if (dialect_ == Dialect::kSqlite) return ByKeys(sql + Comparison("f.value", subject, node));
    // The prefix is enough, since the filter is applied to what is found.
    std::string prefixes;
    for (const auto& value : node.values) {
      prefixes += prefixes.empty() ? "" : ", ";
      prefixes += PrefixSql(parameters_.Add(std::string(Unquote(value.text))));
    }
    return ByKeys(fmt::format("{}{} IN ({})", sql, PrefixSql("f.value"), prefixes));
  }

  // An owner's condition with the row's key where the statement has it.
  std::string OfRow(std::string owner) const {
    if (row_key_.empty()) return owner;
    const std::string_view key = schema_.table->row_key;
    const size_t at = owner.find(key);
    if (at != std::string::npos) owner.replace(at, key.size(), row_key_);
    return owner;
  }

  SearchFinder ByKeys(const std::string& keys) {
    const bool sqlite = dialect_ == Dialect::kSqlite;
    const auto from = [&](std::string_view found) {
      return fmt::format("({}) found {} {} ON {} = found.{}", found, sqlite ? "CROSS JOIN" : "JOIN",
                         schema_.from, schema_.table->row_key, schema_.table->key);
    };
    // Without a limit SQLite would take the order for meaningless.
    const std::string sorted = fmt::format("SELECT * FROM ({}) keys ORDER BY {} LIMIT {}", keys,
                                           schema_.table->key, sqlite ? "-1" : "ALL OFFSET 0");
    return {from(keys + std::string(Fence())), from(sorted), keys};
  }

  SearchFinder AttributeFinder(const SearchAttribute& attribute, const SearchNode& node) {
    const Subject subject{attribute.entity, attribute.name, attribute.type, false};
    const std::string condition = Comparison(attribute.column, subject, node);
    if (!attribute.finder.empty()) {
      return ByKeys(fmt::format("{} {}", attribute.finder, condition));
    }
    return ByKeys(fmt::format("SELECT {} FROM {} WHERE {}", schema_.table->row_key,
                              ByIndex(schema_.from, attribute.index, dialect_), condition));
  }

  std::string Comparison(std::string_view column, const Subject& subject, const SearchNode& node) {
    return subject.type == SearchType::kNumber ? NumberTest(column, subject, node)
                                               : TextTest(column, subject, node);
  }

  std::string NumberTest(std::string_view column, const Subject& subject, const SearchNode& node) {
    const std::string found = node.list.empty() ? std::string(node.values.front().text) : node.list;
    // A version's number is a text in the registry's protocol, so '1' passes there.
    const bool registry = schema_.wording == SearchWording::kRegistry;
    const std::string_view text = registry ? Unquote(found) : std::string_view(found);
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = node.list.empty() && parsed.ec != std::errc::invalid_argument &&
                           parsed.ptr == text.data() + text.size() &&
                           (node.values.front().kind == Kind::kNumber || registry);
    static constexpr std::string_view kOps[] = {"=", "!=", "<", "<=", ">", ">="};
    const bool known = std::find(std::begin(kOps), std::end(kOps), node.op) != std::end(kOps);
    const bool operator_first = registry || schema_.wording == SearchWording::kLoggedModels;
    if (operator_first && !known) RefuseComparator(subject, node.op);
    if (!is_number) {
      if (subject.keyed) {
        throw InvalidArgument("Expected numeric value type for {}. Found {}", subject.entity,
                              found);
      }
      throw InvalidArgument("Expected numeric value type for numeric attribute: {}. Found {}",
                            subject.key, found);
    }
    if (!known) RefuseComparator(subject, node.op);
    // Too large is an infinity, too small is zero.
    if (parsed.ec == std::errc::result_out_of_range) number = std::strtod(found.c_str(), nullptr);
    Value value = number;
    int64_t integer = 0;
    const auto whole = std::from_chars(text.data(), text.data() + text.size(), integer);
    if (!subject.keyed && whole.ec == std::errc() && whole.ptr == text.data() + text.size()) {
      value = integer;
    }
    return fmt::format("{} {} {}", column, node.op, parameters_.Add(std::move(value)));
  }

  std::string TextTest(std::string_view column, const Subject& subject, const SearchNode& node) {
    const bool list = node.op == "IN" || node.op == "NOT IN";
    if (list || !node.list.empty()) {
      if (node.values.empty()) {
        throw InvalidArgument(
            "While parsing a list in the query, expected a non-empty list of string values, but "
            "got empty list");
      }
      for (const auto& value : node.values) {
        if (value.kind != Kind::kString) RefuseText(subject, value);
      }
      if (!list) RefuseText(subject, node.values.front());
      std::string items;
      for (const auto& value : node.values) {
        if (!items.empty()) items += ", ";
        items += parameters_.Add(std::string(Unquote(value.text)));
      }
      return fmt::format("{} {} ({})", column, node.op, items);
    }
    const SearchToken& value = node.values.front();
    const bool loose = schema_.wording == SearchWording::kLoggedModels;
    if (value.kind != Kind::kString && !loose) RefuseText(subject, value);
    const std::string text(Unquote(value.text));
    if (node.op == "=" || node.op == "!=") {
      return fmt::format("{} {} {}", column, node.op, parameters_.Add(text));
    }
    const bool negated = node.op.starts_with("NOT ");
    const std::string_view op = std::string_view(node.op).substr(negated ? 4 : 0);
    if (op == "LIKE") return Like(column, negated, text);
    if (op == "ILIKE") return Ilike(column, negated, text);
    RefuseComparator(subject, node.op);
  }

  std::string Like(std::string_view column, bool negated, const std::string& pattern) {
    const std::string_view no = negated ? "NOT " : "";
    if (dialect_ == Dialect::kSqlite) {
      return fmt::format("{} {}GLOB {}", column, no, parameters_.Add(GlobPattern(pattern)));
    }
    return fmt::format("{} {}LIKE {} ESCAPE ''", column, no, parameters_.Add(pattern));
  }

  std::string Ilike(std::string_view column, bool negated, const std::string& pattern) {
    const std::string_view no = negated ? "NOT " : "";
    if (dialect_ == Dialect::kSqlite) {
      return fmt::format("{} {}LIKE {}", column, no, parameters_.Add(pattern));
    }
    return fmt::format("{} {}ILIKE {} ESCAPE ''", column, no, parameters_.Add(pattern));
  }

  [[noreturn]] void RefuseText(const Subject& subject, const SearchToken& value) const {
    if (value.kind == Kind::kName) {
      throw InvalidArgument(
          "Parameter value is either not quoted or unidentified quote types used for string value "
          "{}. Use either single or double quotes.",
          value.text);
    }
    throw InvalidArgument("Expected a quoted string value for {} (e.g. 'my-value'). Got value {}",
                          subject.entity, value.text);
  }

  [[noreturn]] void RefuseComparator(const Subject& subject, std::string_view op) const {
    const bool number = subject.type == SearchType::kNumber;
    if (schema_.wording == SearchWording::kRegistry ||
        (schema_.wording == SearchWording::kExperiments && subject.keyed)) {
      const bool named = number && !subject.keyed;
      throw InvalidArgument("Invalid comparator for {}{}{}: {}", subject.entity, named ? " " : "",
                            named ? subject.key : "", op);
    }
    std::vector<std::string_view> known = {"=", "!="};
    if (number) {
      known.insert(known.end(), {"<", "<=", ">", ">="});
    } else if (subject.keyed && schema_.wording != SearchWording::kLoggedModels) {
      known.insert(known.end(), {"LIKE", "ILIKE", "IS NULL", "IS NOT NULL"});
    } else {
      known.insert(known.end(), {"LIKE", "ILIKE", "IN", "NOT IN"});
    }
    if (schema_.wording == SearchWording::kLoggedModels) {
      throw InvalidArgument("Invalid comparison operator for {}: '{}'. Expected one of ({}).",
                            subject.written, op, QuotedList(known));
    }
    throw InvalidArgument("Invalid comparator '{}' not one of {}", op, QuotedSet(known));
  }

  const SearchSchema& schema_;
  const Dialect dialect_;
  SearchParameters& parameters_;
  const std::string_view row_key_;
};

}  // namespace

std::string_view EntityOf(const SearchSchema& schema, const SearchName& name) {
  if (name.entity.empty()) return "attribute";
  for (const auto& entity : schema.entities) {
    if (entity.written == name.entity) return entity.entity;
  }
  throw InvalidArgument("Invalid entity type '{}'. {}", name.entity, schema.entities_text);
}

const SearchKeyed* FindKeyed(const SearchSchema& schema, std::string_view entity) {
  for (const auto& keyed : schema.keyed) {
    if (keyed.entity == entity) return &keyed;
  }
  return nullptr;
}

const SearchAttribute& FindAttribute(const SearchSchema& schema, std::string_view entity,
                                     std::string_view key, SearchUse use) {
  std::vector<std::string_view> names;
  for (const auto& attribute : schema.attributes) {
    const bool usable = use == SearchUse::kFilter ? attribute.can_filter : attribute.can_order;
    if (attribute.entity != entity || !usable) continue;
    if (attribute.name == key) return attribute;
    if (!attribute.is_alias) names.push_back(attribute.name);
  }
  if (use == SearchUse::kOrder && schema.wording == SearchWording::kLoggedModels) {
    throw InvalidArgument("Invalid order by field name: {}", key);
  }
  const std::string noun =
      use == SearchUse::kOrder ? std::string(schema.order_noun) : fmt::format("{} key", entity);
  throw InvalidArgument("Invalid {} '{}' specified. Valid keys are {}", noun, key,
                        QuotedSet(names));
}

std::string WithAlias(std::string_view condition, std::string_view alias) {
  std::string text;
  for (const char c : condition) {
    if (c == '@') {
      text += alias;
    } else {
      text += c;
    }
  }
  return text;
}

std::string CompileFilter(const SearchNode& node, const SearchSchema& schema, Dialect dialect,
                          SearchParameters& parameters, std::string_view row_key) {
  return Compiler(schema, dialect, parameters, row_key).Node(node);
}

std::optional<SearchFinder> CompileFinder(const SearchNode& test, const SearchSchema& schema,
                                          Dialect dialect, SearchParameters& parameters) {
  return Compiler(schema, dialect, parameters).Finder(test);
}

bool FindsExactly(const SearchNode& test, const SearchSchema& schema, Dialect dialect) {
  const SearchKeyed* keyed = FindKeyed(schema, EntityOf(schema, SplitName(test.name)));
  if (keyed == nullptr || keyed->type == SearchType::kNumber) return true;
  if (dialect == Dialect::kSqlite) return true;
  // A longer text is found by its beginning.
  return std::all_of(test.values.begin(), test.values.end(), [](const SearchToken& value) {
    return Unquote(value.text).size() < kPrefixCharacters;
  });
}

std::string ByIndex(std::string_view from, std::string_view index, Dialect dialect) {
  if (index.empty() || dialect == Dialect::kPostgres) return std::string(from);
  return fmt::format("{} INDEXED BY {}", from, index);
}

}  // namespace millwright::storage
