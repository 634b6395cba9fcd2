#pragma once

namespace millwright {

// Asks Linux for short turns on a processor for the calling thread: it then runs sooner after it
// has been woken, before threads that compute, and gives way sooner. For threads that answer
// people. Kernels before 6.12 take no notice, and a thread of another policy than the usual one is
// left as it is.
void PreferShortTurns();

}  // namespace millwright
