#include "inference/python_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "inference/python_worker.h"

namespace millwright::inference {
namespace {

constexpr int64_t kStopGraceMs = 1000;
constexpr int64_t kAcceptStepMs = 50;
constexpr size_t kFrameHeadBytes = 12;
constexpr size_t kReadBytes = size_t{1} << 20;

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string Interpreter() {
  const char* chosen = std::getenv("MILLWRIGHT_PYTHON");
  return chosen != nullptr && *chosen != '\0' ? chosen : "python3";
}

// What the worker may address. More than the machine has would only make the kernel choose whom to
// kill.
int64_t MemoryBytesMax(const PythonOptions& options) {
  if (options.memory_bytes_max > 0) return options.memory_bytes_max;
  return int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
}

std::string Little(uint64_t number, size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

uint64_t FromLittle(std::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    number |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  }
  return number;
}

// Waits until the descriptor can be read or written; false: the time is up.
bool WaitFor(int descriptor, short events, int64_t deadline_ms) {
  while (true) {
    const int64_t left = std::max<int64_t>(0, deadline_ms - NowMs());
    pollfd waiting{.fd = descriptor, .events = events, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) throw Internal("poll failed: {}", std::strerror(errno));
  }
}

int Listen(const std::filesystem::path& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.string().size() >= sizeof address.sun_path) {
    throw Internal("The path of a socket is too long: {}", path.string());
  }
  std::strcpy(address.sun_path, path.c_str());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 1) != 0) {
    throw Internal("Cannot listen on {}: {}", path.string(), std::strerror(errno));
  }
  return listener;
}

}  // namespace

PythonProcess::PythonProcess(Json spec, const PythonOptions& options)
    : spec_(std::move(spec)),
      options_(options),
      listener_(Listen(folder_.path() / "python.sock")),
      keeper_([this](const std::stop_token& stop) { Keep(stop); }) {}

PythonProcess::~PythonProcess() {
  End();
  keeper_.request_stop();
  changed_.notify_all();
  keeper_.join();
  close(listener_);
}

void PythonProcess::Keep(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return wanted_; })) {
    try {
      // Isolated: neither the user's packages nor variables such as PYTHONPATH decide what runs.
      child_.emplace(ProcessSpec{.arguments = {Interpreter(), "-I", "-c", kPythonWorkerScript,
                                               (folder_.path() / "python.sock").string(),
                                               std::to_string(MemoryBytesMax(options_))},
                                 .working_dir = folder_.path(),
                                 .group_ends_with_it = true});
      launch_error_.clear();
    } catch (const Error& error) {
      launch_error_ = error.message();
    }
    wanted_ = false;
    changed_.notify_all();
  }
}

void PythonProcess::Launch() {
  std::unique_lock lock(mutex_);
  wanted_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !wanted_; });
  if (!launch_error_.empty()) {
    throw Unavailable("Python cannot be started: {}; MILLWRIGHT_PYTHON names an interpreter",
                      launch_error_);
  }
}

void PythonProcess::End() {
  if (connection_ >= 0) close(connection_);
  connection_ = -1;
  if (child_) {
    child_->Signal(SIGKILL);
    child_->Stop(kStopGraceMs);
  }
  child_.reset();
  requests_.Clear();
  answers_.Clear();
}

// Nothing is asked, so that what it says all the same is nobody's answer.
bool PythonProcess::IsGone() const {
  char byte = 0;
  const ssize_t count = recv(connection_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count >= 0 || (errno != EAGAIN && errno != EINTR);
}

void PythonProcess::GiveUp(const std::string& why, Code code) {
  std::string end = why;
  if (child_) {
    if (const auto status = child_->Wait(kStopGraceMs); status && status->signal != 0) {
      end += fmt::format(" (signal {})", status->signal);
    } else if (status) {
      end += fmt::format(" (exit status {})", status->code);
    }
  }
  if (facts_.is_null()) failed_at_ms_ = NowMs();
  End();
  throw Error(code, "The Python worker " + end);
}

const Json& PythonProcess::Start() {
  if (connection_ >= 0) return facts_;
  if (failed_at_ms_ != 0 && NowMs() - failed_at_ms_ < kPythonRestartPauseMs) {
    throw Unavailable("The Python worker ended a moment ago and is started again soon");
  }
  const int64_t deadline_ms = NowMs() + kPythonStartMsMax;
  facts_ = Json();
  Launch();
  while (connection_ < 0) {
    if (WaitFor(listener_, POLLIN, std::min(deadline_ms, NowMs() + kAcceptStepMs))) {
      connection_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    } else if (child_->Poll()) {
      GiveUp("ended before it began");
    } else if (NowMs() >= deadline_ms) {
      GiveUp(fmt::format("did not begin within {} s", kPythonStartMsMax / 1000));
    }
  }
  ShareMemory(deadline_ms);
  SendFrame({spec_, ""}, deadline_ms);
  Json facts = ReceiveFrame(deadline_ms).header;
  if (const Json* error = facts.Find("error")) {
    End();
    throw InvalidArgument("Python cannot load the model: {}", error->AsString());
  }
  facts_ = std::move(facts);
  failed_at_ms_ = 0;
  return facts_;
}

PythonFrame PythonProcess::Call(const PythonFrame& request) {
  if (connection_ >= 0 && IsGone()) End();
  Start();
  const int64_t deadline_ms = NowMs() + options_.run_ms_max;
  SendFrame(request, deadline_ms);
  PythonFrame answer = ReceiveFrame(deadline_ms);
  if (request.body.size() > kPythonSharedBytesKept) requests_.Clear();
  if (answer.body.size() > kPythonSharedBytesKept) answers_.Clear();
  if (const Json* error = answer.header.Find("error")) {
    if (answer.header.GetBool("out_of_memory")) {
      End();  // what it holds would be missing from the next request
      throw Internal("The model wants more memory than its {} MiB: {}",
                     MemoryBytesMax(options_) >> 20, error->AsString());
    }
    throw InvalidArgument("The model failed: {}", error->AsString());
  }
  return answer;
}

// One byte, with the two descriptors beside it: where requests lie, where answers do.
void PythonProcess::ShareMemory(int64_t deadline_ms) {
  char byte = 'm';
  iovec part{.iov_base = &byte, .iov_len = 1};
  const int descriptors[] = {requests_.descriptor(), answers_.descriptor()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptors)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof descriptors);
  std::memcpy(CMSG_DATA(head), descriptors, sizeof descriptors);
  while (sendmsg(connection_, &message, MSG_NOSIGNAL) != 1) {
    if (errno == EAGAIN) {
      if (!WaitFor(connection_, POLLOUT, deadline_ms)) GiveUp("took no memory in time");
    } else if (errno != EINTR) {
      GiveUp("died");
    }
  }
}

