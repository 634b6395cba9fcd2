#include "monitoring/log_sums.h"

#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace millwright::monitoring {

namespace fs = std::filesystem;

namespace {

// Some 50 KB each where there are twenty columns.
constexpr size_t kEntriesMax = 1'000;

fs::path Beside(fs::path parquet, const char* extension) {
  return parquet.replace_extension(extension);
}

// Nothing when it is absent or not readable.
template <typename Decode>
auto Load(const fs::path& path, Decode&& decode) -> std::optional<decltype(decode(""))> {
  if (!fs::exists(path)) return std::nullopt;
  try {
    return decode(ReadFile(path));
  } catch (const Error& error) {
    Log(LogLevel::kWarning, "monitoring", "Sums of the prediction log are not readable",
        {{"file", path.string()}, {"error", error.message()}});
    return std::nullopt;
  }
}

FileKnown DecodeKnown(const std::string& bytes) {
  FileKnown known;
  if (bytes.size() < sizeof known.through_segment) throw Internal("The file is cut short");
  std::memcpy(&known.through_segment, bytes.data(), sizeof known.through_segment);
  known.sums = DecodeKnownSums(std::string_view(bytes).substr(sizeof known.through_segment));
  return known;
}

}  // namespace

LogSums::Entry& LogSums::At(const LogFile& file) {
  if (entries_.size() >= kEntriesMax && entries_.count(file.number) == 0) entries_.clear();
  return entries_[file.number];
}

std::shared_ptr<const RowSums> LogSums::Rows(const LogFile& file) {
  if (!file.has_sums) return nullptr;
  std::lock_guard lock(mutex_);
  Entry& entry = At(file);
  if (!entry.rows && !entry.has_looked_for_rows) {
    entry.has_looked_for_rows = true;
    auto loaded = Load(Beside(file.path, ".sums"),
                       [](const std::string& bytes) { return DecodeRowSums(bytes); });
    if (loaded) entry.rows = std::make_shared<const RowSums>(*std::move(loaded));
  }
  return entry.rows;
}

std::shared_ptr<const FileKnown> LogSums::Known(const LogFile& file) {
  if (!file.has_sums) return nullptr;
  std::lock_guard lock(mutex_);
  Entry& entry = At(file);
  if (!entry.known && !entry.has_looked_for_known) {
    entry.has_looked_for_known = true;
    auto loaded = Load(Beside(file.path, ".known"), DecodeKnown);
    if (loaded) entry.known = std::make_shared<const FileKnown>(*std::move(loaded));
  }
  return entry.known;
}

std::optional<int64_t> LogSums::KnownThrough(const LogFile& file) {
  {
    std::lock_guard lock(mutex_);
    const auto found = through_.find(file.number);
    if (found != through_.end()) return found->second;
  }
  const std::shared_ptr<const FileKnown> known = Known(file);
  const auto through = known ? std::optional(known->through_segment) : std::nullopt;
  std::lock_guard lock(mutex_);
  return through_.emplace(file.number, through).first->second;
}

void LogSums::WriteRows(const LogFile& file, RowSums sums) {
  WriteFileDurably(Beside(file.path, ".sums"), Encode(sums));
  std::lock_guard lock(mutex_);
  Entry& entry = At(file);
  entry.rows = std::make_shared<const RowSums>(std::move(sums));
  // What became of them may be that of rows that the file had before.
  entry.known = nullptr;
  entry.has_looked_for_known = true;
  through_[file.number] = std::nullopt;
}

void LogSums::WriteKnown(const LogFile& file, FileKnown known) {
  std::string bytes(sizeof known.through_segment, '\0');
  std::memcpy(bytes.data(), &known.through_segment, sizeof known.through_segment);
  WriteFileDurably(Beside(file.path, ".known"), bytes + Encode(known.sums));
  std::lock_guard lock(mutex_);
  Entry& entry = At(file);
  through_[file.number] = known.through_segment;
  entry.known = std::make_shared<const FileKnown>(std::move(known));
}

void LogSums::RemoveKnown(const LogFiles& files) {
  std::lock_guard lock(mutex_);
  for (const LogFilePtr& file : files) {
    if (!file->has_sums) continue;
    fs::remove(Beside(file->path, ".known"));
    At(*file).known = nullptr;
    At(*file).has_looked_for_known = true;
    through_[file->number] = std::nullopt;
  }
}

bool LogSums::HasRows(const fs::path& parquet) {
  std::ifstream in(Beside(parquet, ".sums"), std::ios::binary);
  std::string magic(kRowSumsMagic.size(), '\0');
  return in.read(magic.data(), static_cast<std::streamsize>(magic.size())) &&
         magic == kRowSumsMagic;
}

void LogSums::Remove(const fs::path& parquet) {
  fs::remove(Beside(parquet, ".known"));
  fs::remove(Beside(parquet, ".sums"));
}

}  // namespace millwright::monitoring
