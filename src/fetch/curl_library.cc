#include "fetch/curl_library.h"

namespace millwright::fetch {

const SharedLibrary& Curl() {
  static const SharedLibrary library("libcurl", {"libcurl.so.4"}, "install libcurl4");
  return library;
}

}  // namespace millwright::fetch
