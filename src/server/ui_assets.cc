#include "server/ui_assets.h"

#include <algorithm>
#include <string>

#include "api/json_error.h"
#include "base/error.h"

namespace millwright::server {
namespace {

// The UI needs nothing but itself: inline styles are set by the chart library.
constexpr std::string_view kContentPolicy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "frame-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'";

// Whether a person's browser asks for a page, rather than a program for an answer.
bool WantsPage(const http::Request& request) {
  const auto accept = request.headers.Find("accept");
  return accept && accept->find("text/html") != std::string_view::npos;
}

}  // namespace

UiPages::UiPages() : assets_(UiAssets()) {}

const UiAsset* UiPages::Find(std::string_view path) const {
  const auto found = std::find_if(assets_.begin(), assets_.end(),
                                  [&](const UiAsset& asset) { return asset.path == path; });
  return found == assets_.end() ? nullptr : &*found;
}

http::Response UiPages::Serve(const http::Request& request) const {
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  const UiAsset* asset = reads ? Find(request.path) : nullptr;
  if (asset == nullptr && reads && (request.path == "/" || WantsPage(request)))
    asset = Find("/index.html");
  if (asset == nullptr) return api::NoRoute(404, "Path not found: " + request.path);

  http::Response response;
  response.headers.Set("Content-Type", std::string(asset->type));
  response.headers.Set("ETag", "\"" + std::string(asset->etag) + "\"");
  response.headers.Set("Content-Security-Policy", std::string(kContentPolicy));
  const bool hashed = asset->path.starts_with("/assets/");
  response.headers.Set("Cache-Control",
                       hashed ? "public, max-age=31536000, immutable" : "no-cache");
  const auto known = request.headers.Find("if-none-match");
  if (known && known->find(asset->etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  const auto encodings = request.headers.Find("accept-encoding");
  if (encodings && encodings->find("gzip") != std::string_view::npos) {
    response.headers.Set("Content-Encoding", "gzip");
    response.body.assign(asset->gzip, asset->gzip_end);
  } else {
    response.body.assign(asset->raw, asset->raw_end);
  }
  return response;
}

}  // namespace millwright::server
