#include "api/mlflow/artifact_files.h"

#include <algorithm>
#include <charconv>

#include "api/mlflow/artifact_owner.h"
#include "api/mlflow/error.h"
#include "api/mlflow/media_type.h"
#include "api/mlflow/request.h"
#include "api/mlflow/safe_path.h"
#include "api/mlflow/tracking_messages.h"
#include "api/mlflow/upload_sums.h"
#include "artifacts/artifacts.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "registry/registry.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_lease.h"
#include "tracking/run_store.h"

namespace millwright::api::mlflow::artifact_files {
namespace {

using artifacts::JoinPath;

constexpr int64_t kPageMax = 1000;
constexpr size_t kPieceBytes = 256 << 10;
// Files up to this size are answered from memory, without a thread that writes them.
constexpr uint64_t kWholeBytesMax = 128 << 10;
// Files up to this size, once their sum was looked up, are answered by the I/O thread itself.
constexpr uint64_t kAtOnceBytesMax = 32 << 10;
// How often an upload tells that its run lives.
constexpr int64_t kLifeIntervalUs = 1'000'000;

struct FileInfo {
  std::string path;
  bool is_dir = false;
  std::optional<int64_t> file_size;
  static constexpr auto fields() {
    using T = FileInfo;
    return std::tuple(May("path", &T::path), May("is_dir", &T::is_dir),
                      May("file_size", &T::file_size));
  }
};
struct FileList {
  std::optional<std::string> root_uri;
  std::vector<FileInfo> files;
  std::optional<std::string> next_page_token;
  static constexpr auto fields() {
    using T = FileList;
    return std::tuple(May("root_uri", &T::root_uri), May("files", &T::files),
                      May("next_page_token", &T::next_page_token));
  }
};
struct ListArtifacts {
  std::string run_id;
  std::string path;
  static constexpr auto fields() {
    using T = ListArtifacts;
    return std::tuple(Must("run_id", &T::run_id, "run_uuid"), May("path", &T::path));
  }
};
Error NoArtifact(const std::string& path) {
  return Error(Code::kNotFound, fmt::format("No such artifact: '{}'", path));
}

// The folder of this server's store that an artifact address means.
std::string FolderOf(Context& context, const std::string& artifact_uri) {
  auto folder = context.artifacts.FindPath(artifact_uri);
  if (folder) return *std::move(folder);
  throw InvalidArgument("The artifacts at {} are not kept by this server", artifact_uri);
}

std::string FileNameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// A file name as a header value: plain where it can be, else percent-encoded UTF-8.
std::string Disposition(const std::string& name) {
  const bool plain = name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") ==
                     std::string::npos;
  if (plain) return "attachment; filename=" + name;
  std::string encoded;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool keep = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                      (byte >= 'a' && byte <= 'z') || c == '.' || c == '_' || c == '-';
    encoded += keep ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return "attachment; filename*=UTF-8''" + encoded;
}

// Whether a list of tags as in If-None-Match names this one.
bool NamesTag(std::string_view list, std::string_view tag) {
  if (list == "*") return true;
  for (size_t at = list.find(tag); at != std::string_view::npos; at = list.find(tag, at + 1)) {
    const size_t end = at + tag.size();
    if (end == list.size() || list[end] == ',' || list[end] == ' ') return true;
  }
  return false;
}

// The sum of a whole file in base64, for those who check what they get (RFC 9530).
std::string ReprDigest(const artifacts::Checksum& checksum) {
  return "sha-256=:" + Base64(FromHex(checksum.sha256)) + ":";
}

// The answer where a file has another tag than the request asks for; an empty one is of no file.
http::Response OtherTag(const std::string& tag) {
  http::Response response =
      ErrorAnswer(tag.empty() ? FailedPrecondition("There is no file of this tag")
                              : FailedPrecondition("The file has another tag: {}", tag));
  response.status = 412;
  if (!tag.empty()) response.headers.Set("ETag", tag);
  return response;
}

// The answer to a condition on what an upload would replace; nothing where it is met. It is looked
// at before the bytes come: of two uploads at the same time both may pass.
std::optional<http::Response> FailedUploadCondition(Context& context, const std::string& path,
                                                    const http::Request& request) {
  const auto match = request.headers.Find("If-Match");
  const auto none = request.headers.Find("If-None-Match");
  if (!match && !none) return std::nullopt;
  const auto found = context.artifacts.Stat(path);
  const std::string tag = found && !found->is_folder ? "\"" + found->version + "\"" : "";
  if (match && (tag.empty() || !NamesTag(*match, tag))) return OtherTag(tag);
  if (none && !tag.empty() && NamesTag(*none, tag)) return OtherTag(tag);
  return std::nullopt;
}

// The answer to a condition that the file's tag does not meet; nothing where it does.
std::optional<http::Response> FailedCondition(const http::Request& request,
                                              const std::string& tag) {
  const auto match = request.headers.Find("If-Match");
  if (match && !NamesTag(*match, tag)) return OtherTag(tag);
  const auto none = request.headers.Find("If-None-Match");
  if (!none || !NamesTag(*none, tag)) return std::nullopt;
  http::Response response;
  response.status = 304;
  response.headers.Set("ETag", tag);
  return response;
}

// All bytes of a small file, found to be what was stored before the first of them leaves.
std::string BytesOf(artifacts::StoredFile& file) {
  std::string bytes;
  bytes.reserve(file.info().bytes);
  file.Read([&](std::string_view piece) {
    bytes.append(piece);
    return true;
  });
  return bytes;
}

// An answer that says all of a file but its bytes, or that a condition of the request fails.
http::Response HeadOf(const artifacts::StoredFile& file, const http::Request& request,
                      bool* has_body) {
  const std::string tag = "\"" + file.info().version + "\"";
  *has_body = false;
  if (auto failed = FailedCondition(request, tag)) return *std::move(failed);
  *has_body = true;
  const std::string name = FileNameOf(file.info().path);
  http::Response response;
  response.headers.Add("ETag", tag);
  if (file.checksum()) response.headers.Add("Repr-Digest", ReprDigest(*file.checksum()));
  response.headers.Add("Content-Type", std::string(MediaTypeOf(name)));
  response.headers.Add("Content-Disposition", Disposition(name));
  response.headers.Add("Content-Security-Policy", "sandbox; default-src 'none'");
  return response;
}

http::Response Download(Context& context, const http::Request& request, const std::string& path) {
  std::shared_ptr<artifacts::StoredFile> file;
  if (!path.empty()) file = context.artifacts.Open(path);
  if (!file) {
    const auto info = path.empty() ? std::nullopt : context.artifacts.Stat(path);
    if (!info || !info->is_folder) throw NoArtifact(path);
    throw InvalidArgument("This artifact is a folder: '{}'", path);
  }
  bool has_body = false;
  http::Response response = HeadOf(*file, request, &has_body);
  if (!has_body) return response;
  if (file->info().bytes <= kWholeBytesMax && request.method == http::Method::kGet) {
    response.body = BytesOf(*file);
    response.body_has_ranges = true;
    return response;
  }
  response.parts_bytes = file->info().bytes;
  response.parts = [file](http::BodyWriter& writer, uint64_t offset, uint64_t length) {
    const bool is_whole = length == file->info().bytes;
    const bool is_checked = is_whole && file->checksum();
    if (const auto fd = file->descriptor(); fd && !is_checked) {
      writer.WriteFile(*fd, offset, length);
      return;
    }
    const auto write = [&](std::string_view piece) { return writer.Write(piece); };
    if (is_whole) return file->Read(write);
    file->ReadPart(offset, length, write);
  };
  return response;
}

artifacts::Checksum Store(Context& context, const std::string& path, const http::Request& request) {
  if (path.empty()) throw InvalidArgument("Invalid path");
  const tracking::RunId run = OwnerOf(context, path);
  int64_t told_us = MonotonicUs();
  if (!run.empty()) context.run_leases.NoteLife(run);
  const auto upload = context.artifacts.Create(path, SumsOf(request));
  if (request.body_reader == nullptr) {
    upload->Write(request.body);
  } else {
    std::string buffer(kPieceBytes, '\0');
    while (const size_t size = request.body_reader->Read(buffer.data(), buffer.size())) {
      upload->Write(std::string_view(buffer.data(), size));
      if (run.empty() || MonotonicUs() - told_us < kLifeIntervalUs) continue;
      context.run_leases.NoteLife(run);
      told_us = MonotonicUs();
    }
  }
  return upload->Commit(request.principal);
}

// Which part of a listing is asked for; all of it where nothing is said, as MLflow's clients
// expect.
struct Page {
  std::string token;
  int64_t max = 0;
};

// Lists a folder of the store; paths in the answer begin with `prefix`.
FileList List(Context& context, const std::string& folder, const std::string& prefix,
              const Page& page) {
  FileList list;
  std::vector<blob::BlobInfo> entries;
  if (page.max == 0) {
    entries = context.artifacts.List(folder);
  } else {
    const int64_t max = std::min(page.max, kPageMax);
    auto listed = context.artifacts.ListPage(folder, page.token, static_cast<size_t>(max));
    entries = std::move(listed.entries);
    if (!listed.next.empty()) list.next_page_token = std::move(listed.next);
  }
  for (const auto& entry : entries) {
    FileInfo info{prefix + entry.path, entry.is_folder, std::nullopt};
    if (!entry.is_folder) info.file_size = static_cast<int64_t>(entry.bytes);
    list.files.push_back(std::move(info));
  }
  return list;
}

// Lists below a run's or a model's own folder, with paths from there.
http::Response ListBelow(Context& context, const std::string& root_uri, const std::string& path,
                         const Page& page) {
  const std::string safe = SafePath(path);
  const auto folder = context.artifacts.FindPath(root_uri);
  FileList list;
  if (folder) list = List(context, JoinPath(*folder, safe), safe.empty() ? "" : safe + "/", page);
  list.root_uri = root_uri;
  return Answer(list);
}

std::string QueryOr(const http::Request& request, std::string_view name, std::string_view other) {
  auto value = request.Query(name);
  if (!value && !other.empty()) value = request.Query(other);
  return std::string(value.value_or(""));
}

Page PageOf(const http::Request& request) {
  Page page{QueryOr(request, "page_token", ""), 0};
  const std::string max = QueryOr(request, "max_results", "");
  if (max.empty()) return page;
  const auto [end, error] = std::from_chars(max.data(), max.data() + max.size(), page.max);
  if (error != std::errc() || end != max.data() + max.size() || page.max < 1)
    throw InvalidArgument("max_results is a number of files, not {}", max);
  return page;
}

}  // namespace

http::Response ProxyUpload(Context& context, const http::Request& request) {
  const std::string path = SafePath(request.PathValue("path"));
  if (auto failed = FailedUploadCondition(context, path, request)) return *std::move(failed);
  const auto stored = Store(context, path, request);
  http::Response response = Empty();
  response.headers.Set("ETag", "\"" + stored.version + "\"");
  response.headers.Set("Repr-Digest", ReprDigest(stored));
  return response;
}

http::Response ProxyDownload(Context& context, const http::Request& request) {
  const std::string path = SafePath(request.PathValue("path"));
  if (path.empty()) throw InvalidArgument("Invalid path");
  return Download(context, request, path);
}

std::optional<http::Response> ProxyDownloadAtOnce(Context& context, const http::Request& request) {
  const std::string path = SafePath(request.PathValue("path"));
  const auto file = path.empty() ? nullptr : context.artifacts.OpenAtOnce(path);
  if (!file || file->info().bytes > kAtOnceBytesMax) return std::nullopt;
  bool has_body = false;
  http::Response response = HeadOf(*file, request, &has_body);
  if (!has_body) return response;
  auto bytes = file->ReadAtOnce();
  if (!bytes) return std::nullopt;
  response.body = *std::move(bytes);
  response.body_has_ranges = true;
  return response;
}

http::Response ProxyDelete(Context& context, const http::Request& request) {
  const std::string path = SafePath(request.PathValue("path"));
  if (path.empty()) throw InvalidArgument("Invalid path");
  context.artifacts.Remove(path, request.principal);
  return Empty();
}

http::Response ProxyList(Context& context, const http::Request& request) {
  return Answer(List(context, SafePath(QueryOr(request, "path", "")), "", PageOf(request)));
}

http::Response ListOfRun(Context& context, const http::Request& request) {
  const auto message = Read<ListArtifacts>(request);
  const auto run = context.runs.GetInfo(tracking::RunId(message.run_id));
  return ListBelow(context, run.artifact_uri, message.path, PageOf(request));
}

http::Response GetOfRun(Context& context, const http::Request& request) {
  const std::string id = QueryOr(request, "run_id", "run_uuid");
  const auto run = context.runs.GetInfo(tracking::RunId(id.empty() ? "None" : id));
  const std::string path = SafePath(QueryOr(request, "path", ""));
  return Download(context, request, JoinPath(FolderOf(context, run.artifact_uri), path));
}

http::Response UploadToRun(Context& context, const http::Request& request) {
  const std::string id = QueryOr(request, "run_uuid", "run_id");
  const std::string path = QueryOr(request, "path", "");
  if (id.empty()) throw InvalidArgument("Request must specify run_uuid.");
  if (path.empty()) throw InvalidArgument("Request must specify path.");
  const std::string safe = SafePath(path);
  const auto run = context.runs.GetInfo(tracking::RunId(id));
  Store(context, JoinPath(FolderOf(context, run.artifact_uri), safe), request);
  return http::Response::Text(200, "", "application/json");
}

http::Response ListOfLoggedModel(Context& context, const http::Request& request) {
  const auto model =
      context.logged_models.Get(tracking::LoggedModelId(request.PathValue("model_id")));
  return ListBelow(context, model.artifact_uri, QueryOr(request, "artifact_directory_path", ""),
                   PageOf(request));
}

http::Response GetOfLoggedModel(Context& context, const http::Request& request) {
  const std::string path = QueryOr(request, "artifact_file_path", "");
  if (path.empty()) {
    throw FailedPrecondition("Request must include the \"artifact_file_path\" query parameter.");
  }
  const std::string safe = SafePath(path);
  const auto model =
      context.logged_models.Get(tracking::LoggedModelId(request.PathValue("model_id")));
  return Download(context, request, JoinPath(FolderOf(context, model.artifact_uri), safe));
}

http::Response GetOfVersion(Context& context, const http::Request& request) {
  const registry::ModelName name(QueryOr(request, "name", ""));
  const std::string path = SafePath(QueryOr(request, "path", ""));
  const auto version =
      context.registry.GetVersion(name, registry::ParseVersion(QueryOr(request, "version", "")));
  return Download(context, request, JoinPath(FolderOf(context, version.artifact_uri), path));
}

}  // namespace millwright::api::mlflow::artifact_files
