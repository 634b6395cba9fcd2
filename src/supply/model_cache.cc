#include "supply/model_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"

namespace millwright::supply {
namespace {

constexpr std::string_view kFiles = "files";
constexpr std::string_view kSums = "sums.json";
constexpr std::string_view kLock = "lock";

// Opens the lock file of an entry and takes it; -1 when it cannot be had at once.
int Lock(const std::filesystem::path& entry, int operation) {
  const int fd = open((entry / kLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd >= 0 && flock(fd, operation | LOCK_NB) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

Json SumsOf(const std::filesystem::path& folder) {
  Json sums = Json::MakeObject();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    sums.Set(entry.path().lexically_relative(folder).generic_string(), Sha256OfFile(entry.path()));
  }
  return sums;
}

// Whether the files are those that were fetched, bit by bit.
bool IsWhole(const std::filesystem::path& entry) {
  try {
    const Json sums = ParseJson(ReadFile(entry / kSums));
    for (const auto& [path, sum] : sums.AsObject("sums")) {
      if (Sha256OfFile(ConfinedPath(entry / kFiles, path)) != sum.AsString(path)) return false;
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

Json OfferToJson(const std::string& origin, const Offer& offer) {
  Json versions = Json::MakeArray();
  for (const OfferedVersion& one : offer.versions) {
    versions.Append(Json::Of({{"version", one.version}, {"digest", one.digest}}));
  }
  Json labels = Json::MakeObject();
  for (const auto& [label, version] : offer.labels) labels.Set(label, version);
  return Json::Of({{"origin", origin}, {"versions", versions}, {"labels", labels}});
}

Offer OfferFromJson(const Json& json) {
  Offer offer;
  for (const Json& one : json.At("versions").AsArray("versions")) {
    offer.versions.push_back({one.GetString("version"), one.GetString("digest")});
  }
  for (const auto& [label, version] : json.At("labels").AsObject("labels")) {
    offer.labels[label] = version.AsString(label);
  }
  return offer;
}

// Writes what is remembered; throws an Error whatever fails.
void Write(const std::filesystem::path& file, const Json& json) {
  try {
    WriteFileDurably(file, json.Dump(2));
  } catch (const std::filesystem::filesystem_error& error) {
    throw Unavailable("The cache cannot be written: {}", error.what());
  }
}

bool Has(const Offer& offer, const std::string& digest) {
  return std::any_of(offer.versions.begin(), offer.versions.end(),
                     [&](const OfferedVersion& one) { return one.digest == digest; });
}

}  // namespace

CacheEntry::~CacheEntry() {
  if (lock_ >= 0) close(lock_);
}

ModelCache::ModelCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

std::unique_ptr<CacheEntry> ModelCache::Place(
    const std::string& digest, const std::function<void(const std::filesystem::path&)>& fetch) {
  const auto entry = folder_ / "models" / digest;
  if (std::filesystem::exists(entry / kSums)) {
    const int lock = Lock(entry, LOCK_SH);
    if (lock >= 0 && IsWhole(entry)) return std::make_unique<CacheEntry>(entry / kFiles, lock);
    if (lock >= 0) close(lock);
    Log(LogLevel::kWarning, "supply", "files of the cache are damaged and are fetched again",
        {{"folder", entry.string()}});
    Remove(digest);
  }
  // Made beside and renamed, so that what has the name is whole; the sums are durable before that.
  const auto made = folder_ / "incoming" / NewHexId();
  try {
    std::filesystem::create_directories(made / kFiles);
    fetch(made / kFiles);
    WriteFileDurably(made / kSums, SumsOf(made / kFiles).Dump());
    std::filesystem::create_directories(entry.parent_path());
    std::error_code exists;
    std::filesystem::rename(made, entry, exists);
    // Another process may have been first with the same files.
    if (exists) std::filesystem::remove_all(made);
  } catch (const std::filesystem::filesystem_error& error) {
    throw Unavailable("The cache cannot be written: {}", error.what());
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove_all(made, ignored);
    throw;
  }
  const int lock = Lock(entry, LOCK_SH);
  if (lock < 0) throw Unavailable("The cache's {} is being removed", entry.string());
  return std::make_unique<CacheEntry>(entry / kFiles, lock);
}

std::filesystem::path ModelCache::OfferFile(const std::string& origin) const {
  return folder_ / "offers" / (Sha256Hex(origin) + ".json");
}

std::optional<Offer> ModelCache::Recall(const std::string& origin) const {
  try {
    return OfferFromJson(ParseJson(ReadFile(OfferFile(origin))));
  } catch (const Error&) {
    return std::nullopt;  // never served, or not readable: as if never served
  }
}

std::filesystem::path ModelCache::StoreFile(const std::string& store) const {
  return folder_ / "stores" / (Sha256Hex(store) + ".json");
}

std::vector<std::string> ModelCache::RecallModels(const std::string& store) const {
  try {
    return ParseJson(ReadFile(StoreFile(store))).GetStrings("models");
  } catch (const Error&) {
    return {};  // never looked at, or not readable: as if never looked at
  }
}

void ModelCache::RememberModels(const std::string& store, const std::vector<std::string>& names) {
  if (RecallModels(store) == names) return;
  Json models = Json::MakeArray();
  for (const std::string& name : names) models.Append(name);
  Write(StoreFile(store), Json::Of({{"store", store}, {"models", std::move(models)}}));
}

void ModelCache::Remember(const std::string& origin, const Offer& served) {
  const std::optional<Offer> before = Recall(origin);
  if (before == served) return;
  Write(OfferFile(origin), OfferToJson(origin, served));
  if (!before) return;
  for (const OfferedVersion& one : before->versions) {
    if (!Has(served, one.digest) && !IsServed(one.digest)) Remove(one.digest);
  }
}

bool ModelCache::IsServed(const std::string& digest) const {
  for (const auto& file : std::filesystem::directory_iterator(folder_ / "offers")) {
    try {
      if (Has(OfferFromJson(ParseJson(ReadFile(file.path()))), digest)) return true;
    } catch (const Error&) {
      return true;  // one that cannot be read might have it
    }
  }
  return false;
}

void ModelCache::Remove(const std::string& digest) {
  const auto entry = folder_ / "models" / digest;
  const int lock = Lock(entry, LOCK_EX);
  if (lock < 0) return;
  std::error_code ignored;
  const auto leaving = folder_ / "incoming" / NewHexId();
  std::filesystem::create_directories(leaving.parent_path(), ignored);
  std::filesystem::rename(entry, leaving, ignored);
  std::filesystem::remove_all(leaving, ignored);
  close(lock);
}

}  // namespace millwright::supply
