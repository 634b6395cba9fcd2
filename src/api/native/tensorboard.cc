#include "api/native/tensorboard.h"

#include <fmt/format.h>

#include "api/native/request_reader.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "tensorboard/event_ingest.h"
#include "tracking/run_store.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kSamplesPerPage = 100;

tracking::RunId RunOf(Context& context, const http::Request& request) {
  return context.runs.GetInfo(tracking::RunId(request.PathValue("run_id"))).id;
}

Json FileJson(const tensorboard::EventFile& file) {
  Json json = Json::Of({{"file", file.name},
                        {"offset", file.bytes_read},
                        {"records", file.records},
                        {"updated_ms", file.updated_ms}});
  if (!file.problem.empty()) json.Set("problem", file.problem);
  return json;
}

Json TagJson(const tensorboard::SummaryTag& tag) {
  return Json::Of({{"kind", tensorboard::TagKindName(tag.kind)},
                   {"tag", tag.tag},
                   {"key", tag.key},
                   {"plugin", tag.plugin},
                   {"seen", tag.seen},
                   {"kept", tag.kept}});
}

// Images go out as their sizes; their bytes are asked for one by one.
Json SampleJson(const tensorboard::Sample& sample) {
  Json json = Json::Of({{"step", sample.step}, {"time_ms", sample.time_ms}});
  for (const auto& [key, value] : sample.data.AsObject()) {
    if (key != "images") {
      json.Set(key, value);
      continue;
    }
    Json images = Json::MakeArray();
    for (const auto& image : value.AsArray())
      images.Append(Json::Of({{"width", image.GetInt("width")},
                              {"height", image.GetInt("height")},
                              {"bytes", image.GetInt("bytes")}}));
    json.Set("images", std::move(images));
  }
  return json;
}

std::string_view MediaTypeOfImage(std::string_view path) {
  const std::string_view extension = path.substr(path.rfind('.') + 1);
  if (extension == "png") return "image/png";
  if (extension == "jpg") return "image/jpeg";
  if (extension == "gif") return "image/gif";
  if (extension == "webp") return "image/webp";
  return "image/bmp";
}

}  // namespace

http::Response GetTensorboard(Context& context, const http::Request& request) {
  const auto run = RunOf(context, request);
  const auto& summaries = context.event_ingest.summaries();
  Json files = Json::MakeArray();
  for (const auto& file : summaries.Files(run)) files.Append(FileJson(file));
  Json tags = Json::MakeArray();
  for (const auto& tag : summaries.Tags(run)) tags.Append(TagJson(tag));
  return Answer(Json::Of({{"files", files}, {"tags", tags}}));
}

http::Response ListSamples(Context& context, const http::Request& request) {
  const auto& summaries = context.event_ingest.summaries();
  const auto limit = static_cast<int>(
      QueryInt(request, "limit", kSamplesPerPage, 1, tensorboard::kSamplesPerPageMax));
  const int64_t tag = summaries.FindTag(RunOf(context, request),
                                        tensorboard::ParseTagKind(QueryText(request, "kind")),
                                        QueryText(request, "tag"));
  // One more than asked for tells whether there is a next page and where it begins.
  const auto found = summaries.Samples(
      tag, QueryInt(request, "from_step", INT64_MIN, INT64_MIN, INT64_MAX), limit + 1);
  Json samples = Json::MakeArray();
  for (size_t i = 0; i < found.size() && i < static_cast<size_t>(limit); ++i)
    samples.Append(SampleJson(found[i]));
  Json answer = Json::Of({{"samples", samples}});
  if (found.size() > static_cast<size_t>(limit)) answer.Set("next_step", found.back().step);
  return Answer(answer);
}

http::Response GetSampleImage(Context& context, const http::Request& request) {
  const auto& summaries = context.event_ingest.summaries();
  const std::string name = QueryText(request, "tag");
  const int64_t tag =
      summaries.FindTag(RunOf(context, request), tensorboard::TagKind::kImage, name);
  const int64_t step = QueryInt(request, "step", 0, INT64_MIN, INT64_MAX);
  const auto index =
      static_cast<size_t>(QueryInt(request, "index", 0, 0, tensorboard::kImagesPerSampleMax - 1));
  const auto samples = summaries.Samples(tag, step, 1);
  if (samples.empty() || samples[0].step != step ||
      index >= samples[0].data.At("images").AsArray().size())
    throw NotFound("Image", fmt::format("{} of step {}", name, step));
  const std::string path =
      samples[0].data.At("images").AsArray()[index].At("path").AsString("path");
  http::Response response;
  response.headers.Set("Content-Type", std::string(MediaTypeOfImage(path)));
  if (const auto local = context.artifacts.LocalPath(path)) {
    response.file = local->string();
  } else {
    response.body = context.artifacts.ReadAll(path);
  }
  return response;
}

http::Response TakeEvents(Context& context, const http::Request& request) {
  const auto taken = context.event_ingest.Take(
      {.run = RunOf(context, request),
       .file = QueryText(request, "file"),
       .folder = "",
       .offset = static_cast<uint64_t>(QueryInt(request, "offset", 0, 0, INT64_MAX)),
       .bytes = request.body});
  Json answer = Json::Of({{"offset", static_cast<int64_t>(taken.offset)},
                          {"wanted", static_cast<int64_t>(taken.wanted)},
                          {"records", taken.records}});
  if (!taken.problem.empty()) answer.Set("problem", taken.problem);
  if (taken.session_end)
    answer.Set("session_end",
               *taken.session_end == tensorboard::SessionEnd::kFailed ? "failed" : "succeeded");
  return Answer(answer);
}

}  // namespace millwright::api::native
