#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supply/origin.h"

namespace millwright::supply {

// Keeps the files of an entry from being removed, by this process or another, while it lives.
class CacheEntry {
 public:
  CacheEntry(std::filesystem::path folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
  ~CacheEntry();
  CacheEntry(const CacheEntry&) = delete;
  CacheEntry& operator=(const CacheEntry&) = delete;

  const std::filesystem::path& files() const { return folder_; }

 private:
  std::filesystem::path folder_;
  int lock_;
};

// Model versions that came from elsewhere, in a folder of this machine, and what their origins
// offered last; so that a server starts while they are down. Several processes may share it:
//   models/DIGEST/files/…    what was fetched
//   models/DIGEST/sums.json  the SHA-256 of each file; written last
//   offers/….json            what an origin offered when it was last served
//   stores/….json            the models that a store held last
// Thread-safe.
class ModelCache {
 public:
  explicit ModelCache(std::filesystem::path folder);

  // The files of a version. Those that are not there, or are not what their sums say any more, are
  // fetched by `fetch` into the empty folder that it is given.
  std::unique_ptr<CacheEntry> Place(const std::string& digest,
                                    const std::function<void(const std::filesystem::path&)>& fetch);

  // Keeps what is served of an origin. Versions that it served before and does not now are removed
  // unless another origin has them or a process holds them.
  void Remember(const std::string& origin, const Offer& served);
  std::optional<Offer> Recall(const std::string& origin) const;

  // The names of the models that a store held when it was last looked at; nothing of one that is
  // not known. Keeping them throws where the cache cannot be written.
  void RememberModels(const std::string& store, const std::vector<std::string>& names);
  std::vector<std::string> RecallModels(const std::string& store) const;

 private:
  std::filesystem::path OfferFile(const std::string& origin) const;
  std::filesystem::path StoreFile(const std::string& store) const;
  bool IsServed(const std::string& digest) const;
  void Remove(const std::string& digest);

  const std::filesystem::path folder_;
};

}  // namespace millwright::supply
