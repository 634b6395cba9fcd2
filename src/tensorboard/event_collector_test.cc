#include "tensorboard/event_collector.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/error.h"
#include "base/file.h"
#include "tensorboard/event_file_tail.h"
#include "tensorboard/record_reader.h"
#include "tensorboard/test_event_writer.h"

namespace millwright::tensorboard {
namespace {

namespace fs = std::filesystem;

using testing::Bytes;
using testing::Float;

std::string Value(std::string_view tag, float value) {
  return Bytes(1, Bytes(1, tag) + Float(2, value));
}

std::vector<std::string> RecordsOfRealFiles() {
  const fs::path root = fs::path(MILLWRIGHT_SOURCE_DIR) / "tests/data/tensorboard";
  std::vector<std::string> records;
  for (const auto& folder : FindEventFolders(root))
    for (const auto& file : folder.files) {
      const std::string bytes = ReadFile(root / folder.name / file);
      RecordReader reader(bytes);
      while (const auto record = reader.Next()) records.emplace_back(*record);
    }
  return records;
}

TEST(EventCollector, GivesTwoTagsOfOneKeyTwoKeys) {
  const std::string event = Bytes(5, Value("a(b", 1) + Value("a)b", 2) + Value("a(b", 3));
  EventCollector events({}, "");
  events.Add(ParseEvent(event));
  ASSERT_EQ(events.metrics().size(), 3U);
  EXPECT_EQ(events.metrics()[0].key, "a_b");
  EXPECT_TRUE(events.metrics()[1].key.starts_with("a_b-"));
  EXPECT_EQ(events.metrics()[2].key, "a_b");
}

TEST(EventCollector, CountsTagsBeyondTheLimitTogether) {
  EventCollector events({}, "");
  for (size_t i = 0; i < kTagsPerRunMax + 5; ++i) {
    const std::string event = Bytes(5, Value("tag" + std::to_string(i), 1));
    events.Add(ParseEvent(event));
  }
  EXPECT_EQ(events.metrics().size(), kTagsPerRunMax);
  EXPECT_EQ(events.tags().at({TagKind::kUnshown, "(more tags)"}).tag.seen, 5);
}

// What a damaged disk or an attacker makes of real records stops nothing and is counted.
TEST(EventCollector, SurvivesChangedRecordsOfRealFiles) {
  const auto records = RecordsOfRealFiles();
  ASSERT_GT(records.size(), 100U);
  uint64_t random = 7;
  const auto next = [&random] {
    random = random * 6364136223846793005U + 1442695040888963407U;
    return random >> 33;
  };
  EventCollector events({}, "");
  int refused = 0;
  std::deque<std::string> kept;  // samples are views
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = records[next() % records.size()];
    for (uint64_t change = 0; change <= next() % 3; ++change)
      changed[next() % std::min<size_t>(changed.size(), 200)] = static_cast<char>(next());
    try {
      ParseEvent(changed);
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), Code::kInvalidArgument);
      ++refused;
      continue;
    }
    kept.push_back(std::move(changed));
    events.Add(ParseEvent(kept.back()));
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(events.metrics().size(), 100U);
  EXPECT_LE(events.tags().size(), kTagsPerRunMax + 1);
  for (const auto& metric : events.metrics()) {
    ASSERT_GE(metric.timestamp_ms, 0);
    ASSERT_FALSE(metric.key.empty());
  }
}

}  // namespace
}  // namespace millwright::tensorboard
