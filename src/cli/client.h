#pragma once

#include "client/client.h"
#include "client/model_version.h"

// What commands ask servers by, under the names that they use.
namespace millwright::cli {

using client::Client;
using client::DownloadArtifact;
using client::DownloadModel;
using client::IsModelUri;
using client::ParseModelUri;
using client::PinModelUri;
using client::Query;
using client::ResolveModelVersion;

}  // namespace millwright::cli
