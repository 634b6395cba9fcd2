#pragma once

namespace millwright::analytics {

// Refuses from now on, in all threads of this process, the calls by which it could reach beyond
// what it was given: sockets, other programs, other processes. They fail with EPERM. A second wall
// around SQL from outside: DuckDB's own settings, which also keep it from files, are the first.
// Where the kernel has no filters it is absent.
void RefuseSystemCalls();

}  // namespace millwright::analytics
