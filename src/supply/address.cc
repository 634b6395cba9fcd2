#include "supply/address.h"

#include "base/error.h"
#include "client/model_version.h"
#include "supply/blob_origin.h"
#include "supply/folder_origin.h"
#include "supply/object_store.h"
#include "supply/oci_origin.h"
#include "supply/registry_origin.h"

namespace millwright::supply {

std::unique_ptr<Origin> OpenOrigin(const serving::ModelSource& source,
                                   const AddressContext& context) {
  const std::string& where = source.path.native();
  if (client::IsModelUri(where)) {
    return std::make_unique<RegistryOrigin>(where, context.server, context.stop);
  }
  if (IsObjectStoreUri(where)) {
    return std::make_unique<BlobOrigin>(OpenObjectStore(where), "", source.version);
  }
  if (IsOciUri(where)) return std::make_unique<OciOrigin>(where, context.stop);
  if (where.find("://") != std::string::npos) {
    throw InvalidArgument("Model {}: no models come from this address: {}", source.name, where);
  }
  return std::make_unique<FolderOrigin>(source.path, source.version);
}

}  // namespace millwright::supply
