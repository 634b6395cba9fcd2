#include "fetch/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "base/error.h"
#include "fetch/curl_library.h"
#include "fetch/header_text.h"
#include "fetch/retry.h"

namespace millwright::fetch {
namespace {

// Handles kept for the next call, each with its open connections. More calls at a time make more
// handles, which are closed afterwards.
constexpr size_t kIdleHandlesMax = 64;
constexpr long kRedirectsMax = 5;
constexpr size_t kHeaderBytesMax = 256 * 1024;

struct CloseFile {
  void operator()(FILE* file) const { std::fclose(file); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

// curl_global_init is not thread-safe; a static's initialisation is.
void InitCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw Internal("Cannot start libcurl: {}", curl_easy_strerror(code));
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) ==
                  std::tolower(static_cast<unsigned char>(y));
         });
}

// One attempt: what libcurl's callbacks write into and why they stopped it.
struct Attempt {
  const FetchRequest& request;
  FetchResponse response;
  uint64_t received = 0;
  size_t header_bytes = 0;
  bool delivered = false;  // on_body has seen bytes: no further attempt can take them back
  bool stopped = false;    // on_body wanted no more
  bool too_large = false;
  bool asked_to_stop = false;
  bool head_ended = false;
  std::string refused;  // the address that the guard refused
  std::exception_ptr thrown;
};

size_t OnHeader(char* bytes, size_t, size_t size, void* user) {
  auto& attempt = *static_cast<Attempt*>(user);
  const std::string_view line(bytes, size);
  attempt.header_bytes += size;
  if (attempt.header_bytes > kHeaderBytesMax) {
    attempt.too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // a new head: the first, or after 100 Continue or a redirect
    attempt.response.headers.clear();
    const size_t blank = line.find(' ');
    attempt.response.status = blank == std::string_view::npos ? 0 : std::atoi(bytes + blank + 1);
    return size;
  }
  if (line == "\r\n" || line == "\n") attempt.head_ended = attempt.response.status >= 200;
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    attempt.response.headers.emplace_back(line.substr(0, colon), Trimmed(line.substr(colon + 1)));
  return size;
}

size_t OnBody(char* bytes, size_t, size_t size, void* user) {
  auto& attempt = *static_cast<Attempt*>(user);
  const uint64_t room = attempt.request.body_bytes_max - attempt.received;
  if (size > room && attempt.request.long_body == LongBody::kCut) {
    attempt.response.body.append(bytes, room);
    attempt.received += room;
    attempt.stopped = true;
    return 0;
  }
  if (size > room) {
    attempt.too_large = true;
    return 0;
  }
  attempt.received += size;
  if (!attempt.request.on_body || attempt.response.status / 100 != 2) {
    attempt.response.body.append(bytes, size);
    return size;
  }
  try {
    if (!attempt.delivered && attempt.request.on_head) attempt.request.on_head(attempt.response);
    attempt.delivered = true;
    if (attempt.request.on_body({bytes, size})) return size;
    attempt.stopped = true;
  } catch (const std::exception&) {
    attempt.thrown = std::current_exception();  // libcurl is C: it is thrown again outside
  }
  return 0;
}

size_t OnUpload(char* out, size_t size, size_t count, void* file) {
  return std::fread(out, size, count, static_cast<FILE*>(file));
}

int OnSeek(void* file, curl_off_t offset, int origin) {
  return fseeko(static_cast<FILE*>(file), offset, origin) == 0 ? CURL_SEEKFUNC_OK
                                                               : CURL_SEEKFUNC_FAIL;
}

// Called for each address of a host name in turn, before anything is sent to it.
curl_socket_t OpenSocket(void* user, curlsocktype, curl_sockaddr* target) {
  auto& [attempt, guard] = *static_cast<std::pair<Attempt*, const Client::Guard*>*>(user);
  const Address address(target->addr);
  if (!(*guard)(attempt->request.url, address)) {
    attempt->refused = address.ToText();
    return CURL_SOCKET_BAD;
  }
  return socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& attempt = *static_cast<Attempt*>(user);
  attempt.asked_to_stop = attempt.request.stop.stop_requested();
  return attempt.asked_to_stop ? 1 : 0;
}

