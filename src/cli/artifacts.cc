#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "cli/artifact_transfer.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/file_upload.h"
#include "cli/progress.h"

namespace millwright::cli {
namespace {

constexpr int kReconnectsMax = 10;  // without a file read in between
constexpr int64_t kReconnectMs = 1000;
// A check that waits for a slow disk still tells how far it is.
constexpr int64_t kSilenceMsMax = 300'000;

struct VerifyOptions {
  std::string after;
  double rate_mb = 0;
};
constexpr Option<VerifyOptions> kVerifyOptions[] = {
    {"", "--after", "Begin behind this path, as a check that was ended says", &VerifyOptions::after,
     "PATH"},
    {"", "--rate-mb", "Read at most so many megabytes a second; 0 is as fast as it goes",
     &VerifyOptions::rate_mb, "MB", 0, 1'000'000},
};

// The check of all files, which goes on where it was when the connection is lost.
class ArtifactCheck {
 public:
  ArtifactCheck(const VerifyOptions& options, Console& console)
      : console_(console),
        bytes_per_s_(static_cast<int64_t>(options.rate_mb * 1e6)),
        after_(options.after),
        bar_(console.StartProgress("verify artifacts")) {}

  void Run() {
    for (int tries = 0; !done_; ++tries) {
      const std::string before = after_;
      try {
        Listen();
      } catch (const Error& error) {
        if (after_ != before) tries = 0;
        const bool lost =
            error.code() == Code::kUnavailable || error.code() == Code::kDeadlineExceeded;
        if (!lost || !began_ || tries == kReconnectsMax) throw;
        console_.client().WaitUntilReady(kReconnectMs);
      }
    }
    bar_->Finish(fmt::format("{} files, {}", FormatCount(files_),
                             FormatBytes(static_cast<uint64_t>(bytes_))));
  }

  Json Answer() const {
    Json faults = Json::MakeArray();
    for (const auto& [path, fault] : faults_)
      faults.Append(Json::Of({{"path", path}, {"fault", fault}}));
    return Json::Of({{"files", files_}, {"bytes", bytes_}, {"faults", std::move(faults)}});
  }
  const std::map<std::string, std::string>& faults() const { return faults_; }
  const std::string& after() const { return after_; }

 private:
  // Reads one answer, as far as it comes.
  void Listen() {
    const int64_t files_before = files_;
    const int64_t bytes_before = bytes_;
    std::string text;
    fetch::FetchRequest request{
        .url = "/api/v1/artifacts/verify?after=" + fetch::PercentEncode(after_) +
               "&bytes_per_s=" + std::to_string(bytes_per_s_)};
    request.body_bytes_max = UINT64_MAX;
    request.timeout_ms = 0;
    request.stall_timeout_ms = kSilenceMsMax;
    request.on_body = [&](std::string_view piece) {
      text += piece;
      size_t begin = 0;
      for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
        Take(ParseJson(text.substr(begin, end - begin)), files_before, bytes_before);
      text.erase(0, begin);
      return true;
    };
    console_.client().Send(std::move(request));
    if (!done_) throw Unavailable("The server ended the check before its end");
  }

  void Take(const Json& line, int64_t files_before, int64_t bytes_before) {
    if (const Json* known = line.Find("known")) {
      began_ = true;
      files_known_ = files_before + known->GetInt("files");
      bytes_known_ = bytes_before + known->GetInt("bytes");
    } else if (line.Has("fault")) {
      faults_.insert_or_assign(line.GetString("path"), line.GetString("fault"));
    } else {
      files_ = files_before + line.GetInt("files");
      bytes_ = bytes_before + line.GetInt("bytes");
      after_ = line.GetString("after", after_);
      done_ = line.GetBool("done");
      bar_->Update(
          bytes_known_ > 0 ? static_cast<double>(bytes_) / static_cast<double>(bytes_known_) : 0,
          fmt::format("{}/{} files, {}", FormatCount(files_), FormatCount(files_known_),
                      FormatBytes(static_cast<uint64_t>(bytes_))));
    }
  }

