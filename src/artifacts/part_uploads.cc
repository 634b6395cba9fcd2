#include "artifacts/part_uploads.h"

#include "artifacts/sql.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id.h"

namespace millwright::artifacts {
namespace {

using storage::Connection;
using storage::Row;

std::string FolderOf(const std::string& id) {
  return fmt::format("{}/{}", kPartsFolder, id);
}

std::string PlaceOf(const std::string& id, int number) {
  return fmt::format("{}/{}/{}", kPartsFolder, id, number);
}

PartUpload FromRow(Connection& connection, const Row& row) {
  PartUpload upload;
  upload.id = row.Text(0);
  upload.request = {row.Text(1), row.Int(3), row.Text(4), row.Int(5)};
  upload.secret = row.Text(2);
  upload.begun_by = row.Text(6);
  for (const Row& part : connection.Select(sql::kPartsOfUpload, {upload.id}))
    upload.parts.push_back({static_cast<int>(part.Int(0)), part.Int(1), part.Text(2)});
  return upload;
}

Error Missing(int number) {
  return Error(Code::kAborted, fmt::format("Part {} of the upload has to be sent", number));
}

void RequireWellFormed(const PartUploadRequest& request) {
  if (IsHiddenFolder(request.path) || request.path.empty() || request.path.ends_with('/'))
    throw InvalidPath(request.path);
  if (request.part_bytes < 0 || request.part_bytes > kPartBytesMax)
    throw InvalidArgument("A part has at most {} bytes", kPartBytesMax).WithField("part_bytes");
  if (request.part_bytes > 0 && request.bytes > request.part_bytes * kPartsMax)
    throw InvalidArgument("An upload has at most {} parts", kPartsMax).WithField("part_bytes");
}

}  // namespace

PartUploads::Part::Part(PartUploads& uploads, const PartUpload& upload, int number,
                        ExpectedSums expected)
    : uploads_(uploads),
      id_(upload.id),
      number_(number),
      bytes_max_(upload.request.part_bytes > 0 ? upload.request.part_bytes : kPartBytesMax),
      expected_(std::move(expected)),
      writer_(uploads.store_.Create(PlaceOf(upload.id, number))) {}

void PartUploads::Part::Write(std::string_view bytes) {
  bytes_ += static_cast<int64_t>(bytes.size());
  if (bytes_ > bytes_max_)
    throw InvalidArgument("Part {} has more than {} bytes", number_, bytes_max_);
  writer_->Write(bytes);
}

StoredPart PartUploads::Part::Commit() {
  StoredPart part{number_, bytes_, writer_->Finish()};
  if (expected_.bytes && static_cast<int64_t>(*expected_.bytes) != bytes_)
    throw InvalidArgument("{} bytes came of a part of {} bytes", bytes_, *expected_.bytes);
  if (!expected_.sha256.empty() && expected_.sha256 != part.sha256)
    throw InvalidArgument("Part {} has another SHA-256 than was announced", number_);
  writer_->Commit();
  uploads_.Record(id_, part);
  return part;
}

PartUpload PartUploads::Begin(const PartUploadRequest& request, const std::string& who) {
  RequireWellFormed(request);
  store_.Stat(request.path);  // refuses what is no path
  store_.RequireWritable(request.path);
  return database_.Write([&](Connection& connection) {
    if (!request.sha256.empty()) {
      const auto before = connection.SelectOne(
          sql::kPartUploadLike,
          {request.path, request.bytes, request.sha256, request.part_bytes, who});
      if (before) return FromRow(connection, *before);
    }
    if (connection.SelectOne(sql::kCountPartUploads)->Int(0) >= kPartUploadsMax)
      throw ResourceExhausted("{} uploads in parts are under way", kPartUploadsMax);
    PartUpload upload{.id = NewHexId(), .request = request, .secret = NewHexId(), .begun_by = who};
    connection.Execute(sql::kInsertPartUpload,
                       {upload.id, request.path, upload.secret, request.bytes, request.sha256,
                        request.part_bytes, who, clock_.NowMs()});
    return upload;
  });
}

std::optional<PartUpload> PartUploads::Find(const std::string& id) const {
  return database_.Read([&](Connection& connection) -> std::optional<PartUpload> {
    const auto row = connection.SelectOne(sql::kPartUploadById, {id});
    if (!row) return std::nullopt;
    return FromRow(connection, *row);
  });
}

PartUpload PartUploads::Get(const std::string& id) const {
  auto upload = Find(id);
  if (!upload) throw NotFound("Upload", id);
  return *std::move(upload);
}

std::unique_ptr<PartUploads::Part> PartUploads::CreatePart(const PartUpload& upload, int number,
                                                           ExpectedSums expected) {
  if (number < 1 || number > kPartsMax)
    throw InvalidArgument("Parts have numbers from 1 to {}, not {}", kPartsMax, number);
  return std::unique_ptr<Part>(new Part(*this, upload, number, std::move(expected)));
}

void PartUploads::Record(const std::string& id, const StoredPart& part) {
  try {
    database_.Write([&](Connection& connection) {
      if (connection.Execute(sql::kTouchPartUpload, {id, clock_.NowMs()}) == 0)
        throw NotFound("Upload", id);
      connection.Execute(sql::kRecordPart, {id, int64_t{part.number}, part.bytes, part.sha256});
    });
  } catch (const Error& error) {
    if (error.code() == Code::kNotFound) store_.Remove(FolderOf(id));
    throw;
  }
}

// Whether parts 1, 2, … are all there, as far as it can be known.
void PartUploads::RequireWhole(const PartUpload& upload) const {
  int64_t bytes = 0;
  int number = 0;
  for (const StoredPart& part : upload.parts) {
    ++number;
    const bool is_last = part.number == upload.parts.back().number;
    const bool is_short =
        !is_last && upload.request.part_bytes > 0 && part.bytes != upload.request.part_bytes;
    if (part.number != number || is_short) throw Missing(number);
    bytes += part.bytes;
  }
  if (number == 0) throw Missing(1);
  if (upload.request.bytes >= 0 && bytes < upload.request.bytes) throw Missing(number + 1);
}

void PartUploads::CopyPart(const PartUpload& upload, const StoredPart& part, Upload* whole) {
  Digest digest(Digest::Kind::kSha256);
  const auto reader = store_.Open(PlaceOf(upload.id, part.number));
  if (reader) {
    reader->Read(0, std::nullopt, [&](std::string_view bytes) {
      digest.Update(bytes);
      whole->Write(bytes);
      return true;
    });
  }
  if (reader && digest.FinishHex() == part.sha256) return;
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kForgetPart, {upload.id, int64_t{part.number}});
  });
  throw Missing(part.number);
}