template <typename T>
void Set(CURL* handle, CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code != CURLE_OK)
    throw Internal("libcurl option {}: {}", int{option}, curl_easy_strerror(code));
}

HeaderList MakeHeaders(const FetchRequest& request) {
  HeaderList list;
  const auto add = [&](const std::string& line) {
    curl_slist* grown = curl_slist_append(list.get(), line.c_str());
    if (grown == nullptr) throw ResourceExhausted("Out of memory");
    list.release();
    list.reset(grown);
  };
  bool has_type = false;
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || HasLineBreak(name) || HasLineBreak(value))
      throw InvalidArgument("Line break in a request header: {}", name);
    add(value.empty() ? name + ";" : name + ": " + value);
    has_type = has_type || EqualsIgnoringCase(name, "Content-Type");
  }
  if (!has_type) add("Content-Type:");  // libcurl would claim a form
  return list;
}

// The size of the file at hand.
curl_off_t FileSize(FILE* file) {
  fseeko(file, 0, SEEK_END);
  const off_t size = ftello(file);
  fseeko(file, 0, SEEK_SET);
  return size;
}

void SetTarget(CURL* handle, const FetchRequest& request) {
  if (HasLineBreak(request.url)) throw InvalidArgument("Line break in URL");
  Set(handle, CURLOPT_URL, request.url.c_str());
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  Set(handle, CURLOPT_MAXREDIRS, kRedirectsMax);
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  // A proxy named in the environment is for the world outside, never for our own replicas.
  if (IsLoopbackUrl(request.url)) Set(handle, CURLOPT_PROXY, "");
  Set(handle, CURLOPT_TCP_NODELAY, 1L);
  Set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  Set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  if (request.stall_timeout_ms > 0) {
    Set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    Set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>((request.stall_timeout_ms + 999) / 1000));
  }
}

