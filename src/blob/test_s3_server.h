#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "blob/s3_options.h"

namespace millwright::blob {

// A real S3 server (npm's s3rver) for tests, on a free port of this machine, with one bucket.
class TestS3Server {
 public:
  TestS3Server()
      : child_(
            {.arguments = {Node().string(), "--openssl-legacy-provider",  // its page tokens are DES

                           MILLWRIGHT_SOURCE_DIR "/tests/s3/node_modules/.bin/s3rver",
                           "--directory", (dir_.path() / "data").string(), "--address", "127.0.0.1",
                           "--port", "0", "--service-endpoint", "localhost", "--configure-bucket",
                           "bucket"},
             .output_file = Log()}) {
    constexpr std::string_view kMark = "listening on 127.0.0.1:";
    std::string text;
    size_t at = std::string::npos;
    while (at == std::string::npos) {
      if (child_.Wait(20)) throw Internal("s3rver did not start: {}", text);
      text = std::filesystem::exists(Log()) ? ReadFile(Log()) : "";
      at = text.find(kMark);
      if (text.find('\n', at) == std::string::npos) at = std::string::npos;
    }
    port_ = std::atoi(text.c_str() + at + kMark.size());
  }

  S3Options Options() const {
    S3Options options;
    options.bucket = "bucket";
    options.prefix = "some/root";
    options.endpoint = "http://127.0.0.1:" + std::to_string(port_);
    options.region = "us-east-1";
    options.style = S3Style::kPath;
    options.credentials = {"S3RVER", "S3RVER", ""};
    return options;
  }
  int port() const { return port_; }

 private:
  std::filesystem::path Log() const { return dir_.path() / "log"; }
  static std::filesystem::path Node() {
    const char* cache = std::getenv("MILLWRIGHT_CACHE");
    const char* xdg = std::getenv("XDG_CACHE_HOME");
    const std::filesystem::path root =
        cache != nullptr ? std::filesystem::path(cache)
        : xdg != nullptr ? std::filesystem::path(xdg) / "millwright"
                         : std::filesystem::path(std::getenv("HOME")) / ".cache/millwright";
    return root / "node-22.23.3/bin/node";
  }

  TempDir dir_;
  ChildProcess child_;
  int port_ = 0;
};

}  // namespace millwright::blob
