// Asks a gRPC server for predictions, so many calls in flight on one connection, from one thread.
// Prints: requests, requests/s, p50 and p99 in microseconds, failures.
//
//   grpc_load HOST:PORT MODEL ROWS COLUMNS IN_FLIGHT SECONDS [--typed]
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "inference.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;

inference::ModelInferRequest MakeRequest(const std::string& model, int rows, int columns,
                                         bool typed) {
  inference::ModelInferRequest request;
  request.set_model_name(model);
  auto* input = request.add_inputs();
  input->set_name("X");
  input->set_datatype("FP32");
  input->add_shape(rows);
  input->add_shape(columns);
  const std::vector<float> values(static_cast<size_t>(rows) * static_cast<size_t>(columns), 0.5F);
  if (typed) {
    input->mutable_contents()->mutable_fp32_contents()->Add(values.begin(), values.end());
  } else {
    request.add_raw_input_contents(values.data(), values.size() * sizeof(float));
  }
  return request;
}

struct Call {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<inference::ModelInferResponse>> reader;
  Clock::time_point start;
};

class Load {
 public:
  Load(const std::string& address, inference::ModelInferRequest request)
      : stub_(inference::GRPCInferenceService::NewStub(
            grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))),
        request_(std::move(request)) {}

  void Run(int in_flight, Clock::duration duration) {
    const auto start = Clock::now();
    const auto end = start + duration;
    for (int i = 0; i < in_flight; ++i) Start();
    void* tag = nullptr;
    bool ok = false;
    while (in_flight > 0 && queue_.Next(&tag, &ok)) {
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      const auto now = Clock::now();
      if (!call->status.ok()) ++failures_;
      took_us_.push_back(
          std::chrono::duration_cast<std::chrono::microseconds>(now - call->start).count());
      if (now < end) {
        Start();
      } else {
        --in_flight;
      }
    }
    Print(std::chrono::duration<double>(Clock::now() - start).count());
  }

 private:
  void Start() {
    auto* call = new Call;
    call->start = Clock::now();
    call->reader = stub_->AsyncModelInfer(&call->context, request_, &queue_);
    call->reader->Finish(&call->response, &call->status, call);
  }

  void Print(double seconds) {
    std::sort(took_us_.begin(), took_us_.end());
    const auto at = [&](double share) {
      return took_us_[static_cast<size_t>(share * static_cast<double>(took_us_.size() - 1))];
    };
    fmt::print("{} {:.0f} {} {} {}\n", took_us_.size(),
               static_cast<double>(took_us_.size()) / seconds, at(0.5), at(0.99), failures_);
  }

  const std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
  const inference::ModelInferRequest request_;
  grpc::CompletionQueue queue_;
  std::vector<int64_t> took_us_;
  int64_t failures_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fputs("usage: grpc_load HOST:PORT MODEL ROWS COLUMNS IN_FLIGHT SECONDS [--typed]\n",
               stderr);
    return 2;
  }
  const bool typed = argc > 7 && std::strcmp(argv[7], "--typed") == 0;
  Load load(argv[1], MakeRequest(argv[2], std::atoi(argv[3]), std::atoi(argv[4]), typed));
  load.Run(std::atoi(argv[5]), std::chrono::seconds(std::atoi(argv[6])));
  return 0;
}
