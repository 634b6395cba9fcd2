#pragma once

#include <set>
#include <string>
#include <utility>

#include "storage/database.h"

namespace millwright::moving {

// Which tables and columns a foreign database has. MLflow's schema grew by some fifty revisions;
// the queries of this room name what a newer one has in brackets and are fitted to what is there:
//   [runs.deleted_time]   the column, or NULL where the table has none
class Schema {
 public:
  explicit Schema(storage::Connection& connection);

  bool Has(const std::string& table) const { return tables_.count(table) > 0; }
  bool Has(const std::string& table, const std::string& column) const {
    return columns_.count({table, column}) > 0;
  }

  // A query whose brackets are resolved; it must outlive the Query that query() gives.
  class Fitted {
   public:
    Fitted(std::string_view name, std::string sql) : name_(name), sql_(std::move(sql)) {}
    storage::Query query() const { return {name_, sql_, ""}; }

   private:
    std::string_view name_;
    std::string sql_;
  };
  Fitted Fit(const storage::Query& query) const;

 private:
  const storage::Dialect dialect_;
  std::set<std::string> tables_;
  std::set<std::pair<std::string, std::string>> columns_;
};

}  // namespace millwright::moving
