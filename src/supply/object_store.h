#pragma once

#include <memory>
#include <string>

#include "blob/blob_store.h"

namespace millwright::supply {

bool IsObjectStoreUri(const std::string& uri);

// Opens s3://bucket/prefix as the environment says, to be read by somebody who has files already:
// it gives up sooner than a store that is written to. Throws as blob::OpenBlobStore does.
std::shared_ptr<blob::BlobStore> OpenObjectStore(const std::string& uri);

}  // namespace millwright::supply