void SetBody(CURL* handle, const FetchRequest& request, FILE* file) {
  if (file != nullptr) {
    Set(handle, CURLOPT_UPLOAD, 1L);
    Set(handle, CURLOPT_READFUNCTION, &OnUpload);
    Set(handle, CURLOPT_READDATA, file);
    Set(handle, CURLOPT_SEEKFUNCTION, &OnSeek);
    Set(handle, CURLOPT_SEEKDATA, file);
    Set(handle, CURLOPT_INFILESIZE_LARGE, FileSize(file));
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
             request.method == "PATCH") {
    Set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    Set(handle, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method == "HEAD") {
    Set(handle, CURLOPT_NOBODY, 1L);
  } else {
    Set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

[[noreturn]] void ThrowFailure(CURLcode code, const Attempt& attempt, const char* details) {
  const std::string& url = attempt.request.url;
  const std::string reason = *details != '\0' ? details : curl_easy_strerror(code);
  if (attempt.thrown) std::rethrow_exception(attempt.thrown);
  if (attempt.asked_to_stop) throw Aborted("The call was given up: {}", WithoutSecrets(url));
  if (!attempt.refused.empty())
    throw PermissionDenied("Connections to {} are not allowed: {}", attempt.refused,
                           WithoutSecrets(url));
  if (attempt.too_large)
    throw ResourceExhausted("The answer is larger than {} bytes: {}",
                            attempt.request.body_bytes_max, WithoutSecrets(url));
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      throw DeadlineExceeded("No answer in time from {}: {}", WithoutSecrets(url), reason);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      throw InvalidArgument("Not an http or https URL: {}", WithoutSecrets(url));
    default:
      throw Unavailable("No answer from {}: {}", WithoutSecrets(url), reason);
  }
}

bool IsConnectionFailure(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view FetchResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (EqualsIgnoringCase(key, name)) return value;
  return {};
}

struct Client::Impl {
  Handle Take() {
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Handle handle = std::move(idle.back());
        idle.pop_back();
        return handle;
      }
    }
    InitCurl();
    Handle handle(curl_easy_init());
    if (!handle) throw ResourceExhausted("Cannot make another libcurl handle");
    return handle;
  }

  void GiveBack(Handle handle) {
    curl_easy_reset(handle.get());  // keeps connections, forgets all options
    std::lock_guard lock(mutex);
    if (idle.size() < kIdleHandlesMax) idle.push_back(std::move(handle));
  }

  // Makes one attempt; returns libcurl's code, its words in `details`.
  CURLcode Try(Attempt& attempt, std::string* details) {
    const FetchRequest& request = attempt.request;
    std::unique_ptr<FILE, CloseFile> file;
    if (!request.body_file.empty()) {
      file.reset(std::fopen(request.body_file.c_str(), "rbe"));
      if (!file) throw NotFound("File", request.body_file);
    }
    const HeaderList headers = MakeHeaders(request);
    Handle handle = Take();
    char words[CURL_ERROR_SIZE] = "";
    SetTarget(handle.get(), request);
    SetBody(handle.get(), request, file.get());
    Set(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    Set(handle.get(), CURLOPT_ERRORBUFFER, static_cast<char*>(words));
    Set(handle.get(), CURLOPT_HEADERFUNCTION, &OnHeader);
    Set(handle.get(), CURLOPT_HEADERDATA, &attempt);
    Set(handle.get(), CURLOPT_WRITEFUNCTION, &OnBody);
    Set(handle.get(), CURLOPT_WRITEDATA, &attempt);
    std::pair<Attempt*, const Guard*> guarded(&attempt, &guard);
    if (guard) {
      Set(handle.get(), CURLOPT_PROXY, "");
      Set(handle.get(), CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
      Set(handle.get(), CURLOPT_OPENSOCKETDATA, &guarded);
    }
    if (request.stop.stop_possible()) {
      Set(handle.get(), CURLOPT_NOPROGRESS, 0L);
      Set(handle.get(), CURLOPT_XFERINFOFUNCTION, &OnProgress);
      Set(handle.get(), CURLOPT_XFERINFODATA, &attempt);
    }
    const CURLcode code = curl_easy_perform(handle.get());
    *details = words;
    GiveBack(std::move(handle));
    return code;
  }

  // Sleeps between attempts; the client's end wakes it.
  bool Pause(int64_t ms) {
    std::unique_lock lock(mutex);
    return !closing_changed.wait_for(lock, std::chrono::milliseconds(ms), [&] { return closing; });
  }

  const Guard guard;
  std::mutex mutex;
  std::condition_variable closing_changed;
  bool closing = false;
  std::vector<Handle> idle;
};

Client::Client() : Client(Guard()) {}
Client::Client(Guard guard) : impl_(new Impl{.guard = std::move(guard)}) {}
Client::~Client() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->closing_changed.notify_all();
}

FetchResponse Client::Fetch(const FetchRequest& request) {
  for (int attempts_made = 1;; ++attempts_made) {
    Attempt attempt{request};
    std::string details;
    const CURLcode code = impl_->Try(attempt, &details);
    const bool cut = attempt.request.long_body == LongBody::kCut && attempt.head_ended;
    const bool answered = code == CURLE_OK || attempt.stopped ||
                          (cut && !attempt.asked_to_stop && !attempt.too_large);
    const bool repeat = answered ? IsRetriedStatus(attempt.response.status) && !attempt.delivered
                                 : IsConnectionFailure(code) && !attempt.delivered;
    if (repeat && attempts_made <= request.retries) {
      const int64_t pause_ms = RetryDelayMs(attempts_made, attempt.response.Header("Retry-After"));
      if (impl_->Pause(pause_ms)) continue;
    }
    if (!answered) ThrowFailure(code, attempt, details.c_str());
    return std::move(attempt.response);
  }
}

namespace {

struct MailUpload {
  const MailRequest& request;
  size_t at = 0;
  std::string last_line;
  bool asked_to_stop = false;
};

size_t OnMailBytes(char* out, size_t size, size_t count, void* user) {
  auto& upload = *static_cast<MailUpload*>(user);
  const std::string& message = upload.request.message;
  const size_t bytes = std::min(size * count, message.size() - upload.at);
  std::copy_n(message.data() + upload.at, bytes, out);
  upload.at += bytes;
  return bytes;
}

// The server's lines come as headers.
size_t OnMailLine(char* bytes, size_t, size_t size, void* user) {
  static_cast<MailUpload*>(user)->last_line = Trimmed(std::string_view(bytes, size));
  return size;
}

int OnMailProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& upload = *static_cast<MailUpload*>(user);
  upload.asked_to_stop = upload.request.stop.stop_requested();
  return upload.asked_to_stop ? 1 : 0;
}

void CheckMail(const MailRequest& request) {
  for (const std::string& address : request.to)
    if (address.empty() || HasLineBreak(address))
      throw InvalidArgument("Not an address of mail: {}", address);
  if (request.to.empty()) throw InvalidArgument("A mail needs somebody to go to");
  if (HasLineBreak(request.url) || HasLineBreak(request.from) || HasLineBreak(request.user))
    throw InvalidArgument("Line break in what is told to a mail server");
}

}  // namespace

