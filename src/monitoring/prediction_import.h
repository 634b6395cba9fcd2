#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "monitoring/prediction_log.h"

// Predictions that another server made, out of a table: so Millwright watches models that it does
// not serve.
namespace millwright::monitoring {

inline constexpr int64_t kImportRowsMax = 5'000'000;  // of one file
inline constexpr int64_t kImportMsMax = 600'000;

// Which columns are what. An empty name stands for the log's own where the table has it: id,
// time_ms, event_time_ms, model_version, latency_us, caller, trace_id, error and outcome; input_X
// and output_X are the input and the output X, and `inputs` and `outputs` may be objects (JSON
// lines). What is left over is an input.
struct ImportRules {
  std::string id;
  std::string time;  // milliseconds since 1970, or a time that is UTC where it says no zone
  std::string event_time;
  std::string version;
  std::string latency_us;
  std::string outcome;
  std::vector<std::string> outputs;
};

struct ImportResult {
  int64_t predictions = 0;  // written
  int64_t outcomes = 0;     // written
  int64_t known = 0;        // passed over: the id is in the log, or above in the table
  int64_t refused = 0;
  std::string refusal;  // of the first row that was refused, with its number
};

// Thread-safe; files are read one after another.
class PredictionImport {
 public:
  PredictionImport(PredictionLog& log, const Clock& clock) : log_(log), clock_(clock) {}

  // Writes the predictions of a Parquet, CSV or JSON lines file into a log, and the outcomes beside
  // them. A row whose id is known is passed over, so a file may be sent again; a row without an id
  // is given one. A row without a time has the time of arrival. What is written is durable when
  // this returns. Throws kInvalidArgument for a file that cannot be read, a column that is not
  // there or more than kImportRowsMax rows; then nothing was written.
  ImportResult Import(const std::string& endpoint, const std::filesystem::path& file,
                      const ImportRules& rules, const std::string& who);

 private:
  PredictionLog& log_;
  const Clock& clock_;
  std::mutex mutex_;  // so that of two files with the same ids one finds them known
};

}  // namespace millwright::monitoring
