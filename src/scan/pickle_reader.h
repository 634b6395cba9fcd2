#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scan/finding.h"
#include "scan/pickle_policy.h"

namespace millwright::scan {

// Where the reader gives up, each with a finding.
inline constexpr size_t kPickleStackMax = size_t{4} << 20;    // values
inline constexpr size_t kPickleMemoMax = size_t{8} << 20;     // values
inline constexpr size_t kPickleNameBytesMax = 1024;           // of a global
inline constexpr uint64_t kPickleOpsMax = uint64_t{1} << 30;  // of one stream
inline constexpr size_t kPickleKeptItemsMax = 32;             // of a tuple or dict that is kept
inline constexpr size_t kPickleKeptMax = size_t{1} << 20;     // tuples, dicts, globals, objects
inline constexpr size_t kPickleFindingsMax = 50;              // of one stream

// How sure the caller is that the bytes are a pickle. A guess is counted as one only when it ends
// as a pickle does, or calls something on the way, and is forgiving: what is absent from stack and
// memo counts as unknown values.
enum class PickleClaim { kCertain, kGuess };

struct PickleOutcome {
  bool is_pickle = false;
  bool stopped = false;           // ended with STOP
  size_t end = 0;                 // the offset behind the last byte that was understood
  bool is_torch_magic = false;    // the one value was the number that starts PyTorch's old format
  std::vector<Finding> findings;  // places are "@offset"
};

// Reads the opcodes of one pickle, protocols 0 to 5, on a stack of symbols: what a global's name is
// made of is followed through memo, stack and tuples, so that a name cannot be hidden; nothing is
// imported, called or built. joblib's arrays, which stand between the opcodes as raw bytes, are
// stepped over by their declared size, and looked at besides as what a plain unpickler would see.
PickleOutcome ReadPickle(std::string_view bytes, size_t begin, const PicklePolicy& policy,
                         PickleClaim claim);

}  // namespace millwright::scan
