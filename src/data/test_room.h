#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "data/dataset_store.h"
#include "data/source_store.h"
#include "data/split_store.h"
#include "storage/test_database.h"

namespace millwright::data {

inline Code CodeOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "Nothing was thrown";
  return Code::kInternal;
}

inline ByteReader FromText(std::string text) {
  return [text = std::move(text), at = size_t{0}](char* buffer, size_t size) mutable {
    const size_t part = std::min(size, text.size() - at);
    text.copy(buffer, part, at);
    at += part;
    return part;
  };
}

// Finds every file below a folder, as paths relative to it, sorted.
inline std::vector<std::string> FilesBelow(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(folder).string());
  std::sort(files.begin(), files.end());
  return files;
}

// The data room on a database of either kind, with a folder of its own.
class DataRoomTest : public storage::DatabaseTest {
 protected:
  std::vector<std::string> EventKinds() {
    std::vector<std::string> kinds;
    for (const auto& event : events_.After(0, 1000)) kinds.push_back(event.kind);
    return kinds;
  }
  std::vector<std::string> Texts(const analytics::Table& table) {
    std::vector<std::string> texts;
    for (size_t row = 0; row < table.row_count(); ++row)
      for (size_t column = 0; column < table.columns().size(); ++column)
        texts.push_back(table.Text(row, column));
    return texts;
  }
  Source FileSource(const std::string& name, const std::filesystem::path& path) {
    return {.name = name,
            .kind = SourceKind::kFile,
            .dataset = name,
            .config = Json::Of({{"path", path.string()}})};
  }

  TempDir dir_;
  ManualClock clock_{1'000'000};
  events::EventLog events_{db(), clock_};
  lineage::LineageGraph lineage_{db(), clock_};
  DatasetStore datasets_{db(), events_, lineage_, clock_, {.root = dir_.path() / "store"}};
  fetch::Client client_;
  SourceStore sources_{db(), events_, clock_, datasets_, client_};
  SplitStore splits_{db(), events_, lineage_, clock_, datasets_};
};

}  // namespace millwright::data
