#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scan/finding.h"

namespace millwright::scan {

inline constexpr int kNestingMax = 8;               // archives within archives
inline constexpr size_t kPicklesInRowMax = 10'000;  // of one file
inline constexpr int64_t kScanFilesMax = 100'000;   // on disk

struct ScanOptions {
  // Globals of pickles that the owner trusts besides the list: "package.module.Name".
  std::vector<std::string> trusted_globals;
};

// Looks at a model's file or folder for what loading it could do: pickles by their opcodes, in
// whatever they are packed (zip, npy, npz, pt, joblib, tar, 7z, compressed, one in another); ONNX,
// Keras and TensorFlow models by their structure; archives by their names and sizes; documents for
// scripts. What a file is, its bytes decide; its name only adds what it is expected to be. Nothing
// is loaded, imported or run. Throws kNotFound when there is nothing at `path`, kInternal when a
// file cannot be read.
Report Scan(const std::filesystem::path& path, const ScanOptions& options = {});

}  // namespace millwright::scan
