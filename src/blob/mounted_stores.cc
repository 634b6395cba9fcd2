#include "blob/mounted_stores.h"

#include <filesystem>

#include "base/error.h"

namespace millwright::blob {

MountedStores::MountedStores(std::unique_ptr<BlobStore> store, Mounts mounts)
    : store_(std::move(store)), mounts_(std::move(mounts)) {}

MountedStores::Place MountedStores::Find(const std::string& path) const {
  // "a/../mounts/x" must find what "mounts/x" finds.
  const std::string normal = std::filesystem::path(path).lexically_normal().generic_string();
  for (const auto& [folder, store] : mounts_) {
    if (normal == folder) return {*store, ""};
    if (normal.starts_with(folder + "/")) return {*store, normal.substr(folder.size() + 1)};
  }
  return {*store_, path};
}

std::unique_ptr<BlobWriter> MountedStores::Create(const std::string& path) {
  const Place place = Find(path);
  return place.store.Create(place.path);
}

std::unique_ptr<BlobReader> MountedStores::Open(const std::string& path) {
  const Place place = Find(path);
  return place.store.Open(place.path);
}

std::unique_ptr<BlobReader> MountedStores::OpenAtOnce(const std::string& path) {
  const Place place = Find(path);
  return place.store.OpenAtOnce(place.path);
}

std::optional<BlobInfo> MountedStores::Stat(const std::string& path) {
  const Place place = Find(path);
  auto info = place.store.Stat(place.path);
  if (info) info->path = path;
  return info;
}

std::vector<BlobInfo> MountedStores::List(const std::string& folder) {
  const Place place = Find(folder);
  return place.store.List(place.path);
}

BlobPage MountedStores::ListPage(const std::string& folder, const std::string& after, size_t max) {
  const Place place = Find(folder);
  return place.store.ListPage(place.path, after, max);
}

void MountedStores::RequireWritable(const std::string& path) const {
  const Place place = Find(path);
  place.store.RequireWritable(place.path);
}

void MountedStores::Move(const std::string& from, const std::string& to) {
  const Place source = Find(from);
  const Place target = Find(to);
  if (&source.store != &target.store)
    throw PermissionDenied("{} cannot be moved out of the folder it is in", from);
  source.store.Move(source.path, target.path);
}

void MountedStores::Remove(const std::string& path) {
  const Place place = Find(path);
  place.store.Remove(place.path);
}

void MountedStores::RemoveEmptyFolder(const std::string& path) {
  const Place place = Find(path);
  place.store.RemoveEmptyFolder(place.path);
}

std::optional<std::filesystem::path> MountedStores::LocalPath(const std::string& path) {
  const Place place = Find(path);
  return place.store.LocalPath(place.path);
}

}  // namespace millwright::blob
