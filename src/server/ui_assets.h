#pragma once

#include <string_view>
#include <vector>

#include "http/message.h"

namespace millwright::server {

// One file of the web UI inside the binary.
struct UiAsset {
  std::string_view path;  // "/assets/index-4f2a.js"
  std::string_view type;
  std::string_view etag;  // of the content
  const char* raw;
  const char* raw_end;
  const char* gzip;
  const char* gzip_end;
};

// All files; empty in a build without the UI.
std::vector<UiAsset> UiAssets();

// Answers what no route takes: a file of the UI, its index page for the address of any other page
// when a browser asks for HTML, and 404 as JSON to programs.
// Names with a hash in them may be kept for ever, the index is asked for each time.
class UiPages {
 public:
  UiPages();
  http::Response Serve(const http::Request& request) const;

 private:
  const UiAsset* Find(std::string_view path) const;
  std::vector<UiAsset> assets_;
};

}  // namespace millwright::server
