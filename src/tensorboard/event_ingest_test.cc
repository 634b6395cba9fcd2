#include "tensorboard/event_ingest.h"

#include <cmath>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "blob/file_store.h"
#include "storage/test_database.h"
#include "tensorboard/event_file_tail.h"
#include "tensorboard/test_event_writer.h"
#include "tracking/experiment_store.h"
#include "tracking/metric_history.h"

namespace millwright::tensorboard {
namespace {

namespace fs = std::filesystem;

using testing::Bytes;
using testing::Double;
using testing::FileVersion;
using testing::kPng;
using testing::Metadata;
using testing::Number;
using testing::Raw;
using testing::Record;
using testing::ScalarRecord;
using testing::SessionStart;
using testing::Strings;
using testing::SummaryRecord;
using testing::TensorBytes;

const fs::path kReal = fs::path(MILLWRIGHT_SOURCE_DIR) / "tests/data/tensorboard";

std::string HistogramRecord(double wall_time, int64_t step, std::string_view tag) {
  return SummaryRecord(
      wall_time, step, tag,
      Bytes(5, Double(1, 0) + Double(2, 1) + Bytes(6, Raw(std::vector<double>{0.5, 1})) +
                   Bytes(7, Raw(std::vector<double>{1, static_cast<double>(step)}))));
}
std::string ImageRecord(double wall_time, int64_t step, std::string_view tag) {
  return SummaryRecord(wall_time, step, tag,
                       Bytes(4, Number(1, 2) + Number(2, 3) + Bytes(4, kPng)));
}

class EventIngestTest : public storage::DatabaseTest {
 protected:
  tracking::RunId NewRun() {
    return runs_
        .Create({.experiment_id = tracking::ExperimentId("0"), .name = "r", .start_ms = 5}, "ada")
        .info.id;
  }
  TakenPiece Take(const tracking::RunId& run, uint64_t offset, std::string_view bytes,
                  const std::string& folder = "") {
    return ingest_.Take({run, folder + "events.out.tfevents.1", folder, offset, bytes});
  }
  // Reads a whole folder of the test data into a run.
  tracking::RunId ReadFolder(const fs::path& folder) {
    const auto run = NewRun();
    for (const auto& found : FindEventFolders(folder)) {
      if (!found.name.empty()) continue;
      for (const auto& file : found.files) {
        EventFileTail tail(folder / file, 0);
        tail.Advance([&](uint64_t offset, std::string_view bytes) {
          return ingest_.Take({run, file, "", offset, bytes});
        });
        EXPECT_EQ(tail.offset(), fs::file_size(folder / file));
      }
    }
    return run;
  }
  std::vector<std::pair<int64_t, double>> Points(const tracking::RunId& run,
                                                 const std::string& key) {
    std::vector<std::pair<int64_t, double>> points;
    for (const auto& point : tracking::MetricHistory(db()).Page(run, key, 1000).points)
      points.emplace_back(point.step, point.value);
    return points;
  }
  std::vector<Sample> Samples(const tracking::RunId& run, TagKind kind, const std::string& tag) {
    const auto& summaries = ingest_.summaries();
    return summaries.Samples(summaries.FindTag(run, kind, tag), INT64_MIN, kSamplesPerPageMax);
  }
  std::vector<int64_t> Steps(const tracking::RunId& run, TagKind kind, const std::string& tag) {
    std::vector<int64_t> steps;
    for (const auto& sample : Samples(run, kind, tag)) steps.push_back(sample.step);
    return steps;
  }
  std::map<std::string, std::string> Tags(const tracking::RunId& run) {
    std::map<std::string, std::string> tags;
    for (const auto& tag : ingest_.summaries().Tags(run))
      tags[tag.tag] = std::string(TagKindName(tag.kind)) + " " + std::to_string(tag.seen) + " " +
                      std::to_string(tag.kept) + (tag.plugin.empty() ? "" : " " + tag.plugin);
    return tags;
  }

  TempDir dir_;
  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  tracking::ExperimentStore experiments_{db(), events_, clock_, {}};
  tracking::RunStore runs_{db(), events_, clock_};
  std::unique_ptr<blob::BlobStore> store_ = std::make_unique<blob::FileStore>(dir_.path());
  artifacts::Artifacts artifacts_{db(), *store_, events_, clock_};
  EventIngest ingest_{db(), runs_, artifacts_, clock_};
};

template <typename F>
std::string Refusal(Code code, F&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message();
  }
  return "nothing was refused";
}

TEST_P(EventIngestTest, MakesMetricsOfScalarsAsTheFileGrows) {
  const auto run = NewRun();
  const std::string first =
      FileVersion() + ScalarRecord(1.5, 0, "loss", 4) + ScalarRecord(2.5, 1, "loss", NAN);
  const std::string second = ScalarRecord(3.5, 2, "loss", 2);
  auto taken = Take(run, 0, first + second.substr(0, 20));
  EXPECT_EQ(taken.offset, first.size());
  EXPECT_EQ(taken.wanted, second.size());
  EXPECT_EQ(taken.records, 3);
  taken = Take(run, taken.offset, second);
  EXPECT_EQ(taken.offset, first.size() + second.size());
  const auto history = tracking::MetricHistory(db()).Page(run, "loss", 10).points;
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0], (tracking::MetricPoint{1500, 0, 4}));
  EXPECT_TRUE(std::isnan(history[1].value));
  EXPECT_EQ(history[2], (tracking::MetricPoint{3500, 2, 2}));
}

