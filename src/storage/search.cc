#include "storage/search.h"

#include "base/check.h"
#include "base/error.h"
#include "storage/search_cursor.h"
#include "storage/search_filter.h"
#include "storage/search_order.h"
#include "storage/search_plan.h"
#include "storage/sql.h"

namespace millwright::storage {
namespace {

void Replace(std::string* sql, std::string_view marker, std::string_view text) {
  const size_t at = sql->find(marker);
  if (at != std::string::npos) sql->replace(at, marker.size(), text);
}

// A part of a search's answer, which one statement gives: a walk has one for each rank of its
// first key.
struct Part {
  std::string from;
  std::string condition;  // beside the scope and the filter
  std::optional<SearchRank> rank;
  SearchParameters parameters;
  // How it is come by, and what has the row's key before the row is looked at.
  std::optional<SearchPlan> plan = {};
  std::string row_key = {};
};

bool Names(const SearchNode& node, const SearchSchema& schema, std::string_view entity) {
  if (node.kind == SearchNode::Kind::kTest) return EntityOf(schema, SplitName(node.name)) == entity;
  for (const auto& child : node.children) {
    if (Names(*child, schema, entity)) return true;
  }
  return false;
}

// MLflow's clients repeat what was answered with a time-out, again and again; this is final.
[[noreturn]] void RefuseSlow(int64_t limit_ms) {
  throw FailedPrecondition(
      "The search was given up after {} ms. Narrow its filter, for instance by start_time, or "
      "order by a metric, a param, a tag or start_time.",
      limit_ms);
}

}  // namespace

struct Search::Impl {
  Impl(const SearchSchema& given_schema, Dialect given_dialect, SearchScope given_scope,
       SearchRequest given_request)
      : schema(given_schema),
        dialect(given_dialect),
        scope(std::move(given_scope)),
        request(std::move(given_request)),
        order(ParseOrders(schema, request.order_by)),
        filter(ParseFilter(request.filter, schema.wording)) {
    // Compiling refuses what the grammar lets pass.
    SearchParameters unused({});
    if (filter) CompileFilter(*filter, schema, dialect, unused);
    const SearchTerms terms = OrderTerms(schema, dialect, order, unused);
    columns = terms.columns.size();
    std::vector<std::string_view> texts = {schema.from, request.bound_to, request.filter};
    for (const auto& clause : request.order_by) texts.push_back(clause);
    digest = SearchDigest(texts);
    if (request.page_token.empty()) return;
    place = ReadToken(request.page_token, digest).place;
    if (!place.empty() && !Fits(terms)) {
      throw InvalidArgument("Invalid page token: it was not made by this server");
    }
  }

  bool Fits(const SearchTerms& terms) const {
    if (place.size() != terms.columns.size()) return false;
    for (size_t i = 0; i < place.size(); ++i) {
      const bool text = std::holds_alternative<std::string>(place[i]);
      if (text != (terms.columns[i].type == SearchType::kText)) return false;
    }
    return true;
  }

  SearchedTable table() const { return {schema, dialect, scope, filter.get()}; }

  std::string FilterSql(SearchParameters& parameters) const {
    return filter ? CompileFilter(*filter, schema, dialect, parameters) : std::string("1 = 1");
  }

  std::string FilterSql(Part& part) const {
    if (!part.plan) return FilterSql(part.parameters);
    return TestsSql(table(), *part.plan, part.row_key, part.parameters);
  }

  std::string_view Text(const Query& query) const {
    const bool postgres = dialect == Dialect::kPostgres && !query.postgres.empty();
    return postgres ? query.postgres : query.sql;
  }

