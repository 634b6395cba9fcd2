#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "monitoring/import_columns.h"

namespace millwright::monitoring {

// A file of JSON lines as a table, each value as its line has it: a column of whole numbers with
// one fraction keeps the fraction, and one of numbers with a word both. Not thread-safe.
class JsonLines {
 public:
  // Nothing for a file of another kind, by its extension, and for one with a line that is not
  // strict JSON (NaN without quotes, say) or no object. The file must not change meanwhile. Throws
  // kInvalidArgument for more than kImportRowsMax lines and as RolesOf.
  static std::optional<JsonLines> Open(const std::filesystem::path& file, const ImportRules& rules);

  // By row; none where a row has none.
  const std::vector<std::optional<std::string>>& Ids() const { return ids_; }
  // Calls `each` with the rows in order.
  void ForEach(const std::function<void(ImportedRow)>& each) const;

 private:
  explicit JsonLines(const std::filesystem::path& file) : file_(file) {}
  // What columns and ids there are; false where a line cannot be read.
  bool Learn(const std::string& id);
  void ForEachObject(const std::function<void(const Json&)>& each) const;
  size_t PlaceOf(const std::string& name, size_t near) const;
  ImportedRow RowOf(const Json& object, int64_t number) const;

  const std::filesystem::path file_;
  std::vector<ImportColumn> columns_;
  std::unordered_map<std::string, size_t> places_;
  ImportRoles roles_;
  std::vector<std::optional<std::string>> ids_;
};

}  // namespace millwright::monitoring
