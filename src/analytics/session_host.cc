#include "analytics/session_host.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::analytics {
namespace {

constexpr std::chrono::milliseconds kLook{50};

}  // namespace

SessionHost::Place::Place(SessionHost& host, ChildProcess process, int socket)
    : host_(host), process_(std::move(process)), socket_(socket) {}

SessionHost::Place::~Place() {
  close(socket_);
  process_.Signal(SIGKILL);
  process_.Wait();
  if (!is_taken_) return;
  std::lock_guard lock(host_.mutex_);
  --host_.taken_;
  host_.changed_.notify_all();
}

SessionHost::SessionHost(SessionHostOptions options)
    : options_(std::move(options)),
      starter_([this](std::stop_token stop) { Run(std::move(stop)); }) {}

SessionHost::~SessionHost() = default;

std::unique_ptr<SessionHost::Place> SessionHost::Take(const std::function<bool()>& is_wanted) {
  const int64_t deadline_us = MonotonicUs() + kTurnMsMax * 1000;
  std::unique_lock lock(mutex_);
  failure_.reset();
  while (true) {
    if (spare_ && spare_->process().Poll()) spare_.reset();  // somebody killed it
    if (spare_ && taken_ < options_.sessions_max) break;
    if (taken_ < options_.sessions_max) {
      if (failure_) throw Unavailable("No process for SQL can be started: {}", *failure_);
      asked_us_ = MonotonicUs();
      changed_.notify_all();
    }
    changed_.wait_for(lock, kLook);
    if (is_wanted) {
      lock.unlock();
      const bool is_gone = !is_wanted();
      lock.lock();
      if (is_gone) throw Aborted("Nobody waits for the answer any more");
    }
    if (MonotonicUs() > deadline_us) {
      throw Unavailable("{} questions in SQL are being answered, as many as may at once: ask again",
                        options_.sessions_max);
    }
  }
  std::unique_ptr<Place> place = std::move(spare_);
  ++taken_;
  place->is_taken_ = true;
  asked_us_ = MonotonicUs();
  changed_.notify_all();  // for the next spare
  return place;
}

std::unique_ptr<SessionHost::Place> SessionHost::Start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw ResourceExhausted("socketpair failed: {}", std::strerror(errno));
  try {
    ChildProcess process({.arguments = options_.command, .input_fd = ends[1]});
    close(ends[1]);
    return std::unique_ptr<Place>(new Place(*this, std::move(process), ends[0]));
  } catch (...) {
    close(ends[0]);
    close(ends[1]);
    throw;
  }
}

void SessionHost::Run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const bool is_asked = asked_us_ != 0;
    if (is_asked && MonotonicUs() - asked_us_ > kSpareKeptMs * 1000) {
      asked_us_ = 0;
      std::unique_ptr<Place> idle = std::move(spare_);
      lock.unlock();
      idle.reset();
      lock.lock();
      continue;
    }
    if (!is_asked || spare_ || failure_) {
      const auto wait = std::chrono::milliseconds(kSpareKeptMs);
      const auto is_due = [&] { return asked_us_ != 0 && !spare_ && !failure_; };
      changed_.wait_for(lock, stop, wait, is_due);
      continue;
    }
    lock.unlock();
    std::unique_ptr<Place> place;
    std::optional<std::string> failure;
    try {
      place = Start();
    } catch (const Error& error) {
      failure = error.message();
    }
    lock.lock();
    spare_ = std::move(place);
    failure_ = failure;
    changed_.notify_all();
  }
}

}  // namespace millwright::analytics