  // Fills the markers for `rows` rows of a part; nothing when all of them come before the place.
  std::optional<SearchQuery> Fill(const Query& query, Part part, int64_t rows) const {
    SearchParameters& parameters = part.parameters;
    const SearchTerms terms = OrderTerms(schema, dialect, order, parameters, part.rank);
    std::string condition = FilterSql(part);
    if (!part.condition.empty()) condition += " AND " + part.condition;
    if (!place.empty()) {
      const auto after = AfterSql(terms, place, parameters);
      if (!after) return std::nullopt;
      condition += " AND " + *after;
    }
    std::string sql(Text(query));
    Replace(&sql, "/*columns*/", SelectSql(terms));
    Replace(&sql, "/*from*/", part.from + terms.joins);
    Replace(&sql, "/*scope*/", scope.sql);
    Replace(&sql, "/*filter*/", condition);
    Replace(&sql, "/*order*/", OrderSql(terms));
    Replace(&sql, "/*limit*/", std::to_string(rows));
    return SearchQuery(query.name, std::move(sql), parameters.Take());
  }

  // The parts whose rows, one after another, are the answer.
  std::vector<Part> Parts(Connection& connection) const {
    if (schema.table == nullptr) return {Whole()};
    const SearchPlan plan =
        PlanPage(connection, table(), order, request.limit + 1,
                 [&](const SearchPlan& walk) { return Sample(connection, walk); });
    if (plan.kind == SearchPlan::Kind::kFind) {
      return {Found(plan, SearchParameters(scope.parameters))};
    }
    PlanByIndexes(connection);
    if (order.empty() || order[0].keyed == nullptr) return {WalkAll(plan)};
    std::vector<Part> parts;
    for (const SearchRank rank : {SearchRank::kPresent, SearchRank::kNan, SearchRank::kAbsent}) {
      const bool number = order[0].keyed->type == SearchType::kNumber;
      if (rank != SearchRank::kNan || number) parts.push_back(Walk(plan, rank));
    }
    return parts;
  }

  Part Whole() const {
    return {std::string(schema.from), "", {}, SearchParameters(scope.parameters)};
  }

  std::string OrderedFrom() const { return ByIndex(schema.from, scope.ordered_index, dialect); }

  Part Found(const SearchPlan& plan, SearchParameters parameters) const {
    Part part{"", "", {}, std::move(parameters)};
    part.from = FoundFrom(table(), plan, part.parameters);
    part.plan = plan;
    if (plan.found_by != nullptr) part.row_key = fmt::format("found.{}", schema.table->key);
    return part;
  }

  // All rows that match; its FROM comes after `parameters`.
  Part All(Connection& connection, SearchParameters parameters) const {
    return Found(PlanAll(connection, table()), std::move(parameters));
  }

  void PlanByIndexes(Connection& connection) const {
    if (dialect == Dialect::kPostgres) connection.Select(sql::kPlanByIndexes);
  }

  Part WalkAll(const SearchPlan& plan) const {
    Part part = Whole();
    part.from = OrderedFrom();
    part.plan = plan;
    return part;
  }

  // Looks at what a walk meets first, after the place.
  WalkSample Sample(Connection& connection, const SearchPlan& plan) const {
    const bool is_keyed = !order.empty() && order[0].keyed != nullptr;
    Part part = is_keyed ? Walk(plan, SearchRank::kPresent) : WalkAll(plan);
    SearchParameters& parameters = part.parameters;
    const SearchTerms terms = OrderTerms(schema, dialect, order, parameters, part.rank);
    const auto after =
        place.empty() ? std::optional<std::string>("1 = 1") : AfterSql(terms, place, parameters);
    if (!after) return {};
    const std::string entries =
        fmt::format("SELECT {} AS entry FROM {}{} WHERE {} AND {} AND {} ORDER BY {} LIMIT {}",
                    schema.table->row_key, part.from, terms.joins, scope.sql,
                    part.condition.empty() ? "1 = 1" : part.condition, *after, OrderSql(terms),
                    kSampledEntries);
    const std::string tests = TestsSql(table(), plan, "sample.entry", parameters);
    const SearchQuery query(
        "search.sample",
        fmt::format("SELECT count(*), coalesce(sum(CASE WHEN {} THEN 1 ELSE 0 END), 0) FROM ({}) "
                    "sample {} JOIN {} ON {} = sample.entry",
                    tests, entries, dialect == Dialect::kSqlite ? "CROSS" : "INNER", schema.from,
                    schema.table->row_key),
        parameters.Take());
    PlanByIndexes(connection);
    const auto row = connection.SelectOne(query.query(), query.parameters());
    if (dialect == Dialect::kPostgres) connection.Select(sql::kPlanFreely);
    return {row->Int(0), row->Int(1)};
  }

