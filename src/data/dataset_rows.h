#pragma once

#include "data/dataset.h"
#include "data/dataset_store.h"
#include "storage/database.h"

namespace millwright::data {

// Reads the columns that the queries on dataset_versions and snapshots select, in their order.
DatasetVersion VersionFromRow(const storage::Row& row);
Snapshot SnapshotFromRow(const storage::Row& row);
VersionState ParseVersionState(const std::string& name);

Json InputsToJson(const std::vector<Input>& inputs);
std::vector<Input> InputsFromJson(const Json& json);

}  // namespace millwright::data