MailReply Client::SendMail(const MailRequest& request) {
  CheckMail(request);
  curl_slist* grown = nullptr;
  HeaderList recipients;
  for (const std::string& address : request.to) {
    grown = curl_slist_append(recipients.get(), ("<" + address + ">").c_str());
    if (grown == nullptr) throw ResourceExhausted("Out of memory");
    recipients.release();
    recipients.reset(grown);
  }
  MailUpload upload{.request = request};
  FetchRequest named;  // for the guard, which is shown a URL
  named.url = request.url;
  Attempt attempt{named};
  std::pair<Attempt*, const Guard*> guarded(&attempt, &impl_->guard);
  Handle handle = impl_->Take();
  char words[CURL_ERROR_SIZE] = "";
  const std::string from = "<" + request.from + ">";
  Set(handle.get(), CURLOPT_URL, request.url.c_str());
  Set(handle.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  Set(handle.get(), CURLOPT_NOSIGNAL, 1L);
  Set(handle.get(), CURLOPT_PROXY, "");
  Set(handle.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  Set(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeout_ms));
  Set(handle.get(), CURLOPT_FRESH_CONNECT, 1L);
  Set(handle.get(), CURLOPT_FORBID_REUSE, 1L);
  Set(handle.get(), CURLOPT_MAIL_FROM, from.c_str());
  Set(handle.get(), CURLOPT_MAIL_RCPT, recipients.get());
  if (!request.user.empty()) {
    Set(handle.get(), CURLOPT_USERNAME, request.user.c_str());
    Set(handle.get(), CURLOPT_PASSWORD, request.password.c_str());
  }
  Set(handle.get(), CURLOPT_USE_SSL,
      static_cast<long>(request.tls == MailTls::kRequired    ? CURLUSESSL_ALL
                        : request.tls == MailTls::kIfOffered ? CURLUSESSL_TRY
                                                             : CURLUSESSL_NONE));
  Set(handle.get(), CURLOPT_UPLOAD, 1L);
  Set(handle.get(), CURLOPT_READFUNCTION, &OnMailBytes);
  Set(handle.get(), CURLOPT_READDATA, &upload);
  Set(handle.get(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.message.size()));
  Set(handle.get(), CURLOPT_HEADERFUNCTION, &OnMailLine);
  Set(handle.get(), CURLOPT_HEADERDATA, &upload);
  Set(handle.get(), CURLOPT_ERRORBUFFER, static_cast<char*>(words));
  if (impl_->guard) {
    Set(handle.get(), CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
    Set(handle.get(), CURLOPT_OPENSOCKETDATA, &guarded);
  }
  Set(handle.get(), CURLOPT_NOPROGRESS, 0L);
  Set(handle.get(), CURLOPT_XFERINFOFUNCTION, &OnMailProgress);
  Set(handle.get(), CURLOPT_XFERINFODATA, &upload);
  const CURLcode code = curl_easy_perform(handle.get());
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  const std::string details = words;
  impl_->GiveBack(std::move(handle));
  // A refusal has a code of 4xx or 5xx; without one nobody answered.
  if (code == CURLE_OK || (status >= 400 && attempt.refused.empty() && !upload.asked_to_stop))
    return {code == CURLE_OK, static_cast<int>(status), upload.last_line};
  if (upload.asked_to_stop) throw Aborted("The call was given up: {}", request.url);
  ThrowFailure(code, attempt, details.c_str());
}

std::string PercentEncode(std::string_view text, Slashes slashes) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved || (c == '/' && slashes == Slashes::kKeep)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

}  // namespace millwright::fetch