  // Walks the first key's table where it has the key, else the rows that lack it.
  Part Walk(const SearchPlan& plan, SearchRank rank) const {
    Part part = Whole();
    part.plan = plan;
    part.rank = rank;
    const SearchKeyed& keyed = *order[0].keyed;
    const bool sqlite = dialect == Dialect::kSqlite;
    const std::string key = "o0.key = " + part.parameters.Add(order[0].key);
    const std::string owner = WithAlias(keyed.owner, "o0");
    if (rank == SearchRank::kAbsent) {
      part.from = OrderedFrom();
      part.condition = fmt::format("NOT EXISTS (SELECT 1 FROM {} o0 WHERE {} AND {}{})",
                                   keyed.table, owner, key, sqlite ? "" : " OFFSET 0");
      return part;
    }
    part.from = fmt::format("{} o0 {} {} ON {}", keyed.table, sqlite ? "CROSS JOIN" : "JOIN",
                            schema.from, owner);
    part.condition = key;
    part.row_key = fmt::format("o0.{}", schema.table->key);
    if (keyed.type == SearchType::kNumber) {
      part.condition += rank == SearchRank::kNan ? " AND o0.is_nan = 1" : " AND o0.is_nan = 0";
    }
    return part;
  }

  // What stands for a name in a list of columns; `joins` gains what it needs.
  std::string ValueSql(std::string_view written, int number, std::string* joins,
                       SearchParameters& parameters) const {
    const SearchName name = SplitName(written);
    const std::string_view entity = EntityOf(schema, name);
    const SearchKeyed* keyed = FindKeyed(schema, entity);
    if (keyed == nullptr) {
      if (entity != "attribute") throw InvalidArgument("Invalid identifier type '{}'", entity);
      return std::string(FindAttribute(schema, entity, name.key, SearchUse::kOrder).column);
    }
    const std::string alias = fmt::format("v{}", number);
    *joins += fmt::format(" LEFT JOIN {0} {1} ON {2} AND {1}.key = {3}", keyed->table, alias,
                          WithAlias(keyed->owner, alias), parameters.Add(std::string(name.key)));
    if (keyed->type == SearchType::kText) return alias + ".value";
    return fmt::format("CASE WHEN {0}.is_nan = 0 THEN {0}.value END", alias);
  }

