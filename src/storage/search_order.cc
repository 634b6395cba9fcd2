#include "storage/search_order.h"

#include <set>

#include "base/error.h"

namespace millwright::storage {
namespace {

struct Clause {
  std::string_view name;
  bool descending = false;
};

Clause ParseClause(std::string_view text) {
  const std::vector<SearchToken> tokens = SplitSearch(text);
  const bool named = !tokens.empty() && (tokens[0].kind == SearchToken::Kind::kName ||
                                         tokens[0].kind == SearchToken::Kind::kString);
  if (!named || tokens.size() > 2 ||
      (tokens.size() == 2 && tokens[1].kind != SearchToken::Kind::kName)) {
    throw InvalidArgument("Invalid order_by clause '{}'. Could not be parsed.", text);
  }
  if (tokens.size() == 1) return {tokens[0].text, false};
  const bool descending = IsKeyword(tokens[1].text, "DESC");
  if (!descending && !IsKeyword(tokens[1].text, "ASC")) {
    throw InvalidArgument("Invalid ordering key in order_by clause '{}'.", text);
  }
  return {tokens[0].text, descending};
}

// Ordering twice by the same name is a slip of the caller: the second can have no effect.
void RefuseRepeated(const std::vector<std::string>& order_by) {
  std::set<std::string_view> seen;
  for (const std::string_view clause : order_by) {
    if (seen.insert(ParseClause(clause).name).second) continue;
    std::string list;
    for (const auto& item : order_by) {
      list += fmt::format("{}'{}'", list.empty() ? "" : ", ", item);
    }
    throw InvalidArgument("`order_by` contains duplicate fields: [{}]", list);
  }
}

Value Zero(SearchType type) {
  return type == SearchType::kNumber ? Value(int64_t{0}) : Value(std::string());
}

std::string_view ZeroSql(SearchType type) {
  return type == SearchType::kNumber ? "0" : "''";
}

std::string RankSql(SearchRank rank) {
  return std::to_string(static_cast<int64_t>(rank));
}

class Builder {
 public:
  Builder(const SearchSchema& schema, Dialect dialect, SearchParameters& parameters)
      : schema_(schema), dialect_(dialect), parameters_(parameters) {}

  // Adds a key whose rank is known for all rows of the statement.
  void AddRanked(const SearchOrderKey& key, SearchRank rank) {
    const SearchType type = key.keyed->type;
    terms_.columns.push_back(
        {RankSql(rank), SearchType::kNumber, false, Value(static_cast<int64_t>(rank))});
    if (rank != SearchRank::kPresent) {
      if (HasPrefix(type)) AddZero(type);
      AddZero(type);
      return;
    }
    if (HasPrefix(type)) Add(PrefixSql("o0.value"), type, key.descending);
    Add("o0.value", type, key.descending);
  }

  void AddKey(const SearchOrderKey& key) {
    if (key.keyed == nullptr) return AddAttribute(*key.attribute, key.descending);
    const SearchKeyed& keyed = *key.keyed;
    const std::string alias = fmt::format("k{}", count_++);
    terms_.joins +=
        fmt::format(" LEFT JOIN {0} {1} ON {2} AND {1}.key = {3}",
                    keyed.order_table.empty() ? keyed.table : keyed.order_table, alias,
                    WithAlias(keyed.order_table.empty() ? keyed.owner : keyed.order_owner, alias),
                    parameters_.Add(key.key));
    const std::string nan = keyed.type == SearchType::kNumber
                                ? fmt::format(" WHEN {}.is_nan = 1 THEN 1", alias)
                                : std::string();
    Add(fmt::format("CASE WHEN {}.value IS NULL THEN 2{} ELSE 0 END", alias, nan),
        SearchType::kNumber, false);
    const std::string value = fmt::format("COALESCE({}.value, {})", alias, ZeroSql(keyed.type));
    if (HasPrefix(keyed.type)) Add(PrefixSql(value), keyed.type, key.descending);
    Add(value, keyed.type, key.descending);
  }

  void AddColumn(const SearchColumn& column) {
    // A column that was asked for already decides nothing where it is a tie.
    for (const auto& term : terms_.columns) {
      if (term.sql == column.sql) return;
    }
    Add(std::string(column.sql), column.type, column.descending);
  }

  SearchTerms Take() { return std::move(terms_); }

