#include "monitoring/log_catalogue.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"

namespace millwright::monitoring {
namespace {

// More pairs of files than these are forgotten and found anew: 16 bytes each and some more.
constexpr size_t kPairsMax = 1 << 20;

uint64_t PairKey(const LogFile& outcomes, const LogFile& predictions) {
  return static_cast<uint64_t>(outcomes.number) << 32 | static_cast<uint64_t>(predictions.number);
}

auto Order(const LogFile& file) {
  return std::tuple(file.period ? file.period->first_hour : 0, file.segments, file.number);
}

// Nothing for a file that is damaged or gone: whoever asks then takes it for one that may hold all.
std::optional<IdFile> Ids(const LogFile& file) {
  if (!file.has_ids) return std::nullopt;
  try {
    return IdFile(IdFile::Beside(file.path));
  } catch (const Error& error) {
    Log(LogLevel::kWarning, "monitoring",
        "The ids of a file of the prediction log are not readable",
        {{"file", file.path.string()}, {"error", error.message()}});
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::filesystem::path> PathsOf(const LogFiles& files) {
  std::vector<std::filesystem::path> paths;
  for (const LogFilePtr& file : files) paths.push_back(file->path);
  return paths;
}

int64_t RowsOf(const LogFiles& files) {
  int64_t rows = 0;
  for (const LogFilePtr& file : files) rows += file->facts.rows;
  return rows;
}

const LogFiles& LogCatalogue::Of(const Place& place) const {
  static const LogFiles kNone;
  const auto found = files_.find(place);
  return found == files_.end() ? kNone : found->second;
}

void LogCatalogue::Add(const Place& place, LogFile file) {
  file.number = ++last_number_;
  LogFiles& files = files_[place];
  auto added = std::make_shared<const LogFile>(std::move(file));
  const auto at = std::upper_bound(
      files.begin(), files.end(), added,
      [](const LogFilePtr& a, const LogFilePtr& b) { return Order(*a) < Order(*b); });
  files.insert(at, std::move(added));
}

void LogCatalogue::Remove(const Place& place, const LogFiles& files) {
  const auto found = files_.find(place);
  if (found == files_.end()) return;
  std::erase_if(found->second, [&](const LogFilePtr& file) {
    return std::find(files.begin(), files.end(), file) != files.end();
  });
  if (found->second.empty()) files_.erase(found);
}

void LogCatalogue::Replace(const Place& place, const LogFilePtr& file, LogFile changed) {
  LogFiles& files = files_.at(place);
  const auto at = std::find(files.begin(), files.end(), file);
  CHECK(at != files.end());
  changed.number = file->number;
  *at = std::make_shared<const LogFile>(std::move(changed));
}

LogFiles LogRelations::Concerning(const LogFiles& outcomes, const LogFiles& predictions,
                                  const std::vector<uint64_t>& more) {
  LogFiles concerning;
  for (const LogFilePtr& file : outcomes) {
    if (Concerns(*file, predictions, more)) concerning.push_back(file);
  }
  return concerning;
}

std::optional<bool> LogRelations::Known(const LogFile& outcomes, const LogFile& predictions) {
  std::lock_guard lock(mutex_);
  const auto found = known_.find(PairKey(outcomes, predictions));
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

bool LogRelations::Concerns(const LogFile& outcomes, const LogFiles& predictions,
                            const std::vector<uint64_t>& more) {
  if (!outcomes.has_ids || !outcomes.facts.traits.key_inputs.empty()) return true;
  std::vector<const LogFile*> unknown;
  for (const LogFilePtr& file : predictions) {
    if (!file->has_ids) return true;
    const std::optional<bool> known = Known(outcomes, *file);
    if (known == true) return true;
    if (!known) unknown.push_back(file.get());
  }
  if (unknown.empty() && more.empty()) return false;
  const std::optional<IdFile> ids = Ids(outcomes);
  if (!ids || HaveCommon(more, ids->hashes())) return true;
  for (const LogFile* file : unknown) {
    const std::optional<IdFile> asked = Ids(*file);
    if (!asked) return true;
    const bool concerns = HaveCommon(asked->hashes(), ids->hashes());
    std::lock_guard lock(mutex_);
    if (known_.size() >= kPairsMax) known_.clear();
    known_[PairKey(outcomes, *file)] = concerns;
    if (concerns) return true;
  }
  return false;
}

LogFiles Holding(const LogFiles& files, const std::vector<uint64_t>& ids) {
  LogFiles holding;
  for (const LogFilePtr& file : files) {
    const bool is_by_key = !file->facts.traits.key_inputs.empty();
    const std::optional<IdFile> known = is_by_key ? std::nullopt : Ids(*file);
    if (!known || HaveCommon(ids, known->hashes())) holding.push_back(file);
  }
  return holding;
}

// Rows of blocks that begin at t or later are of t or later: when they are enough, none of the
// newest is older than t.
std::optional<int64_t> NewestFrom(std::vector<RowBlock> blocks, int64_t rows, int64_t before_ms) {
  std::erase_if(blocks, [&](const RowBlock& block) { return block.last_ms >= before_ms; });
  std::sort(blocks.begin(), blocks.end(),
            [](const RowBlock& a, const RowBlock& b) { return a.first_ms > b.first_ms; });
  for (const RowBlock& block : blocks) {
    rows -= block.rows;
    if (rows <= 0) return block.first_ms;
  }
  return std::nullopt;
}

}  // namespace millwright::monitoring
