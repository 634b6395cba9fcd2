#pragma once

#include <filesystem>

namespace millwright::scan {

// Unpacks a tar archive, plain or packed by gzip, zstd, xz or bzip2, into a folder that is there.
// What has the name of a file already replaces it. Links and special files are left out, so nothing
// can be written through one; a name that leads out of the folder throws kInvalidArgument. The
// marks by which a layer of an image removes files of those below it (.wh.NAME) do that. Throws
// kInvalidArgument for a damaged archive, kResourceExhausted for more than UnpackBudget allows of
// files, for what expands as a bomb does, and for a full disk.
void ExtractTar(const std::filesystem::path& archive, const std::filesystem::path& folder);

}  // namespace millwright::scan
