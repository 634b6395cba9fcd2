#include "supply/model_store.h"

#include <algorithm>

#include "base/error.h"
#include "supply/blob_origin.h"
#include "supply/folder_origin.h"
#include "supply/object_store.h"

namespace millwright::supply {
namespace {

constexpr char kOnlyVersion[] = "1";  // of a model without folders of versions
constexpr size_t kNameBytesMax = 200;

void CheckCount(size_t models, const std::string& address) {
  if (models > kStoreModelsMax) {
    throw ResourceExhausted("{} holds more than {} models", address, kStoreModelsMax);
  }
}

class FolderStore : public ModelStore {
 public:
  explicit FolderStore(std::filesystem::path path)
      : path_(std::move(path)), address_(path_.string()) {}

  const std::string& address() const override { return address_; }
  bool is_elsewhere() const override { return false; }

  std::vector<std::string> Models() override {
    std::vector<std::string> names;
    try {
      if (!std::filesystem::is_directory(path_)) throw NotFound("Model store", address_);
      for (const auto& entry : std::filesystem::directory_iterator(path_)) {
        std::string name = entry.path().filename().string();
        if (entry.is_directory() && IsModelName(name)) names.push_back(std::move(name));
      }
    } catch (const std::filesystem::filesystem_error& error) {
      throw Unavailable("{} cannot be read: {}", address_, error.code().message());
    }
    CheckCount(names.size(), address_);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::unique_ptr<Origin> OriginOf(const std::string& model) override {
    return std::make_unique<FolderOrigin>(path_ / model, kOnlyVersion);
  }

 private:
  const std::filesystem::path path_;
  const std::string address_;
};

class BucketStore : public ModelStore {
 public:
  explicit BucketStore(const std::string& uri)
      : store_(OpenObjectStore(uri)), address_(store_->address()) {}

  const std::string& address() const override { return address_; }
  bool is_elsewhere() const override { return true; }

  std::vector<std::string> Models() override {
    std::vector<std::string> names;
    for (const blob::BlobInfo& entry : store_->List("")) {
      if (entry.is_folder && IsModelName(entry.path)) names.push_back(entry.path);
    }
    CheckCount(names.size(), address_);
    return names;
  }

  std::unique_ptr<Origin> OriginOf(const std::string& model) override {
    return std::make_unique<BlobOrigin>(store_, model, kOnlyVersion);
  }

 private:
  const std::shared_ptr<blob::BlobStore> store_;
  const std::string address_;
};

}  // namespace

bool IsModelName(const std::string& name) {
  return !name.empty() && name.size() <= kNameBytesMax && name[0] != '.' &&
         name.find_first_of("/:@?#%\\") == std::string::npos;
}

std::unique_ptr<ModelStore> OpenModelStore(const std::string& where) {
  if (IsObjectStoreUri(where)) return std::make_unique<BucketStore>(where);
  if (where.find("://") != std::string::npos) {
    throw InvalidArgument("A model store is a folder or s3://bucket/prefix: {}", where);
  }
  return std::make_unique<FolderStore>(where);
}

}  // namespace millwright::supply
