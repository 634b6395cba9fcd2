#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/artifacts.h"

namespace millwright::artifacts {

inline constexpr int kPartsMax = 10'000;
inline constexpr int64_t kPartBytesMax = 5LL << 30;
inline constexpr int64_t kPartUploadsMax = 10'000;  // under way at a time

// Which upload is meant, as far as the client knows it: one that announces bytes and sum finds what
// it sent before it was cut.
struct PartUploadRequest {
  std::string path;
  int64_t bytes = -1;
  std::string sha256;      // hex
  int64_t part_bytes = 0;  // of all parts but the last; 0 where they are as they come
};

struct StoredPart {
  int number = 0;  // from 1
  int64_t bytes = 0;
  std::string sha256;
};

struct PartUpload {
  std::string id;
  PartUploadRequest request;
  std::string secret;  // what addresses of its parts are signed with
  std::string begun_by;
  std::vector<StoredPart> parts;  // in order
};

struct IdlePartUpload {
  std::string id;
  std::string path;
  int64_t touched_ms = 0;
  std::string begun_by;
};

// Uploads in parts through this server. A part is on disk, under its number and with its sum,
// before it is answered, so that an upload goes on after a cut or a crash of either side; parts may
// come in any order and again. Nothing is seen of the file before Complete, which copies the parts
// into one and compares every sum. Thread-safe.
class PartUploads {
 public:
  // One part on its way.
  class Part {
   public:
    void Write(std::string_view bytes);
    // Records the part. Throws kInvalidArgument, and keeps nothing, when the bytes are others than
    // were announced, and kNotFound when the upload was given up meanwhile.
    StoredPart Commit();

   private:
    friend class PartUploads;
    Part(PartUploads& uploads, const PartUpload& upload, int number, ExpectedSums expected);

    PartUploads& uploads_;
    const std::string id_;
    const int number_;
    const int64_t bytes_max_;
    const ExpectedSums expected_;
    std::unique_ptr<blob::BlobWriter> writer_;
    int64_t bytes_ = 0;
  };

  PartUploads(storage::Database& database, blob::BlobStore& store, Artifacts& artifacts,
              const Clock& clock)
      : database_(database), store_(store), artifacts_(artifacts), clock_(clock) {}

  // Begins an upload, or finds the one of the same bytes that `who` began before.
  PartUpload Begin(const PartUploadRequest& request, const std::string& who);
  std::optional<PartUpload> Find(const std::string& id) const;
  // Throws kNotFound.
  PartUpload Get(const std::string& id) const;
  std::unique_ptr<Part> CreatePart(const PartUpload& upload, int number, ExpectedSums expected);
  // Makes one file of parts 1, 2, … and ends the upload. Throws kAborted naming a part
  // that is missing or was damaged and has to be sent again, and kInvalidArgument when the whole is
  // not what was announced.
  Checksum Complete(const PartUpload& upload, const std::string& who);
  // Gives an upload up; nothing when there is none.
  void Abort(const std::string& id);

  // Uploads of which nothing was heard since a time, by id.
  std::vector<IdlePartUpload> ListIdle(int64_t since_ms, const std::string& after,
                                       size_t max) const;
  // Removes the parts of uploads that are over: what a crash on the way left.
  void RemoveLeftOvers();

 private:
  void RequireWhole(const PartUpload& upload) const;
  void CopyPart(const PartUpload& upload, const StoredPart& part, Upload* whole);
  void Record(const std::string& id, const StoredPart& part);
  void Forget(const std::string& id);

  storage::Database& database_;
  blob::BlobStore& store_;
  Artifacts& artifacts_;
  const Clock& clock_;
};

}  // namespace millwright::artifacts
