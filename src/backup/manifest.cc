#include "backup/manifest.h"

#include <charconv>

#include "base/error.h"

namespace millwright::backup {
namespace {

constexpr int64_t kFormat = 1;
constexpr int kOctal = 8;

Json RefJson(const ObjectRef& ref) {
  return Json::Of({{"sha256", ref.sha256}, {"bytes", static_cast<int64_t>(ref.bytes)}});
}

ObjectRef RefFrom(const Json& json) {
  ObjectRef ref{json.At("sha256").AsString("sha256"), static_cast<uint64_t>(json.GetInt("bytes"))};
  constexpr size_t kHexDigits = 64;
  if (ref.sha256.size() != kHexDigits ||
      ref.sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw InvalidArgument("A manifest names no SHA-256 where one is due");
  }
  return ref;
}

Json StringsJson(const std::vector<std::string>& strings) {
  Json list = Json::MakeArray();
  for (const auto& text : strings) list.Append(text);
  return list;
}

Json DatabaseJson(const Manifest& manifest) {
  const auto& shape = manifest.database;
  Json migrations = Json::MakeArray();
  for (const auto& [number, name, checksum] : shape.migrations) {
    migrations.Append(Json::Of({{"number", number}, {"name", name}, {"sha256", checksum}}));
  }
  Json counters = Json::MakeArray();
  for (const auto& [name, last] : shape.counters) {
    counters.Append(Json::Of({{"name", name}, {"last", last}}));
  }
  Json tables = Json::MakeArray();
  for (const auto& [table, rows, slices] : manifest.tables) {
    Json refs = Json::MakeArray();
    for (const auto& slice : slices) refs.Append(RefJson(slice));
    tables.Append(Json::Of({{"name", table.name},
                            {"rows", rows},
                            {"columns", StringsJson(table.columns)},
                            {"key", StringsJson(table.key)},
                            {"slices", refs}}));
  }
  const bool is_sqlite = shape.dialect == storage::Dialect::kSqlite;
  return Json::Of({{"kind", is_sqlite ? "sqlite" : "postgresql"},
                   {"migrations", migrations},
                   {"counters", counters},
                   {"tables", tables}});
}

void ReadDatabase(const Json& json, Manifest* manifest) {
  auto& shape = manifest->database;
  shape.dialect =
      json.GetString("kind") == "sqlite" ? storage::Dialect::kSqlite : storage::Dialect::kPostgres;
  for (const auto& item : json.At("migrations").AsArray("migrations")) {
    shape.migrations.push_back(
        {item.GetInt("number"), item.GetString("name"), item.GetString("sha256")});
  }
  for (const auto& item : json.At("counters").AsArray("counters")) {
    shape.counters.push_back({item.GetString("name"), item.GetInt("last")});
  }
  for (const auto& item : json.At("tables").AsArray("tables")) {
    SavedTable table;
    table.shape = {item.GetString("name"), item.GetStrings("columns"), item.GetStrings("key")};
    table.rows = item.GetInt("rows");
    for (const auto& slice : item.At("slices").AsArray("slices")) {
      table.slices.push_back(RefFrom(slice));
    }
    shape.tables.push_back(table.shape);
    manifest->tables.push_back(std::move(table));
  }
}

// A path in a line of the list: without line ends.
std::string Escaped(const std::string& path) {
  std::string text;
  for (const char c : path) {
    if (c == '\\') {
      text += "\\\\";
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

std::string Unescaped(std::string_view text) {
  std::string path;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      path += text[i];
    } else {
      path += text[++i] == 'n' ? '\n' : text[i];
    }
  }
  return path;
}

// Takes the text up to the next space off the front.
std::string_view NextWord(std::string_view* line) {
  const size_t end = line->find(' ');
  if (end == std::string_view::npos) throw InvalidArgument("A line of a list of files is cut off");
  const std::string_view word = line->substr(0, end);
  line->remove_prefix(end + 1);
  return word;
}

template <typename T>
T NextNumber(std::string_view* line, int base = 10) {
  const std::string_view word = NextWord(line);
  T number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, base);
  if (error != std::errc() || end != word.data() + word.size()) {
    throw InvalidArgument("A line of a list of files holds no number where one is due");
  }
  return number;
}

}  // namespace

Json ManifestJson(const Manifest& manifest) {
  return Json::Of({{"format", kFormat},
                   {"program", manifest.program},
                   {"created_ms", manifest.created_ms},
                   {"data_folder", manifest.data_folder},
                   {"artifact_folder", manifest.artifact_folder},
                   {"files", Json::Of({{"count", manifest.file_count},
                                       {"bytes", static_cast<int64_t>(manifest.file_bytes)},
                                       {"list", RefJson(manifest.file_list)}})},
                   {"missing", StringsJson(manifest.missing)},
                   {"database", DatabaseJson(manifest)}});
}

Manifest ParseManifest(std::string_view text) {
  const Json json = ParseJson(text);
  const int64_t format = json.At("format").AsInt("format");
  if (format > kFormat) {
    throw FailedPrecondition(
        "The backup was written by a newer version of this program ({}): its format is {}, this "
        "program reads up to {}",
        json.GetString("program"), format, kFormat);
  }
  Manifest manifest;
  manifest.program = json.GetString("program");
  manifest.created_ms = json.GetInt("created_ms");
  manifest.data_folder = json.GetString("data_folder");
  manifest.artifact_folder = json.GetString("artifact_folder");
  const Json& files = json.At("files");
  manifest.file_count = files.GetInt("count");
  manifest.file_bytes = static_cast<uint64_t>(files.GetInt("bytes"));
  manifest.file_list = RefFrom(files.At("list"));
  manifest.missing = json.GetStrings("missing");
  ReadDatabase(json.At("database"), &manifest);
  return manifest;
}

std::string FileListText(const SavedFiles& files) {
  std::string text;
  for (const auto& [path, file] : files) {
    text +=
        fmt::format("{} {} {:o} {} {} {} {}\n", file.sha256, file.stamp.bytes, file.stamp.mode,
                    file.stamp.modified_ns, file.stamp.changed_ns, file.stamp.inode, Escaped(path));
  }
  return text;
}

SavedFiles ParseFileList(std::string_view text) {
  SavedFiles files;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    SavedFile file;
    file.sha256 = NextWord(&line);
    file.stamp.bytes = NextNumber<uint64_t>(&line);
    file.stamp.mode = NextNumber<uint32_t>(&line, kOctal);
    file.stamp.modified_ns = NextNumber<int64_t>(&line);
    file.stamp.changed_ns = NextNumber<int64_t>(&line);
    file.stamp.inode = NextNumber<uint64_t>(&line);
    files[Unescaped(line)] = std::move(file);
  }
  return files;
}

}  // namespace millwright::backup
