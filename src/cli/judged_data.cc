#include "cli/judged_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "cli/progress.h"
#include "quality/data_files.h"
#include "quality/database_table.h"
#include "supply/object_store.h"

namespace millwright::cli {
namespace {

// What a thread that reads CSV takes, and some to work in.
constexpr int64_t kMemoryMbOfThread = 64;
constexpr size_t kTablesMax = 100;

struct Named {
  std::string name;
  std::string data;
};

Named ParseNamed(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw InvalidArgument("--table takes NAME=DATA, not: {}", text);
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// Copies objects of a bucket into a folder: one, or all below a key that ends with a slash.
std::vector<std::string> BringObjects(const std::string& uri, const std::filesystem::path& folder) {
  const size_t slash = uri.rfind('/');
  const std::string name = uri.substr(slash + 1);
  const auto store = supply::OpenObjectStore(uri.substr(0, slash));
  std::vector<std::string> names;
  if (!name.empty()) {
    names.push_back(name);
  } else {
    for (const auto& entry : store->List("")) {
      if (!entry.is_folder) names.push_back(entry.path);
    }
  }
  std::filesystem::create_directories(folder);
  for (const std::string& one : names) {
    std::ofstream out(folder / std::filesystem::path(one).filename(), std::ios::binary);
    store->Read(one, 0, std::nullopt, [&](std::string_view bytes) {
      out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      return out.good();
    });
    out.close();
    if (!out) throw Error(Code::kResourceExhausted, "An object does not fit on the disk: " + one);
  }
  return quality::FindDataFiles(folder.string());
}

// A table before there is a session that may read it.
struct Found {
  std::string name;
  std::vector<std::string> files;
  std::optional<quality::CopiedTable> copied;
};

Found Find(const Named& named, const std::string& query, JudgedData& judged) {
  Found found{.name = named.name};
  const bool is_remote = supply::IsObjectStoreUri(named.data) || quality::IsDatabaseUri(named.data);
  if (!is_remote) {
    found.files = quality::FindDataFiles(named.data);
    return found;
  }
  if (!judged.scratch) judged.scratch.emplace();
  const auto folder = judged.scratch->path() / fmt::format("table{}", judged.tables.size());
  std::filesystem::create_directories(folder);
  if (supply::IsObjectStoreUri(named.data)) {
    found.files = BringObjects(named.data, folder);
  } else {
    found.copied =
        quality::CopyDatabaseTable(quality::ParseDatabaseSource(named.data, query), folder);
  }
  return found;
}

std::string Open(analytics::Session& session, const Found& found,
                 const analytics::TextFileReading& reading = {}) {
  return found.copied ? quality::ReadCopiedTable(session, *found.copied, found.name)
                      : quality::OpenDataFiles(session, found.files, found.name, reading);
}

}  // namespace

analytics::SessionOptions WithinMemory(int64_t memory_mb) {
  analytics::SessionOptions options;
  options.memory_bytes_max = static_cast<uint64_t>(memory_mb) << 20;
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  options.threads = static_cast<int>(std::clamp<int64_t>(memory_mb / kMemoryMbOfThread, 1, cores));
  return options;
}

bool IsLocalData(const std::string& data) {
  return std::filesystem::exists(data) || supply::IsObjectStoreUri(data) ||
         quality::IsDatabaseUri(data) || data.find_first_of("*?") != std::string::npos;
}

std::unique_ptr<JudgedData> OpenJudgedData(const DataAddress& address, Progress& progress) {
  auto judged = std::make_unique<JudgedData>();
  if (address.tables.size() > kTablesMax) {
    throw InvalidArgument("There may be {} tables beside the one that is judged", kTablesMax);
  }
  std::vector<Found> all = {Find({quality::kDataTable, address.data}, address.query, *judged)};
  for (const std::string& text : address.tables) {
    const Named named = ParseNamed(text);
    judged->tables.push_back(named.name);
    all.push_back(Find(named, "", *judged));
  }
  analytics::SessionOptions options = WithinMemory(address.memory_mb);
  options.time_limit_ms = address.time_limit_ms;
  for (const Found& found : all) {
    options.allowed_files.insert(options.allowed_files.end(), found.files.begin(),
                                 found.files.end());
    if (found.copied) options.allowed_files.push_back(found.copied->file.string());
  }
  judged->session.emplace(options);
  judged->watch.emplace(*judged->session, progress);
  judged->watch->Tell(0, "reading");
  judged->table = Open(*judged->session, all.front(), address.reading);
  for (size_t i = 1; i < all.size(); ++i) Open(*judged->session, all[i]);
  return judged;
}

quality::ValidationResult Judge(JudgedData& data, const quality::Suite& suite,
                                quality::ValidationOptions options) {
  options.tables = {data.tables.begin(), data.tables.end()};
  options.on_step = [&](size_t done, size_t all) {
    const auto total = static_cast<double>(all);
    data.watch->Tell(static_cast<double>(done) / total, fmt::format("{}/{}", done, all), 1 / total);
  };
  return quality::Validate(*data.session, data.table, suite, options);
}

}  // namespace millwright::cli
