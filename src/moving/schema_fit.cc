#include "moving/schema_fit.h"

#include "moving/sql.h"

namespace millwright::moving {

Schema::Schema(storage::Connection& connection) : dialect_(connection.dialect()) {
  connection.ForEach(sql::kForeignColumns, {}, [&](const storage::Row& row) {
    tables_.insert(row.Text(0));
    columns_.insert({row.Text(0), row.Text(1)});
    return true;
  });
}

Schema::Fitted Schema::Fit(const storage::Query& query) const {
  const bool postgres = dialect_ == storage::Dialect::kPostgres && !query.postgres.empty();
  std::string_view rest = postgres ? query.postgres : query.sql;
  std::string sql;
  while (true) {
    const size_t open = rest.find('[');
    sql += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t close = rest.find(']', open);
    const std::string_view name = rest.substr(open + 1, close - open - 1);
    const size_t dot = name.find('.');
    const bool there = Has(std::string(name.substr(0, dot)), std::string(name.substr(dot + 1)));
    sql += there ? name : "NULL";
    rest.remove_prefix(close + 1);
  }
  return {query.name, std::move(sql)};
}

}  // namespace millwright::moving