TEST_P(EventIngestTest, DoublesNothingWhenAPieceComesAgain) {
  const auto run = NewRun();
  const std::string file = FileVersion() + ScalarRecord(1, 0, "loss", 4) +
                           HistogramRecord(1, 0, "w") + ImageRecord(1, 0, "i");
  Take(run, 0, file);
  const auto tags = Tags(run);
  EXPECT_EQ(Refusal(Code::kAborted, [&] { Take(run, 5, file); }),
            "The file events.out.tfevents.1 is read up to byte " + std::to_string(file.size()) +
                ", not 5");
  Take(run, 0, file);  // a file that was written anew
  EXPECT_EQ(Points(run, "loss").size(), 1U);
  EXPECT_EQ(Samples(run, TagKind::kHistogram, "w").size(), 1U);
  EXPECT_EQ(ingest_.summaries().Files(run)[0].records, 4);
}

TEST_P(EventIngestTest, SaysWhereAFileIsDamagedAndReadsNoFurther) {
  const auto run = NewRun();
  const std::string good = FileVersion() + ScalarRecord(1, 0, "loss", 4);
  std::string bad = ScalarRecord(1, 1, "loss", 3);
  bad[20] ^= 1;
  const std::string after = ScalarRecord(1, 2, "loss", 2);
  const auto taken = Take(run, 0, good + bad + after);
  const std::string problem =
      "the checksum of a record's data is wrong (at byte " + std::to_string(good.size()) + ")";
  EXPECT_EQ(taken.problem, problem);
  EXPECT_EQ(Take(run, good.size(), after).problem, problem);
  EXPECT_EQ(Points(run, "loss").size(), 1U);
  EXPECT_EQ(ingest_.summaries().Files(run)[0].problem, problem);
}

TEST_P(EventIngestTest, ReadsPastARecordThatIsNoEvent) {
  const auto run = NewRun();
  Take(run, 0, Record("\x0A\xFFnot an event") + ScalarRecord(1, 1, "loss", 3));
  EXPECT_EQ(Points(run, "loss").size(), 1U);
  EXPECT_EQ(Tags(run).size(), 2U);
}

TEST_P(EventIngestTest, RemembersThePluginOfATagAcrossPieces) {
  const auto run = NewRun();
  const auto value = [](double number) { return Bytes(8, TensorBytes(2, {}, Double(6, number))); };
  const std::string first = SummaryRecord(1, 0, "acc", value(0.5) + Metadata("scalars"));
  const std::string second = SummaryRecord(2, 1, "acc", value(0.75));
  Take(run, 0, first);
  Take(run, first.size(), second);
  EXPECT_EQ(Points(run, "acc"), (std::vector<std::pair<int64_t, double>>{{0, 0.5}, {1, 0.75}}));
}