Checksum PartUploads::Complete(const PartUpload& upload, const std::string& who) {
  RequireWhole(upload);
  ExpectedSums expected{.sha256 = upload.request.sha256};
  if (upload.request.bytes >= 0) expected.bytes = static_cast<uint64_t>(upload.request.bytes);
  const auto whole = artifacts_.Create(upload.request.path, expected);
  for (const StoredPart& part : upload.parts) CopyPart(upload, part, whole.get());
  Checksum checksum;
  try {
    checksum = whole->Commit(who);
  } catch (const Error& error) {
    // Every part is what was sent, and together they are something else: no retry mends that.
    if (error.code() == Code::kInvalidArgument) Abort(upload.id);
    throw;
  }
  Abort(upload.id);
  return checksum;
}

void PartUploads::Abort(const std::string& id) {
  Forget(id);
  store_.Remove(FolderOf(id));
}

void PartUploads::Forget(const std::string& id) {
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kForgetPartsOfUpload, {id});
    connection.Execute(sql::kForgetPartUpload, {id});
  });
}

std::vector<IdlePartUpload> PartUploads::ListIdle(int64_t since_ms, const std::string& after,
                                                  size_t max) const {
  return database_.Read([&](Connection& connection) {
    std::vector<IdlePartUpload> list;
    for (const Row& row :
         connection.Select(sql::kIdlePartUploads, {since_ms, after, static_cast<int64_t>(max)}))
      list.push_back({row.Text(0), row.Text(1), row.Int(2), row.Text(3)});
    return list;
  });
}

void PartUploads::RemoveLeftOvers() {
  for (const auto& entry : store_.List(std::string(kPartsFolder))) {
    const bool is_under_way = database_.Read([&](Connection& connection) {
      return connection.SelectOne(sql::kPartUploadById, {entry.path}).has_value();
    });
    if (!is_under_way) store_.Remove(FolderOf(entry.path));
  }
}

}  // namespace millwright::artifacts
