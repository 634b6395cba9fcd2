#include "supply/blob_origin.h"

#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace millwright::supply {
namespace {

constexpr size_t kPageEntries = 1'000;
constexpr int kFoldersDeepMax = 32;

std::string Joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

std::vector<blob::BlobInfo> EntriesOf(blob::BlobStore& store, const std::string& folder) {
  std::vector<blob::BlobInfo> entries;
  std::string after;
  do {
    blob::BlobPage page = store.ListPage(folder, after, kPageEntries);
    entries.insert(entries.end(), std::make_move_iterator(page.entries.begin()),
                   std::make_move_iterator(page.entries.end()));
    if (entries.size() > kFilesMax) {
      throw ResourceExhausted("{} holds more than {} files", Joined(store.address(), folder),
                              kFilesMax);
    }
    after = std::move(page.next);
  } while (!after.empty());
  return entries;
}

std::string NameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

void AddFiles(blob::BlobStore& store, const std::string& root, const std::string& below, int depth,
              std::vector<ListedFile>* files) {
  if (depth > kFoldersDeepMax) throw InvalidArgument("The model's folders are nested too deep");
  for (const blob::BlobInfo& entry : EntriesOf(store, below.empty() ? root : Joined(root, below))) {
    const std::string path = Joined(below, NameOf(entry.path));
    if (entry.is_folder) {
      AddFiles(store, root, path, depth + 1, files);
    } else {
      files->push_back({path, entry.bytes, entry.version});
    }
    if (files->size() > kFilesMax) {
      throw ResourceExhausted("{} holds more than {} files", Joined(store.address(), root),
                              kFilesMax);
    }
  }
}

// Copies one file, of the state that was listed.
void CopyFile(blob::BlobStore& store, const std::string& path, const ListedFile& file,
              const std::filesystem::path& target) {
  const auto reader = store.Open(path);
  if (reader == nullptr || reader->info().version != file.state) {
    throw Aborted("{} was changed while it was copied", Joined(store.address(), path));
  }
  std::filesystem::create_directories(target.parent_path());
  std::ofstream out(target, std::ios::binary | std::ios::trunc);
  uint64_t bytes = 0;
  reader->Read(0, std::nullopt, [&](std::string_view piece) {
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    bytes += piece.size();
    return out.good();
  });
  out.close();
  if (!out) throw ResourceExhausted("Cannot write {}", target.string());
  if (bytes != file.bytes) {
    throw Aborted("{} came with {} of {} bytes", Joined(store.address(), path), bytes, file.bytes);
  }
}

}  // namespace

BlobOrigin::BlobOrigin(std::shared_ptr<blob::BlobStore> store, std::string folder,
                       std::string version)
    : store_(std::move(store)),
      folder_(std::move(folder)),
      version_(std::move(version)),
      address_(Joined(store_->address(), folder_)) {}

std::string BlobOrigin::FolderOf(const std::string& version) const {
  return has_versions_ ? Joined(folder_, version) : folder_;
}

std::vector<ListedFile> BlobOrigin::FilesBelow(const std::string& folder) {
  std::vector<ListedFile> files;
  AddFiles(*store_, folder, "", 0, &files);
  return files;
}

Offer BlobOrigin::Look(const VersionPolicy& policy) {
  std::vector<std::string> names;
  std::vector<std::string> versions;
  for (const blob::BlobInfo& entry : EntriesOf(*store_, folder_)) {
    names.push_back(NameOf(entry.path));
    if (entry.is_folder && IsVersionName(names.back())) versions.push_back(names.back());
  }
  if (names.empty()) throw NotFound("Model", address_);
  has_versions_ = !versions.empty() && !HoldsModel(names);
  if (!has_versions_) {
    versions = {version_};
  } else {
    SortVersions(&versions);
    versions = policy.Choose(versions);
  }
  Offer offer;
  for (const std::string& version : versions) {
    offer.versions.push_back({version, DigestOf(FilesBelow(FolderOf(version)))});
  }
  return offer;
}

void BlobOrigin::Fetch(const OfferedVersion& version, const std::filesystem::path& folder) {
  const std::string from = FolderOf(version.version);
  const std::vector<ListedFile> files = FilesBelow(from);
  if (DigestOf(files) != version.digest) throw Aborted("{} was changed", Joined(address_, from));
  for (const ListedFile& file : files) {
    CopyFile(*store_, Joined(from, file.path), file, ConfinedPath(folder, file.path));
  }
}

}  // namespace millwright::supply