  Console& console_;
  const int64_t bytes_per_s_;
  std::string after_;
  const std::unique_ptr<Progress> bar_;
  bool began_ = false;
  bool done_ = false;
  int64_t files_known_ = 0;
  int64_t bytes_known_ = 0;
  int64_t files_ = 0;
  int64_t bytes_ = 0;
  std::map<std::string, std::string> faults_;  // by path: those of a lost answer come again
};

int VerifyArtifacts(const VerifyOptions& options, Console& console) {
  ArtifactCheck check(options, console);
  try {
    check.Run();
  } catch (const Error& error) {
    if (check.after() == options.after) throw;
    throw Error(error.code(),
                fmt::format("{}; go on with --after '{}'", error.message(), check.after()));
  }
  console.Answer(check.Answer());
  std::vector<std::vector<std::string>> rows;
  for (const auto& [path, fault] : check.faults()) rows.push_back({fault, path});
  if (!rows.empty()) console.PrintTable({"FAULT", "PATH"}, rows);
  console.Line(
      fmt::format("{} files read, {} with a fault", check.Answer().GetInt("files"), rows.size()));
  return rows.empty() ? 0 : 1;
}

struct UploadOptions {
  std::string source;
  std::string run_id;
  std::string path;
};
constexpr Option<UploadOptions> kUploadOptions[] = {
    {"", "FILE", "A file, or a folder with all it holds", &UploadOptions::source, "", 0, 0,
     Option<UploadOptions>::Kind::kRequired},
    {"", "--run-id", "The run whose artifact it becomes", &UploadOptions::run_id, "ID", 0, 0,
     Option<UploadOptions>::Kind::kRequired},
    {"", "--path", "Its folder among the run's artifacts; their root if not given",
     &UploadOptions::path, "PATH"},
};

struct SourceFile {
  std::filesystem::path file;
  std::string path;  // among the artifacts
  uint64_t bytes = 0;
};

// What is in a folder keeps its place below `path`, as log_artifacts of MLflow's clients puts it.
// Symbolic links in it are left out and named.
std::vector<SourceFile> FilesOf(const UploadOptions& options, std::vector<std::string>* links) {
  const std::filesystem::path source = options.source;
  const std::string before = options.path.empty() ? "" : options.path + "/";
  std::vector<SourceFile> files;
  const auto add = [&](const std::filesystem::path& file, const std::string& path) {
    files.push_back({file, before + path, std::filesystem::file_size(file)});
  };
  if (std::filesystem::is_regular_file(source)) {
    add(source, source.filename().string());
  } else if (std::filesystem::is_directory(source)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source)) {
      const std::string path = entry.path().lexically_relative(source).generic_string();
      // A link may lead out of the folder, to what nobody meant to publish.
      if (entry.is_symlink()) {
        links->push_back(path);
      } else if (entry.is_regular_file()) {
        add(entry.path(), path);
      }
    }
    std::sort(files.begin(), files.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
  } else {
    throw NotFound("File", options.source);
  }
  return files;
}

Json ListOf(const std::vector<std::string>& texts) {
  Json list = Json::MakeArray();
  for (const std::string& text : texts) list.Append(text);
  return list;
}

int UploadArtifacts(const UploadOptions& options, Console& console) {
  const std::string folder = ArtifactFolder(console.client(), options.run_id);
  std::vector<std::string> links;
  const auto files = FilesOf(options, &links);
  uint64_t total = 0;
  for (const auto& file : files) total += file.bytes;
  const auto bar = console.StartProgress("upload artifacts");
  uint64_t before = 0;
  uint64_t sent = 0;
  for (const auto& file : files) {
    const auto tell = [&](uint64_t bytes) {
      bar->Update(total == 0 ? 1 : static_cast<double>(before + bytes) / static_cast<double>(total),
                  fmt::format("{} of {}", FormatBytes(before + bytes), FormatBytes(total)));
    };
    sent += UploadFile(console.client(), folder + "/" + file.path, file.file, tell).bytes_sent;
    before += file.bytes;
  }
  bar->Finish(fmt::format("{} of {} sent", FormatBytes(sent), FormatBytes(total)));
  console.Answer(Json::Of({{"run_id", options.run_id},
                           {"files", files.size()},
                           {"bytes", total},
                           {"bytes_sent", sent},
                           {"links_left_out", ListOf(links)}}));
  console.Line(fmt::format("{} {}, {}, {} of run {}", files.size(),
                           files.size() == 1 ? "file" : "files", FormatBytes(total),
                           files.size() == 1 ? "is an artifact" : "are artifacts", options.run_id));
  for (const std::string& link : links) {
    console.Line(fmt::format("left out, for it is a symbolic link: {}", link));
  }
  return 0;
}

struct ListOptions {
  std::string run_id, path;
};
constexpr Option<ListOptions> kListOptions[] = {
    {"", "--run-id", "The run whose artifacts are meant", &ListOptions::run_id, "ID", 0, 0,
     Option<ListOptions>::Kind::kRequired},
    {"", "--path", "A folder among them; their root if not given", &ListOptions::path, "PATH"},
};

// The files and folders directly in a folder of a run's artifacts, all pages.
std::vector<Json> ListFolder(Client& client, const std::string& run_id, const std::string& path) {
  std::vector<Json> files;
  std::string token;
  do {
    Query query = {{"run_id", run_id}};
    if (!path.empty()) query.emplace_back("path", path);
    if (!token.empty()) query.emplace_back("page_token", token);
    const Json page = client.MlflowGet("artifacts/list", query);
    if (const Json* found = page.Find("files")) {
      for (const Json& file : found->AsArray()) files.push_back(file);
    }
    token = page.GetString("next_page_token");
  } while (!token.empty());
  return files;
}

int ListArtifacts(const ListOptions& options, Console& console) {
  Json answer = Json::MakeArray();
  std::vector<std::vector<std::string>> rows;
  for (const Json& file : ListFolder(console.client(), options.run_id, options.path)) {
    const bool is_folder = file.GetBool("is_dir");
    rows.push_back({file.GetString("path") + (is_folder ? "/" : ""),
                    is_folder ? "" : FormatBytes(static_cast<uint64_t>(file.GetInt("file_size")))});
    answer.Append(file);
  }
  console.Answer(Json::Of({{"run_id", options.run_id}, {"files", std::move(answer)}}));
  console.PrintTable({"PATH", {"SIZE", Column::Align::kRight}}, rows);
  return 0;
}

struct DownloadOptions {
  std::string run_id, path, folder;
};
constexpr Option<DownloadOptions> kDownloadOptions[] = {
    {"", "FOLDER", "Where the files go, with the paths that they have among the artifacts",
     &DownloadOptions::folder, "", 0, 0, Option<DownloadOptions>::Kind::kRequired},
    {"", "--run-id", "The run whose artifacts are meant", &DownloadOptions::run_id, "ID", 0, 0,
     Option<DownloadOptions>::Kind::kRequired},
    {"", "--path", "A file or folder among them; all if not given", &DownloadOptions::path, "PATH"},
};

// Tells whether the server lists a path as one of the run's files.
bool IsFile(Client& client, const std::string& run_id, const std::string& path) {
  const std::filesystem::path whole(path);
  for (const Json& file : ListFolder(client, run_id, whole.parent_path().generic_string())) {
    if (file.GetString("path") == path) return !file.GetBool("is_dir");
  }
  throw NotFound("Artifact", path).WithField("--path");
}

int DownloadArtifacts(const DownloadOptions& options, Console& console) {
  Client& client = console.client();
  const std::string root = ArtifactFolder(client, options.run_id);
  const auto bar = console.StartProgress("download artifacts");
  uint64_t bytes = 0;
  int64_t files = 0;
  const auto get = [&](const std::string& path) {
    // The server's paths are its own, but what is written here stays in the folder.
    const auto target = ConfinedPath(options.folder, path);
    std::filesystem::create_directories(target.parent_path());
    DownloadArtifact(client, root, path, target);
    bytes += std::filesystem::file_size(target);
    bar->Update(0, fmt::format("{} files, {}", FormatCount(++files), FormatBytes(bytes)));
  };
  std::filesystem::create_directories(options.folder);
  if (!options.path.empty() && IsFile(client, options.run_id, options.path)) {
    get(options.path);
  } else {
    std::vector<std::string> folders = {options.path};
    while (!folders.empty()) {
      const std::string folder = std::move(folders.back());
      folders.pop_back();
      for (const Json& file : ListFolder(client, options.run_id, folder)) {
        if (file.GetBool("is_dir")) {
          folders.push_back(file.GetString("path"));
        } else {
          get(file.GetString("path"));
        }
      }
    }
  }
  bar->Finish(fmt::format("{} files, {}", FormatCount(files), FormatBytes(bytes)));
  console.Answer(Json::Of({{"run_id", options.run_id},
                           {"folder", options.folder},
                           {"files", files},
                           {"bytes", bytes}}));
  console.Line(fmt::format("{} {}, {}, in {}", files, files == 1 ? "file" : "files",
                           FormatBytes(bytes), options.folder));
  return 0;
}

}  // namespace

void AddArtifactCommands(Commands& commands) {
  commands.push_back(MakeCommand(
      "artifacts upload",
      "Store a file or folder as artifacts of a run; a large file goes in parts and goes on where "
      "it was after a cut",
      kUploadOptions, UploadArtifacts));
  commands.push_back(MakeCommand("artifacts list", "List a folder of a run's artifacts",
                                 kListOptions, ListArtifacts));
  commands.push_back(MakeCommand("artifacts download",
                                 "Download artifacts of a run, a file, a folder or all",
                                 kDownloadOptions, DownloadArtifacts));
  commands.push_back(MakeCommand(
      "artifacts verify",
      "Read every file whose checksum is known and list those that are damaged, missing or "
      "changed past the server; status 1 when there are any",
      kVerifyOptions, VerifyArtifacts));
}

}  // namespace millwright::cli
