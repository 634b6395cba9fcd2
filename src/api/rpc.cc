#include "api/rpc.h"

#include "api/prometheus/exposition.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/log_trace.h"
#include "base/trace_context.h"

namespace millwright::api {
namespace {

Error ErrorOf(const std::exception_ptr& thrown) {
  std::string what = "an exception of unknown type";
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    if (error.code() == Code::kInternal) Log(LogLevel::kError, "api", error.message());
    return error;
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {  // `what` says so
  }
  const std::string log_id = NewShortId("log-");
  Log(LogLevel::kError, "api", "A handler failed unexpectedly", {{"id", log_id}, {"error", what}});
  return Internal("Internal error; the server's log has it as {}", log_id);
}

}  // namespace

void RpcTable::AddErased(std::string_view path, Permission permission, grpc::Messages messages,
                         std::function<void(const grpc::Call&, const RpcReply&)> handle) {
  Entry& entry = entries_.emplace_back();
  entry.path = path;
  entry.permission = permission;
  entry.messages = messages;
  entry.handle = std::move(handle);
}

void RpcTable::Dispatch(Entry& entry, const grpc::Call& call) const {
  const LogTrace trace(TraceIdOf(call.FindMetadata("traceparent")));
  const RpcReply reply = [&entry, call, start_us = MonotonicUs()](Result<std::string> answer) {
    entry.metrics.Record(answer ? std::nullopt : std::optional(answer.error().code()),
                         MonotonicUs() - start_us);
    if (!answer) {
      call.Fail(answer.error().code(), answer.error().message());
    } else if (entry.messages == grpc::Messages::kOne) {
      call.Finish(*std::move(answer));
    } else {
      call.Send(*std::move(answer));
    }
  };
  try {
    if (call.IsGivenUp()) {
      throw DeadlineExceeded("The call was given up before its turn came");
    }
    call.SetCaller(authorize_(call.FindMetadata("authorization"), entry.permission));
    entry.handle(call, reply);
  } catch (...) {
    reply(Unexpected(ErrorOf(std::current_exception())));
  }
}

std::vector<grpc::Method> RpcTable::Methods() {
  std::vector<grpc::Method> methods;
  for (Entry& entry : entries_) {
    methods.push_back({std::string(entry.path), entry.messages,
                       [this, &entry](const grpc::Call& call) { Dispatch(entry, call); }});
  }
  return methods;
}

std::string RpcTable::MetricsText() const {
  std::string handled;
  std::string seconds;
  prometheus::AppendHead("grpc_server_handled_total", "Calls and messages of streams by status",
                         prometheus::Type::kCounter, &handled);
  prometheus::AppendHead("grpc_server_handling_seconds", "Time from a message to its answer",
                         prometheus::Type::kHistogram, &seconds);
  for (const Entry& entry : entries_) {
    if (entry.metrics.count() == 0) continue;
    const size_t slash = entry.path.rfind('/');
    std::string labels;
    prometheus::AppendLabel("grpc_service", entry.path.substr(1, slash - 1), &labels);
    prometheus::AppendLabel("grpc_method", entry.path.substr(slash + 1), &labels);
    entry.metrics.AppendHandled(labels, &handled);
    entry.metrics.AppendSeconds(labels, &seconds);
  }
  return handled + seconds;
}

}  // namespace millwright::api
