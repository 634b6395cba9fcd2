#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace millwright::quality {

inline constexpr size_t kSuiteBytesMax = 8 << 20;
inline constexpr size_t kSuiteExpectationsMax = 5000;

// One statement about a table, such as "expect_column_values_to_not_be_null" with its kwargs.
struct Expectation {
  std::string type;
  Json kwargs = Json::MakeObject();
  Json meta = Json::MakeObject();
  std::string id;
  std::string description;
  Json notes;

  // Writes Great Expectations' 1.x form; empty id, description and notes are left out.
  Json ToJson() const;
};

// A named list of expectations: the file format of Great Expectations, owned by this room.
struct Suite {
  std::string name;
  std::string id;
  std::vector<Expectation> expectations;
  Json meta = Json::MakeObject();
  Json notes;
  // Values that kwargs may name by {"$PARAMETER": "name"}.
  Json parameters = Json::MakeObject();

  // Writes the 1.x form, whichever form was read.
  Json ToJson() const;
};

// Reads a suite of Great Expectations 1.x (`name`, `type`, `suite_parameters`) or 0.x
// (`expectation_suite_name`, `expectation_type`, `evaluation_parameters`), or of the YAML form
// (`suite`, `checks`; see suite_form.h). Throws kInvalidArgument naming the expectation that is to
// blame, and for more than kSuiteExpectationsMax of them. A type that this program does not know is
// no error: its result says so.
Suite ParseSuite(const Json& json);
// The same from JSON or YAML text of at most kSuiteBytesMax.
Suite ParseSuiteText(std::string_view text);

}  // namespace millwright::quality
