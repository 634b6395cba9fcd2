#pragma once

#include <filesystem>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "inference/python_options.h"
#include "serving/loaded_version.h"
#include "serving/predictor.h"
#include "serving/unix_socket.h"

namespace millwright::serving {

// Answers a gateway: listens on a Unix-domain socket and runs the requests of each connection one
// after another on a thread of its own. The gateway's pool bounds how many there are;
// kListenerConnectionsMax bounds them against anybody else.
inline constexpr size_t kListenerConnectionsMax = 2048;

class ReplicaListener {
 public:
  // Listening is the sign that the replica is ready, so make the predictor first.
  ReplicaListener(Predictor& predictor, const std::filesystem::path& path);
  // Accepts no more, lets requests at work finish and joins.
  ~ReplicaListener();

 private:
  struct Connection {
    Socket socket;
    bool finished = false;
    std::jthread thread;  // last, so that it is joined before the socket goes
  };
  void Accept(const std::stop_token& stop);
  void Serve(Connection& connection);
  std::string Answer(const Frame& frame);
  void DropFinished();

  Predictor& predictor_;
  std::filesystem::path path_;
  Socket socket_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::list<Connection> connections_;
  std::jthread acceptor_;
};

// What a replica process does: loads the models (`NAME@VERSION=PATH`), warms them, listens on
// `socket` and returns 0 after SIGTERM or SIGINT. What is thrown while loading is printed to
// standard error as one line, where the gateway finds it, and gives 1. Call it before any other
// thread exists.
struct ReplicaOptions {
  std::vector<std::string> models;
  std::filesystem::path socket;
  inference::PythonOptions python = {};
  ModelLoader load = inference::LoadModel;
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
