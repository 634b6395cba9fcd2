#pragma once

#include "base/json.h"

namespace millwright::quality {

// The part of JSON Schema that people write about columns: type, enum, const, required, properties,
// additionalProperties (false), items, minimum, maximum, exclusiveMinimum, exclusiveMaximum,
// minLength, maxLength, minItems, maxItems, allOf, anyOf, not. Another keyword that would restrict
// values throws kUnimplemented when the schema is made, so that nothing passes unjudged.
class JsonSchema {
 public:
  explicit JsonSchema(Json schema);
  bool Accepts(const Json& value) const;

 private:
  Json schema_;
};

}  // namespace millwright::quality
