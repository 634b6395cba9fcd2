#pragma once

#include "api/native/context.h"
#include "data/dataset_store.h"
#include "http/message.h"

// Sources, dataset versions, their rows and splits.
namespace millwright::api::native {

// What making a version answers.
Json VersionedJson(const std::string& dataset, const data::DatasetVersion& version, bool unchanged);

http::Response PutSource(Context& context, const http::Request& request);
http::Response ListSources(Context& context, const http::Request& request);
http::Response CollectSource(Context& context, const http::Request& request);
http::Response ListDatasets(Context& context, const http::Request& request);
http::Response GetDataset(Context& context, const http::Request& request);
http::Response UploadDataset(Context& context, const http::Request& request);
http::Response DeriveDataset(Context& context, const http::Request& request);
http::Response GetDatasetRows(Context& context, const http::Request& request);
http::Response GetDatasetFile(Context& context, const http::Request& request);
http::Response GetDatasetProfile(Context& context, const http::Request& request);
http::Response GetDatasetFullProfile(Context& context, const http::Request& request);
http::Response GetDatasetProfileReport(Context& context, const http::Request& request);
http::Response ListHeldVersions(Context& context, const http::Request& request);
http::Response ReleaseVersion(Context& context, const http::Request& request);
http::Response JudgeVersion(Context& context, const http::Request& request);
http::Response CreateSplit(Context& context, const http::Request& request);
http::Response GetSplitPartFile(Context& context, const http::Request& request);

}  // namespace millwright::api::native
