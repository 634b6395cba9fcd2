#pragma once

#include <atomic>

#include "base/shared_library.h"

namespace millwright {

// A C function of a library that is opened at the first call of one of its functions. The owner
// room declares one per function, under the function's own name in the room's namespace: calls read
// as they do in C, and a function that was forgotten does not link. Calls throw kUnavailable when
// the library or the function is missing. Use from any thread.
template <typename Pointer>
class LazyFunction;

template <typename Result, typename... Arguments>
class LazyFunction<Result (*)(Arguments...)> {
 public:
  using Pointer = Result (*)(Arguments...);
  using Library = const SharedLibrary& (*)();

  constexpr LazyFunction(Library library, const char* name) : library_(library), name_(name) {}

  Result operator()(Arguments... arguments) { return Get()(arguments...); }

  Pointer Get() {
    Pointer function = function_.load(std::memory_order_acquire);
    if (function == nullptr) {
      function = reinterpret_cast<Pointer>(library_().Symbol(name_));
      function_.store(function, std::memory_order_release);
    }
    return function;
  }

 private:
  const Library library_;
  const char* const name_;
  std::atomic<Pointer> function_ = nullptr;
};

// The same for a function with a variable argument list.
template <typename Result, typename... Arguments>
class LazyFunction<Result (*)(Arguments..., ...)> {
 public:
  using Pointer = Result (*)(Arguments..., ...);

  constexpr LazyFunction(const SharedLibrary& (*library)(), const char* name)
      : function_(library, name) {}

  template <typename... More>
  Result operator()(Arguments... arguments, More... more) {
    return reinterpret_cast<Pointer>(function_.Get())(arguments..., more...);
  }

 private:
  LazyFunction<void (*)()> function_;
};

}  // namespace millwright
