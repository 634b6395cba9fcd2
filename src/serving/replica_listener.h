#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "inference/python_options.h"
#include "serving/loaded_version.h"
#include "serving/model_server.h"
#include "serving/unix_socket.h"

namespace millwright::serving {

// Answers a gateway: listens on a Unix-domain socket and answers one request of each connection
// after another. One thread looks at all connections and runs what takes less than a change of
// threads itself. Before it runs what takes longer another one takes its place, a new one where
// none is free, so that nobody waits behind a model that does not end.
inline constexpr size_t kListenerConnectionsMax = 2048;

class ReplicaListener {
 public:
  // Listening is the sign that the replica is ready, so make the models first. `rest` is called by
  // a thread of this when the gateway needs the replica no more, with the socket to wait on as a
  // spare process.
  using OnRest = std::function<void(const std::filesystem::path& socket)>;
  ReplicaListener(ModelServer& models, const std::filesystem::path& path, OnRest rest = {});
  // Accepts no more, lets requests at work finish and joins.
  ~ReplicaListener();

 private:
  using Connection = std::shared_ptr<Socket>;

  void Work();
  // Looks at the connections, with lead_ held, until the listener ends or there is a request that
  // the calling thread must give up the lead for.
  struct LongRequest {
    Connection connection;
    InferRequest request;
  };
  std::optional<LongRequest> Lead();
  std::optional<LongRequest> TakeFrame(const Connection& connection);
  void Accept();
  void Drop(const Connection& connection);
  void Watch(int fd);
  void AddThread();
  std::string Answer(const Frame& frame);
  std::string Infer(InferRequest request);

  ModelServer& models_;
  const std::filesystem::path path_;
  const OnRest rest_;
  const Socket socket_;
  const Socket poll_;
  const Socket end_;  // readable when all is to end
  std::atomic<bool> ending_ = false;
  std::atomic<int> followers_ = 0;  // threads that wait for the lead

  std::mutex lead_;  // held by the thread that looks; guards what follows
  std::map<int, Connection> connections_;
  Frame frame_;

  std::mutex threads_mutex_;
  std::list<std::jthread> threads_;
};

// What a replica process does: loads the models (`NAME@VERSION=PATH`), warms them, listens on
// `socket` and returns 0 after SIGTERM or SIGINT. What is thrown while loading is printed to
// standard error as one line, where the gateway finds it, and gives 1. A replica that is needed no
// more may be told to let go of its models and wait until it is told what to become, as a spare
// process does; it ends instead if more than `rest_bytes_max` stay in use. Up to `rest_bytes_kept`
// it gives nothing back: to have a page again costs what reading the model costs. Call it before
// any other thread exists.
inline constexpr int64_t kRestBytesKept = 32 << 20;  // of memory that is no file's
inline constexpr int64_t kRestBytesMax = 256 << 20;

struct ReplicaOptions {
  std::vector<std::string> models;
  std::filesystem::path socket;
  inference::PythonOptions python = {};
  ModelLoader load = inference::LoadModel;
  int64_t rest_bytes_kept = kRestBytesKept;
  int64_t rest_bytes_max = kRestBytesMax;
};
int RunReplica(const ReplicaOptions& options);

// What a spare process does: loads what a model like `warm_up` takes (the runtime's library, its
// tables) and lets go of the model, then waits on `socket` until it is told which replica to
// become. Returns what RunReplica does, 1 when it cannot wait.
struct SpareOptions {
  std::filesystem::path socket;
  std::filesystem::path warm_up;
  inference::PythonOptions python = {};
  ModelLoader load = inference::LoadModel;
};
int RunSpare(const SpareOptions& options);

}  // namespace millwright::serving
