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

bool IsApiPath(std::string_view path) {
  for (const std::string_view prefix : {"/api/", "/ajax-api/", "/v2/", "/v1/", "/endpoints/"})
    if (path.starts_with(prefix)) return true;
  return false;
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
  const bool page = request.path.find('.') == std::string::npos && !IsApiPath(request.path);
  const UiAsset* asset = reads ? Find(request.path) : nullptr;
  if (asset == nullptr && reads && page) asset = Find("/index.html");
  // `/endpoints/NAME` is a page too when a browser asks for it.
  const auto accept = request.headers.Find("accept");
  if (asset == nullptr && reads && accept && accept->find("text/html") != std::string_view::npos)
    asset = Find("/index.html");
  if (asset == nullptr) return api::JsonError(Error(Code::kNotFound, "Not found: " + request.path));

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
