#include "storage/search.h"

#include <set>

#include "base/check.h"
#include "base/error.h"
#include "storage/search_filter.h"

namespace millwright::storage {
namespace {

struct OrderKey {
  std::string_view name;
  bool descending = false;
};

OrderKey ParseOrder(std::string_view clause) {
  const std::vector<SearchToken> tokens = SplitSearch(clause);
  const bool named = !tokens.empty() && (tokens[0].kind == SearchToken::Kind::kName ||
                                         tokens[0].kind == SearchToken::Kind::kString);
  if (!named || tokens.size() > 2 ||
      (tokens.size() == 2 && tokens[1].kind != SearchToken::Kind::kName)) {
    throw InvalidArgument("Invalid order_by clause '{}'. Could not be parsed.", clause);
  }
  if (tokens.size() == 1) return {tokens[0].text, false};
  const bool descending = IsKeyword(tokens[1].text, "DESC");
  if (!descending && !IsKeyword(tokens[1].text, "ASC")) {
    throw InvalidArgument("Invalid ordering key in order_by clause '{}'.", clause);
  }
  return {tokens[0].text, descending};
}

// Compiles order_by: what is absent comes last in both directions, NaN just before it.
class OrderCompiler {
 public:
  OrderCompiler(const SearchSchema& schema, SearchParameters& parameters)
      : schema_(schema), parameters_(parameters) {}

  void Add(std::string_view clause) {
    const OrderKey key = ParseOrder(clause);
    const SearchName name = SplitName(key.name);
    const std::string_view entity = EntityOf(schema_, name);
    const std::string_view direction = key.descending ? "DESC" : "ASC";
    const SearchKeyed* keyed = FindKeyed(schema_, entity);
    if (keyed == nullptr) {
      if (entity != "attribute") throw InvalidArgument("Invalid identifier type '{}'", entity);
      const auto& attribute = FindAttribute(schema_, entity, name.key, SearchUse::kOrder);
      Append(fmt::format("CASE WHEN {0} IS NULL THEN 1 ELSE 0 END, {0} {1}", attribute.column,
                         direction));
      return;
    }
    if (!keyed->can_order) throw InvalidArgument("Invalid order_by entity: {}", entity);
    const std::string alias = "o" + std::to_string(count_++);
    joins_ +=
        fmt::format(" LEFT JOIN {} {} ON {} AND {}.key = {}",
                    keyed->order_table.empty() ? keyed->table : keyed->order_table, alias,
                    WithAlias(keyed->owner, alias), alias, parameters_.Add(std::string(name.key)));
    const std::string nan = keyed->type == SearchType::kNumber
                                ? fmt::format("WHEN {}.is_nan = 1 THEN 1 ", alias)
                                : std::string();
    Append(fmt::format("CASE WHEN {0}.value IS NULL THEN 2 {1}ELSE 0 END, {0}.value {2}", alias,
                       nan, direction));
  }

  void Append(std::string_view sql) {
    if (sql.empty()) return;
    if (!order_.empty()) order_ += ", ";
    order_ += sql;
  }

  const std::string& joins() const { return joins_; }
  const std::string& order() const { return order_; }

 private:
  const SearchSchema& schema_;
  SearchParameters& parameters_;
  std::string joins_;
  std::string order_;
  int count_ = 0;
};

// Ordering twice by the same name is a slip of the caller: the second can have no effect.
void RefuseRepeatedOrder(const std::vector<std::string>& order_by) {
  std::set<std::string_view> seen;
  for (const std::string_view clause : order_by) {
    if (seen.insert(ParseOrder(clause).name).second) continue;
    std::string list;
    for (const auto& item : order_by) {
      list += fmt::format("{}'{}'", list.empty() ? "" : ", ", item);
    }
    throw InvalidArgument("`order_by` contains duplicate fields: [{}]", list);
  }
}

void Replace(std::string* sql, std::string_view marker, std::string_view text) {
  const size_t at = sql->find(marker);
  CHECK(at != std::string::npos);
  sql->replace(at, marker.size(), text);
}

}  // namespace

SearchQuery CompileSearch(const Query& base, const SearchSchema& schema, Dialect dialect,
                          std::string_view filter, const std::vector<std::string>& order_by,
                          std::vector<Value> parameters) {
  if (order_by.size() > kOrderKeysMax) {
    throw InvalidArgument("order_by has more than {} items", kOrderKeysMax);
  }
  if (schema.refuse_repeated_order) RefuseRepeatedOrder(order_by);
  SearchParameters bound(std::move(parameters));
  const auto tree = ParseFilter(filter, schema.wording);
  const std::string condition =
      tree == nullptr ? std::string("1 = 1") : CompileFilter(*tree, schema, dialect, bound);
  OrderCompiler order(schema, bound);
  for (const auto& clause : order_by) order.Add(clause);
  if (order_by.empty()) order.Append(schema.default_order);
  order.Append(schema.ties);

  const bool postgres = dialect == Dialect::kPostgres && !base.postgres.empty();
  std::string sql(postgres ? base.postgres : base.sql);
  Replace(&sql, "/*joins*/", order.joins());
  Replace(&sql, "/*filter*/", condition);
  Replace(&sql, "/*order*/", order.order());
  return SearchQuery(base.name, std::move(sql), bound.Take());
}

}  // namespace millwright::storage
