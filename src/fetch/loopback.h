#pragma once

#include "fetch/client.h"

namespace millwright::fetch {

// Whether AskLoopback can make this request: plain HTTP to this machine by its own name or address,
// a body in memory and an answer that is wanted whole; no user in the URL, no redirects, no stop.
bool IsForLoopback(const FetchRequest& request);

// Makes one attempt without libcurl, whose loading takes longer than a small command of the command
// line may take in all. Each call opens a connection and speaks HTTP/1.0, in which an answer ends
// with it; whoever asks often is better off with Client. Throws as Client::Fetch does. Thread-safe.
FetchResponse AskLoopback(const FetchRequest& request);

}  // namespace millwright::fetch
