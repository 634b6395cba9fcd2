#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "serving/loaded_version.h"
#include "supply/origin.h"

namespace millwright::supply {

// What addresses mean besides themselves.
struct AddressContext {
  std::string server;         // whose registry models:/… names
  std::stop_token stop = {};  // ends calls that are under way
};

// The origin of `NAME=WHERE`: a file or folder, models:/NAME/7, models:/NAME@champion,
// models:/NAME, s3://bucket/prefix, oci://host/repository:tag or …@sha256:…. Throws
// kInvalidArgument for an address of another form.
std::unique_ptr<Origin> OpenOrigin(const serving::ModelSource& source,
                                   const AddressContext& context);

}  // namespace millwright::supply
