#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "cli/client.h"

namespace millwright::cli {

// Files from this size on go up in parts.
inline constexpr uint64_t kInPartsFromBytes = 32 << 20;

struct UploadedFile {
  uint64_t bytes = 0;
  uint64_t bytes_sent = 0;  // less where parts were there from before
};

// Sends a file to a path of the server's artifact store. A large one goes in parts, which are asked
// for first, so that an upload that was cut, or killed at either side, goes on where it was; a lost
// connection is tried again for some minutes. The server compares the SHA-256 of each part and of
// the whole. `progress` is told how many bytes are there.
UploadedFile UploadFile(Client& client, const std::string& path, const std::filesystem::path& file,
                        const std::function<void(uint64_t bytes)>& progress = nullptr);

}  // namespace millwright::cli
