#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quality/suite.h"

// The one table of what suites can say. From it come the refusal of unknown types and kwargs with
// the nearest known, the names of the YAML form, `quality expectations` and its reference page.
namespace millwright::quality {

// A keyword argument, whichever types take it.
struct Kwarg {
  std::string_view name;
  std::string_view brief;  // its name in the YAML form; the same as `name` where it is short
  std::string_view form;   // what stands there: "number", "list of text", …
  std::string_view summary;
};

struct ExpectationType {
  std::string_view type;
  std::string_view brief;   // its name in the YAML form
  std::string_view kwargs;  // names, those that must be there with a "!"
  std::string_view summary;
};

struct KwargUse {
  const Kwarg* kwarg = nullptr;
  bool is_required = false;
};

// In the order in which people read them: values, text, rows, figures, sets, the table, SQL.
std::span<const ExpectationType> ExpectationTypes();
// By its full name or by that of the YAML form; nullptr for one that is unknown.
const ExpectationType* FindExpectationType(std::string_view name);
std::vector<KwargUse> KwargsOf(const ExpectationType& type);
const Kwarg* FindKwarg(std::string_view name);
// kwargs that every type takes: conditions, and what Great Expectations writes into all of them.
std::span<const Kwarg> CommonKwargs();

// Throws kUnimplemented for an unknown type and kInvalidArgument for an unknown or missing kwarg,
// with the nearest known. A kwarg that is null counts as absent.
void RequireKnown(const Expectation& expectation);

}  // namespace millwright::quality
