#include "api/native/verification.h"

#include "api/native/request_reader.h"
#include "artifacts/artifacts.h"
#include "base/json.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kBytesPerSecondMax = 1LL << 40;

bool Tell(http::BodyWriter& writer, const Json& line) {
  return writer.Write(line.Dump() + "\n");
}

}  // namespace

http::Response VerifyArtifacts(Context& context, const http::Request& request) {
  artifacts::Verification wanted;
  wanted.after = QueryText(request, "after");
  wanted.bytes_per_s = QueryInt(request, "bytes_per_s", 0, 0, kBytesPerSecondMax);
  http::Response response;
  response.headers.Set("Content-Type", "application/x-ndjson");
  response.headers.Set("Cache-Control", "no-cache");
  response.producer = [&artifacts = context.artifacts, wanted](http::BodyWriter& writer) mutable {
    const auto known = artifacts.CountKnown(wanted.after);
    if (!Tell(writer,
              Json::Of({{"known", Json::Of({{"files", known.files}, {"bytes", known.bytes}})}})))
      return;
    bool is_heard = true;
    wanted.on_fault = [&](const std::string& path, artifacts::Fault fault) {
      Tell(writer, Json::Of({{"path", path}, {"fault", artifacts::FaultName(fault)}}));
    };
    wanted.on_progress = [&](const artifacts::VerifiedFiles& done, const std::string& last) {
      is_heard =
          Tell(writer, Json::Of({{"files", done.files}, {"bytes", done.bytes}, {"after", last}}));
      return is_heard;
    };
    const auto done = artifacts.Verify(wanted);
    if (is_heard)
      Tell(writer, Json::Of({{"done", true}, {"files", done.files}, {"bytes", done.bytes}}));
  };
  return response;
}

}  // namespace millwright::api::native
