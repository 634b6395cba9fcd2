#pragma once

#include <memory>
#include <string>
#include <vector>

#include "supply/origin.h"

namespace millwright::supply {

inline constexpr size_t kStoreModelsMax = 1'000;

// A folder whose folders are models, on this machine or in S3. Used by one thread at a time.
class ModelStore {
 public:
  virtual ~ModelStore() = default;
  virtual const std::string& address() const = 0;
  // The names of the models that are there, sorted. Throws when the store does not answer.
  virtual std::vector<std::string> Models() = 0;
  // Whether its models are copied to this machine before they are served.
  virtual bool is_elsewhere() const = 0;
  virtual std::unique_ptr<Origin> OriginOf(const std::string& model) = 0;
};

// `where` is a folder or s3://bucket/prefix. Throws kInvalidArgument for other addresses and for a
// bucket without credentials.
std::unique_ptr<ModelStore> OpenModelStore(const std::string& where);

// Whether a folder's name is a model's: it stands in URLs, and a hidden folder is none.
bool IsModelName(const std::string& name);

}  // namespace millwright::supply
