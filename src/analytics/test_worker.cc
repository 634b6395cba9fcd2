// A process that sessions of tests live in: its standard input is the socket.
#include "analytics/session_worker.h"

int main() {
  millwright::analytics::RunSessionWorker(0);
}
