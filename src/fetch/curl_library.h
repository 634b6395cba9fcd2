#pragma once

#include <curl/curl.h>

#include "base/lazy_function.h"

// libcurl's functions, each under its own name; the library and the thirty that it needs are opened
// at the first call.
namespace millwright::fetch {

#undef curl_easy_setopt  // a macro that only names itself, as the next
#undef curl_easy_getinfo

const SharedLibrary& Curl();

#define MILLWRIGHT_CURL(name) inline constinit LazyFunction<decltype(&::name)> name(&Curl, #name);

MILLWRIGHT_CURL(curl_easy_cleanup)
MILLWRIGHT_CURL(curl_easy_getinfo)
MILLWRIGHT_CURL(curl_easy_init)
MILLWRIGHT_CURL(curl_easy_perform)
MILLWRIGHT_CURL(curl_easy_reset)
MILLWRIGHT_CURL(curl_easy_setopt)
MILLWRIGHT_CURL(curl_easy_strerror)
MILLWRIGHT_CURL(curl_free)
MILLWRIGHT_CURL(curl_global_init)
MILLWRIGHT_CURL(curl_slist_append)
MILLWRIGHT_CURL(curl_slist_free_all)
MILLWRIGHT_CURL(curl_url)
MILLWRIGHT_CURL(curl_url_cleanup)
MILLWRIGHT_CURL(curl_url_get)
MILLWRIGHT_CURL(curl_url_set)

#undef MILLWRIGHT_CURL

}  // namespace millwright::fetch