 private:
  // Whether a key's beginning is a column of its own, as it is in the index.
  bool HasPrefix(SearchType type) const {
    return type == SearchType::kText && dialect_ == Dialect::kPostgres;
  }
  void AddAttribute(const SearchAttribute& attribute, bool descending) {
    if (!attribute.is_nullable) {
      AddColumn({attribute.column, attribute.type, descending});
      return;
    }
    Add(fmt::format("CASE WHEN {} IS NULL THEN 2 ELSE 0 END", attribute.column),
        SearchType::kNumber, false);
    Add(fmt::format("COALESCE({}, {})", attribute.column, ZeroSql(attribute.type)), attribute.type,
        descending);
  }

  void Add(std::string sql, SearchType type, bool descending) {
    terms_.columns.push_back({std::move(sql), type, descending, {}});
  }
  void AddZero(SearchType type) {
    terms_.columns.push_back({std::string(ZeroSql(type)), type, false, Zero(type)});
  }

  const SearchSchema& schema_;
  const Dialect dialect_;
  SearchParameters& parameters_;
  SearchTerms terms_;
  int count_ = 0;
};

int64_t RankOf(const Value& value) {
  const auto* number = std::get_if<int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

// "after in the columns from `at` on": the first comparison stands alone, so that an index can
// begin there.
std::string AfterFrom(const std::vector<std::pair<const SearchTerm*, std::string>>& columns,
                      size_t at) {
  const auto& [term, value] = columns[at];
  const char op = term->descending ? '<' : '>';
  const std::string beyond = fmt::format("{} {} {}", term->sql, op, value);
  if (at + 1 == columns.size()) return beyond;
  return fmt::format("{} {}= {} AND ({} OR ({}))", term->sql, op, value, beyond,
                     AfterFrom(columns, at + 1));
}

}  // namespace

std::vector<SearchOrderKey> ParseOrders(const SearchSchema& schema,
                                        const std::vector<std::string>& order_by) {
  if (order_by.size() > kOrderKeysMax) {
    throw InvalidArgument("order_by has more than {} items", kOrderKeysMax);
  }
  if (schema.refuse_repeated_order) RefuseRepeated(order_by);
  std::vector<SearchOrderKey> keys;
  for (const auto& text : order_by) {
    const Clause clause = ParseClause(text);
    const SearchName name = SplitName(clause.name);
    const std::string_view entity = EntityOf(schema, name);
    SearchOrderKey key{.key = std::string(name.key), .descending = clause.descending};
    key.keyed = FindKeyed(schema, entity);
    if (key.keyed == nullptr) {
      if (entity != "attribute") throw InvalidArgument("Invalid identifier type '{}'", entity);
      key.attribute = &FindAttribute(schema, entity, name.key, SearchUse::kOrder);
    } else if (!key.keyed->can_order) {
      throw InvalidArgument("Invalid order_by entity: {}", entity);
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

SearchTerms OrderTerms(const SearchSchema& schema, Dialect dialect,
                       const std::vector<SearchOrderKey>& keys, SearchParameters& parameters,
                       std::optional<SearchRank> rank) {
  Builder builder(schema, dialect, parameters);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i == 0 && rank) {
      builder.AddRanked(keys[i], *rank);
    } else {
      builder.AddKey(keys[i]);
    }
  }
  if (keys.empty()) {
    for (const auto& column : schema.default_order) builder.AddColumn(column);
  }
  for (const auto& column : schema.ties) builder.AddColumn(column);
  return builder.Take();
}

std::string OrderSql(const SearchTerms& terms) {
  std::string sql;
  for (const auto& term : terms.columns) {
    if (term.fixed) continue;
    sql += fmt::format("{}{}{}", sql.empty() ? "" : ", ", term.sql, term.descending ? " DESC" : "");
  }
  return sql;
}

std::string SelectSql(const SearchTerms& terms) {
  std::string sql;
  for (const auto& term : terms.columns) sql += ", " + term.sql;
  return sql;
}

std::optional<std::string> AfterSql(const SearchTerms& terms, const std::vector<Value>& place,
                                    SearchParameters& parameters) {
  std::vector<std::pair<const SearchTerm*, std::string>> columns;
  for (size_t i = 0; i < terms.columns.size(); ++i) {
    const SearchTerm& term = terms.columns[i];
    if (term.fixed) {
      if (i > 0) continue;  // a value that stands beside a fixed rank
      if (RankOf(*term.fixed) < RankOf(place[i])) return std::nullopt;
      if (RankOf(*term.fixed) > RankOf(place[i])) return "1 = 1";
      continue;
    }
    columns.emplace_back(&term, parameters.Add(place[i]));
  }
  return "(" + AfterFrom(columns, 0) + ")";
}

std::string PrefixSql(std::string_view text) {
  return fmt::format("substr({}, 1, {})", text, kPrefixCharacters);
}

}  // namespace millwright::storage