void PythonProcess::SendFrame(const PythonFrame& frame, int64_t deadline_ms) {
  std::string_view body = frame.body;
  if (body.size() > kPythonBodyBytesMax) {
    throw InvalidArgument("The request is larger than a Python worker takes");
  }
  std::string header;
  if (body.size() < kPythonSharedBytesMin) {
    header = frame.header.Dump();
  } else {
    Json shared = frame.header;
    shared.Set("shared", static_cast<int64_t>(body.size()));
    header = shared.Dump();
    std::memcpy(requests_.data(), body.data(), body.size());
    body = {};
  }
  if (header.size() > kPythonHeaderBytesMax) {
    throw InvalidArgument("The request is larger than a Python worker takes");
  }
  SendBytes(Little(header.size(), 4) + Little(body.size(), 8) + header, deadline_ms);
  SendBytes(body, deadline_ms);
}

void PythonProcess::SendBytes(std::string_view bytes, int64_t deadline_ms) {
  while (!bytes.empty()) {
    const ssize_t sent = send(connection_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!WaitFor(connection_, POLLOUT, deadline_ms)) GiveUp("took no request in time");
    } else if (errno != EINTR) {
      GiveUp("died");
    }
  }
}

PythonFrame PythonProcess::ReceiveFrame(int64_t deadline_ms) {
  std::string bytes;
  size_t wanted = kFrameHeadBytes;
  size_t header_bytes = 0;
  while (bytes.size() < wanted) {
    const size_t have = bytes.size();
    bytes.resize(std::min(wanted, have + kReadBytes));
    const ssize_t count = recv(connection_, bytes.data() + have, bytes.size() - have, 0);
    bytes.resize(have + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) GiveUp("died");
    if (count < 0 && errno == EAGAIN && !WaitFor(connection_, POLLIN, deadline_ms)) {
      const std::string_view remedy = options_.run_ms_max_remedy;
      GiveUp(fmt::format("did not answer within {} ms{} and was killed", options_.run_ms_max,
                         remedy.empty() ? "" : fmt::format(" ({})", remedy)),
             Code::kDeadlineExceeded);
    }
    if (header_bytes == 0 && bytes.size() == kFrameHeadBytes) {
      header_bytes = FromLittle(std::string_view(bytes).substr(0, 4));
      const uint64_t body_bytes = FromLittle(std::string_view(bytes).substr(4, 8));
      if (header_bytes == 0 || header_bytes > kPythonHeaderBytesMax ||
          body_bytes > kPythonBodyBytesMax) {
        GiveUp("answered more than is taken");
      }
      wanted += header_bytes + body_bytes;
    }
  }
  PythonFrame frame;
  frame.header = ParseJson(std::string_view(bytes).substr(kFrameHeadBytes, header_bytes));
  const int64_t shared_bytes = frame.header.GetInt("shared");
  if (shared_bytes < 0 || static_cast<size_t>(shared_bytes) > answers_.size()) {
    GiveUp("answered more than is taken");
  }
  // A copy, since the worker could change what it has answered.
  frame.body = shared_bytes > 0 ? std::string(answers_.data(), static_cast<size_t>(shared_bytes))
                                : bytes.substr(kFrameHeadBytes + header_bytes);
  return frame;
}

}  // namespace millwright::inference
