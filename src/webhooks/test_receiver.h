#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "fetch/scripted_server.h"

namespace millwright::webhooks {

// Somebody who is told of events: keeps what came and answers as it is told.
class Receiver {
 public:
  struct Request {
    std::string head;
    std::string body;

    std::string Header(const std::string& name) const {
      const size_t at = head.find("\r\n" + name + ": ");
      if (at == std::string::npos) return "";
      const size_t from = at + 4 + name.size();
      return head.substr(from, head.find("\r\n", from) - from);
    }
  };
  // Is given the number of the request, from 1.
  using Answerer = std::function<std::string(int number)>;

  explicit Receiver(Answerer answerer = [](int) { return fetch::Answer(200, ""); })
      : answerer_(std::move(answerer)),
        server_([this](const std::string& head, const std::string& body) {
          return Take({head, body});
        }) {}

  std::string Url(const std::string& path = "/hook") const { return server_.Url(path); }

  // Waits until so many requests have come and returns them.
  std::vector<Request> WaitFor(size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return requests_.size() >= count; });
    return requests_;
  }
  size_t count() {
    std::lock_guard lock(mutex_);
    return requests_.size();
  }

 private:
  std::string Take(Request request) {
    int number = 0;
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
      number = static_cast<int>(requests_.size());
    }
    came_.notify_all();
    return answerer_(number);
  }

  const Answerer answerer_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Request> requests_;
  fetch::ScriptedServer server_;
};

}  // namespace millwright::webhooks
