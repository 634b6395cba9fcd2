#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serving/prediction_log.h"
#include "serving/predictor.h"

// A segment of a request log: 8 bytes that name the format, then records. A record is the length
// and the CRC-32C of its body, each a little-endian uint32, then the body, of which the first byte
// is its kind: a model (JSON: what the requests that follow say by a number) or a request (tensors
// as they are in memory). What was written before a crash is whole; what follows the last whole
// record is a torn tail and is left out.
namespace millwright::serving {

inline constexpr size_t kRequestBytesMax = 1 << 20;  // of one that is kept
inline constexpr int64_t kRequestSegmentBytesMax = 64 << 20;

// One request as a log takes it. `answer` is null where there is none.
struct LoggedRequest {
  const InferRequest& request;
  const InferAnswer* answer = nullptr;
  std::string_view error;
  int64_t time_ms = 0;  // when it was asked, by the wall clock
  int64_t latency_us = 0;
};

// Which values of a model's requests are left out: whole tensors, and columns of a table.
class Redaction {
 public:
  Redaction() = default;
  Redaction(const inference::Signature& signature, const std::vector<std::string>& names);

  bool HidesTensor(const std::string& name) const;
  // The columns of the model's one table, by place, and how many it has.
  const std::vector<size_t>& columns() const { return columns_; }
  size_t width() const { return width_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::vector<size_t> columns_;
  size_t width_ = 0;
};

// The bytes of a request's record. Then writes exactly so many, with the checksum left open: it is
// made when the record is written to a file (SealRecords).
size_t RequestRecordBytes(const LoggedRequest& request, const Redaction& redaction);
void WriteRequestRecord(uint32_t model, const LoggedRequest& request, const Redaction& redaction,
                        char* to);
// Calls `each` with the place of every input's values in records that were written as above.
using EachInput = std::function<void(uint32_t model, const std::string& input,
                                     inference::DataType type, std::string_view values)>;
// Puts in the checksums of records that follow one another; returns their number.
int64_t SealRecords(char* records, size_t bytes, const EachInput& each);

// A file that records are appended to. Not thread-safe.
class RequestSegment {
 public:
  // Makes a new file; throws kInternal, or kResourceExhausted for a full disk, as do all calls.
  explicit RequestSegment(const std::filesystem::path& file);
  ~RequestSegment();
  RequestSegment(const RequestSegment&) = delete;
  RequestSegment& operator=(const RequestSegment&) = delete;

  void AppendModel(uint32_t index, const ModelInfo& info, const Redaction& redaction);
  // What was appended is taken back when this throws, so that the file stays readable.
  void Append(std::string_view records);
  void Sync();
  int64_t bytes() const { return bytes_; }

 private:
  const std::filesystem::path file_;
  int fd_ = -1;
  int64_t bytes_ = 0;
};

// A request as it is read back.
struct StoredRequest {
  LoggedPrediction prediction;  // the endpoint is the model's name
  std::string error;            // empty where there is an answer
};
// Reads a segment. Values that were left out are null: NaN, or rows of no width. Returns how
// many bytes of a torn or damaged tail were left out; of a file that is no segment all. Throws
// kNotFound or kInternal when it cannot be read.
int64_t ReadRequestSegment(const std::filesystem::path& file,
                           const std::function<void(const StoredRequest&)>& each);

// The folder's segments in order; none where it is absent.
std::vector<std::filesystem::path> RequestSegments(const std::filesystem::path& folder);

}  // namespace millwright::serving
