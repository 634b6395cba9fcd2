#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "http/message.h"

namespace millwright::http {

// Sends the answer to one request, once, from any thread, at any time. Copies are the same reply
// and cost no memory.
class Reply {
 public:
  // Where an answer goes.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void Take(Response&& response) = 0;
  };

  explicit Reply(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}
  // Calls a function with the answer.
  template <typename F, typename = std::enable_if_t<std::is_invocable_v<F&, Response>>>
  Reply(F take) : sink_(std::make_shared<FunctionSink<F>>(std::move(take))) {}

  void operator()(Response&& response) const { sink_->Take(std::move(response)); }

 private:
  template <typename F>
  class FunctionSink : public Sink {
   public:
    explicit FunctionSink(F take) : take_(std::move(take)) {}
    void Take(Response&& response) override { take_(std::move(response)); }

   private:
    F take_;
  };

  std::shared_ptr<Sink> sink_;
};

}  // namespace millwright::http
