#include "monitoring/wide_table.h"

namespace millwright::monitoring {

std::string WideTable(analytics::Session& session, const std::string& name,
                      const std::string& expression, size_t columns) {
  if (columns <= kWideColumns) return expression;
  session.Execute("CREATE OR REPLACE TEMP TABLE " + name + " AS SELECT * FROM " + expression);
  return name;
}

}  // namespace millwright::monitoring