  const SearchSchema& schema;
  const Dialect dialect;
  const SearchScope scope;
  const SearchRequest request;
  const std::vector<SearchOrderKey> order;
  const std::unique_ptr<SearchNode> filter;
  std::string digest;
  std::vector<Value> place;
  size_t columns = 0;  // of the order
};

namespace {

// Runs statements under a search's time limit.
template <typename F>
auto WithinLimit(Connection& connection, int64_t limit_ms, F&& work) {
  try {
    connection.LimitTime(limit_ms);
    return work();
  } catch (const Error& error) {
    if (error.code() == Code::kDeadlineExceeded) RefuseSlow(limit_ms);
    throw;
  }
}

}  // namespace

Search::Search(const SearchSchema& schema, Dialect dialect, SearchScope scope,
               SearchRequest request)
    : impl_(std::make_unique<Impl>(schema, dialect, std::move(scope), std::move(request))) {}

Search::~Search() = default;

std::string Search::Page(Connection& connection, const Query& query,
                         const std::function<void(const Row&)>& each) const {
  const int64_t limit = impl_->request.limit;
  std::vector<Value> last = impl_->place;
  const auto token = [&] { return WriteToken({impl_->digest, last}); };
  if (limit <= 0) return token();
  return WithinLimit(connection, impl_->request.time_limit_ms, [&]() -> std::string {
    int64_t given = 0;
    for (Part& part : impl_->Parts(connection)) {
      const auto filled = impl_->Fill(query, std::move(part), limit + 1 - given);
      if (!filled) continue;
      connection.ForEach(filled->query(), filled->parameters(), [&](const Row& row) {
        if (++given > limit) return false;
        each(row);
        if (given == limit) last = row.Last(impl_->columns);
        return true;
      });
      if (given > limit) return token();
    }
    return "";
  });
}

void Search::Values(Connection& connection, const std::vector<std::string>& names,
                    const std::function<void(const Row&)>& each) const {
  SearchParameters parameters(impl_->scope.parameters);
  std::string columns;
  std::string joins;
  for (size_t i = 0; i < names.size(); ++i) {
    columns += i == 0 ? "" : ", ";
    columns += impl_->ValueSql(names[i], static_cast<int>(i), &joins, parameters);
  }
  if (columns.empty()) columns = "1";
  WithinLimit(connection, impl_->request.time_limit_ms, [&] {
    Part part = impl_->All(connection, std::move(parameters));
    std::string sql = fmt::format("SELECT {} FROM {}{}", columns, part.from, joins);
    sql += fmt::format(" WHERE {} AND {}", impl_->scope.sql, impl_->FilterSql(part));
    const SearchQuery query("search.values", std::move(sql), part.parameters.Take());
    connection.ForEach(query.query(), query.parameters(), [&](const Row& row) {
      each(row);
      return true;
    });
  });
}

int64_t Search::Count(Connection& connection, int64_t max) const {
  return WithinLimit(connection, impl_->request.time_limit_ms, [&] {
    Part part = impl_->All(connection, SearchParameters(impl_->scope.parameters));
    const std::string filter = impl_->FilterSql(part);
    std::string sql =
        fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} AND {} LIMIT {}) counted",
                    part.from, impl_->scope.sql, filter, max);
    const SearchQuery query("search.count", std::move(sql), part.parameters.Take());
    return connection.SelectOne(query.query(), query.parameters())->Int(0);
  });
}

std::vector<Row> Search::Keys(Connection& connection, const Query& few, const Query& many,
                              const std::vector<Value>& parameters) const {
  return WithinLimit(connection, impl_->request.time_limit_ms, [&] {
    std::vector<Value> bound = impl_->scope.parameters;
    bound.insert(bound.end(), parameters.begin(), parameters.end());
    SearchParameters all(std::move(bound));
    const SearchPlan plan = PlanAll(connection, impl_->table());
    const Query& query = plan.is_few ? few : many;
    std::string sql(impl_->Text(query));
    if (plan.is_few) Replace(&sql, "/*from*/", FoundFrom(impl_->table(), plan, all));
    Replace(&sql, "/*scope*/", impl_->scope.sql);
    Replace(&sql, "/*filter*/", impl_->FilterSql(all));
    const SearchQuery filled(query.name, std::move(sql), all.Take());
    return connection.Select(filled.query(), filled.parameters());
  });
}

bool Search::Uses(std::string_view entity) const {
  for (const auto& key : impl_->order) {
    if (key.keyed != nullptr && key.keyed->entity == entity) return true;
  }
  return impl_->filter != nullptr && Names(*impl_->filter, impl_->schema, entity);
}

SearchQuery Search::Statement(const Query& query) const {
  return *impl_->Fill(query, impl_->Whole(), impl_->request.limit + 1);
}

}  // namespace millwright::storage
