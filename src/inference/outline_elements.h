#pragma once

#include <string>
#include <string_view>

#include "base/ranged_protobuf.h"

namespace millwright::inference::outline {

// Numbers of an attribute or a small tensor as text: "3, 3, 1". The first are written, the others
// only counted: "1, 2, … (1,000 in all)".
class Elements {
 public:
  void Add(double value);
  void Add(int64_t value);
  void Add(std::string_view text);  // in quotes
  // Adds a repeated field, packed or not, whose elements are of `element`.
  enum class Element { kInt, kFloat, kDouble };
  void AddField(RangedBytes& bytes, const RangedProtobuf::Field& field, Element element);

  size_t count() const { return count_; }
  std::string Finish() const;

 private:
  bool Begin();

  std::string text_;
  size_t count_ = 0;
};

// The names of TensorProto.DataType as people write them: "float32". "type 99" where it has none.
std::string TypeName(int64_t type);

// Writes the elements that `raw` holds for a type; empty for types that are not written.
std::string RawElements(std::string_view raw, int64_t type);
// Whether RawElements writes a type; 0 where it does not.
size_t ElementBytes(int64_t type);

}  // namespace millwright::inference::outline