TEST_P(EventIngestTest, DropsWhatARestartedTrainingWroteBefore) {
  const auto run = NewRun();
  std::string file = FileVersion();
  for (int step = 0; step < 6; ++step)
    file += HistogramRecord(10 + step, step, "w") + ScalarRecord(10 + step, step, "loss", 1);
  Take(run, 0, file);
  // A second file of the same folder begins again at step 3.
  ingest_.Take({run, "events.out.tfevents.2", "", 0,
                FileVersion(20) + SessionStart(20, 3) + HistogramRecord(21, 3, "w") +
                    ScalarRecord(21, 3, "loss", 2)});
  EXPECT_EQ(Steps(run, TagKind::kHistogram, "w"), (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(Samples(run, TagKind::kHistogram, "w").back().time_ms, 21'000);
  // A history of metrics takes nothing back, as MLflow's; the run says where it happened.
  EXPECT_EQ(Points(run, "loss").size(), 7U);
  const auto tags = runs_.Get(run).tags;
  EXPECT_NE(std::find(tags.begin(), tags.end(), tracking::Tag{std::string(kRestartTag), "3"}),
            tags.end());
}

TEST_P(EventIngestTest, KeepsABoundedNumberOfImagesAndTheirFiles) {
  const auto run = NewRun();
  uint64_t offset = 0;
  for (int step = 0; step < 120; ++step) {
    const std::string record = ImageRecord(step, step, "samples(1)");
    offset = Take(run, offset, record).offset;
  }
  const auto steps = Steps(run, TagKind::kImage, "samples(1)");
  EXPECT_EQ(steps.size(), SamplesMax(TagKind::kImage));
  EXPECT_EQ(steps.front(), 0);
  EXPECT_EQ(steps.back(), 119);
  EXPECT_EQ(artifacts_.List("0/" + run.str() + "/artifacts/tensorboard_images/samples_1_").size(),
            steps.size());
}

TEST_P(EventIngestTest, MakesParamsOfHparamsOnce) {
  const auto run = NewRun();
  const auto session = [](double lr) {
    return SummaryRecord(
        1, 0, "_hparams_/session_start_info",
        Metadata("hparams", Bytes(3, Bytes(1, Bytes(1, "lr") + Bytes(2, Double(2, lr))))));
  };
  const std::string first = session(0.1);
  Take(run, 0, first);
  const auto taken =
      Take(run, first.size(),
           session(0.2) + SummaryRecord(2, 0, "_hparams_/session_end_info",
                                        Metadata("hparams", Bytes(4, Number(1, 1)))));
  EXPECT_EQ(taken.session_end, SessionEnd::kSucceeded);
  EXPECT_EQ(runs_.Get(run).params, (std::vector<tracking::Param>{{"lr", "0.1"}}));
}

TEST_P(EventIngestTest, KeepsTheFoldersOfARunApart) {
  const auto run = NewRun();
  Take(run, 0, ScalarRecord(1, 0, "epoch_loss", 1), "train");
  Take(run, 0, ScalarRecord(1, 0, "epoch_loss", 2), "validation");
  EXPECT_EQ(Points(run, "train/epoch_loss"), (std::vector<std::pair<int64_t, double>>{{0, 1}}));
  EXPECT_EQ(Points(run, "validation/epoch_loss"),
            (std::vector<std::pair<int64_t, double>>{{0, 2}}));
}

TEST_P(EventIngestTest, RefusesRunsThatTakeNothing) {
  const auto run = NewRun();
  runs_.Delete(run, "ada");
  EXPECT_EQ(Refusal(Code::kFailedPrecondition, [&] { Take(run, 0, FileVersion()); }),
            "The run is deleted: " + run.str());
  Refusal(Code::kNotFound, [&] { Take(tracking::RunId("absent"), 0, FileVersion()); });
  Refusal(Code::kInvalidArgument, [&] { ingest_.Take({NewRun(), "", "", 0, FileVersion()}); });
}

// Written by tensorboardX's SummaryWriter; the figures are those that were given to it.
TEST_P(EventIngestTest, ReadsFilesOfARealWriter) {
  const auto run = ReadFolder(kReal / "mlp");
  EXPECT_EQ(Points(run, "loss/train").size(), 30U);
  const auto accuracy = Points(run, "accuracy");
  ASSERT_EQ(accuracy.size(), 30U);
  for (const auto& [step, value] : accuracy)
    EXPECT_EQ(value, static_cast<float>(1 - std::exp(-step / 10.0))) << step;
  EXPECT_EQ(Points(run, "broken").size(), 2U);
  const auto histograms = Samples(run, TagKind::kHistogram, "layer1/weights");
  ASSERT_EQ(histograms.size(), 6U);
  for (const auto& histogram : histograms) {
    double count = 0;
    for (const auto& bucket : histogram.data.At("buckets").AsArray())
      count += bucket.AsArray()[2].AsDouble();
    EXPECT_EQ(count, 1000);
  }
  const auto images = Samples(run, TagKind::kImage, "samples");
  ASSERT_EQ(images.size(), 6U);
  const Json& image = images[0].data.At("images").AsArray()[0];
  EXPECT_EQ(image.GetInt("width"), 32);
  EXPECT_EQ(image.GetInt("height"), 24);
  EXPECT_EQ(static_cast<int64_t>(artifacts_.ReadAll(image.GetString("path")).size()),
            image.GetInt("bytes"));
  const auto texts = Samples(run, TagKind::kText, "notes/text_summary");
  ASSERT_EQ(texts.size(), 6U);
  EXPECT_EQ(texts[5].data.At("lines").AsArray()[0].AsString(), "Step **25**: the loss falls");
  const auto tags = Tags(run);
  EXPECT_EQ(tags.at("sound"), "other 1 0 audio");
  EXPECT_EQ(tags.at("pr"), "other 1 0 pr_curves");
}

TEST_P(EventIngestTest, ReadsHparamsOfARealWriter) {
  const auto run = ReadFolder(kReal / "hp/trial");
  std::map<std::string, std::string> params;
  for (const auto& param : runs_.Get(run).params) params[param.key] = param.value;
  EXPECT_EQ(params,
            (std::map<std::string, std::string>{
                {"layers", "3"}, {"lr", "0.1"}, {"nesterov", "true"}, {"optimizer", "adam"}}));
  EXPECT_EQ(Points(run, "final/accuracy").size(), 1U);
}

// TF2's layout, encoded by the protobuf library.
TEST_P(EventIngestTest, ReadsTensorsWithPluginsOfTf2) {
  const auto run = ReadFolder(kReal / "keras/train");
  const auto loss = Points(run, "epoch_loss");
  ASSERT_EQ(loss.size(), 12U);
  EXPECT_EQ(loss[1], (std::pair<int64_t, double>{5, 1.F / 6}));
  EXPECT_EQ(Points(run, "lr").size(), 12U);
  EXPECT_EQ(Samples(run, TagKind::kHistogram, "dense/kernel_0").size(), 12U);
  const auto images = Samples(run, TagKind::kImage, "grid");
  ASSERT_EQ(images.size(), 6U);
  EXPECT_EQ(images[0].data.At("images").AsArray().size(), 2U);
  EXPECT_EQ(Samples(run, TagKind::kText, "note")[1].data.At("lines").AsArray()[3].AsString(),
            "step 10");
}

TEST_P(EventIngestTest, FollowsAFileThatIsWrittenByteByByte) {
  const auto run = NewRun();
  const std::string bytes = ReadFile(kReal / "hp/trial/events.out.tfevents.1795904415.host");
  const fs::path path = dir_.path() / "growing.tfevents";
  EventFileTail tail(path, 0);
  const auto take = [&](uint64_t offset, std::string_view piece) {
    return ingest_.Take({run, "growing.tfevents", "", offset, piece});
  };
  EXPECT_EQ(tail.Advance(take), 0) << "a file that is not there yet";
  int64_t records = 0;
  for (const char byte : bytes) {
    std::ofstream(path, std::ios::binary | std::ios::app) << byte;
    records += tail.Advance(take);
  }
  EXPECT_EQ(tail.offset(), bytes.size());
  EXPECT_EQ(records, ingest_.summaries().Files(run)[0].records);
  EXPECT_EQ(runs_.Get(run).params.size(), 4U);
  // Written anew and shorter: begun again.
  WriteFileDurably(path, FileVersion() + ScalarRecord(1, 7, "fresh", 1));
  tail.Advance(take);
  EXPECT_EQ(Points(run, "fresh").size(), 1U);
  // Written anew and longer than what was read, with another time at its beginning.
  std::string longer = FileVersion(2);
  for (int step = 0; step < 5; ++step) longer += ScalarRecord(2, step, "again", 1);
  WriteFileDurably(path, longer);
  EXPECT_EQ(tail.Advance(take), 6);
  EXPECT_EQ(Points(run, "again").size(), 5U);
  EXPECT_EQ(tail.offset(), longer.size());
  // Damaged once, and then another file.
  WriteFileDurably(path, FileVersion(3) + std::string(100, 'x'));
  tail.Advance(take);
  EXPECT_NE(tail.problem(), "");
  WriteFileDurably(path, FileVersion(4) + ScalarRecord(4, 9, "mended", 1));
  EXPECT_EQ(tail.Advance(take), 2);
  EXPECT_EQ(Points(run, "mended").size(), 1U);
}

TEST_P(EventIngestTest, TellsThatARunLives) {
  tracking::RunLeases leases(db(), events_, clock_);
  const auto run = runs_
                       .Create({.experiment_id = tracking::ExperimentId("0"),
                                .tags = {{std::string(tracking::kLeaseTag), "30"}}},
                               "ada")
                       .info.id;
  const std::string histograms = FileVersion() + HistogramRecord(1, 1, "weights");
  clock_.Advance(20'000);
  Take(run, 0, histograms);
  EXPECT_EQ(leases.Get(run).renewed_ms, 21'000);
  clock_.Advance(20'000);
  Take(run, histograms.size(), ScalarRecord(2, 2, "loss", 1));
  EXPECT_EQ(leases.Get(run).renewed_ms, 41'000);
}

MILLWRIGHT_ON_BOTH_DATABASES(EventIngestTest);

TEST(EventFolders, AreNamedAsTensorBoardNamesRuns) {
  std::vector<std::string> names;
  for (const auto& folder : FindEventFolders(kReal)) names.push_back(folder.name);
  EXPECT_EQ(names, (std::vector<std::string>{"hp", "hp/trial", "keras/train", "mlp", "mlp/pair/a",
                                             "mlp/pair/b"}));
}

}  // namespace
}  // namespace millwright::tensorboard
