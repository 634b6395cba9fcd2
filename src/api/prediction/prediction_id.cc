#include "api/prediction/prediction_id.h"

#include <algorithm>

#include "base/error.h"

namespace millwright::api::prediction {

void CheckPredictionId(std::string_view id, const std::string& field) {
  const bool printable = std::all_of(id.begin(), id.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
  if (id.empty() || id.size() > kPredictionIdBytesMax || !printable) {
    throw InvalidArgument("A prediction's id has 1 to {} printable characters",
                          kPredictionIdBytesMax)
        .WithField(field);
  }
}

}  // namespace millwright::api::prediction
