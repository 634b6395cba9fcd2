#include "tensorboard/summary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tensorboard/event.h"
#include "tensorboard/metric_key.h"
#include "tensorboard/tensor.h"
#include "tensorboard/test_event_writer.h"
#include "tensorboard/thinning.h"

namespace millwright::tensorboard {
namespace {

using testing::Bytes;
using testing::Double;
using testing::Float;
using testing::kPng;
using testing::Metadata;
using testing::Number;
using testing::Raw;
using testing::Strings;
using testing::TensorBytes;
using testing::Varint;

// Reads one value as it would stand in an event.
Summary Read(const std::string& value, std::string_view plugin = "") {
  const std::string event = Bytes(5, Bytes(1, value));
  return Interpret(ParseEvent(event).values.at(0), plugin);
}

std::string Refusal(const std::string& value, std::string_view plugin) {
  try {
    Read(value, plugin);
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing was refused";
}

double ScalarOf(int64_t type, const std::string& values) {
  return std::get<Scalar>(Read(Bytes(8, TensorBytes(type, {}, values)), "scalars")).value;
}

TEST(Tensor, ReadsScalarsOfEveryTypeAndForm) {
  EXPECT_EQ(ScalarOf(1, Float(5, 0.5F)), 0.5);
  EXPECT_EQ(ScalarOf(1, Bytes(5, Raw(std::vector{0.5F}))), 0.5);
  EXPECT_EQ(ScalarOf(1, Bytes(4, Raw(std::vector{0.5F}))), 0.5);
  EXPECT_EQ(ScalarOf(2, Double(6, 0.1)), 0.1);
  EXPECT_EQ(ScalarOf(2, Bytes(4, Raw(std::vector{0.1}))), 0.1);
  EXPECT_EQ(ScalarOf(3, Number(7, -7)), -7);
  EXPECT_EQ(ScalarOf(3, Bytes(4, Raw(std::vector<int32_t>{-7}))), -7);
  EXPECT_EQ(ScalarOf(4, Bytes(4, Raw(std::vector<uint8_t>{200}))), 200);
  EXPECT_EQ(ScalarOf(5, Bytes(4, Raw(std::vector<int16_t>{-300}))), -300);
  EXPECT_EQ(ScalarOf(6, Bytes(4, Raw(std::vector<int8_t>{-3}))), -3);
  EXPECT_EQ(ScalarOf(9, Bytes(10, Varint(1U << 31))), 1U << 31);
  EXPECT_EQ(ScalarOf(10, Number(11, 1)), 1);
  EXPECT_EQ(ScalarOf(17, Number(7, 65535)), 65535);
  EXPECT_EQ(ScalarOf(22, Number(16, 7)), 7);
  EXPECT_EQ(ScalarOf(23, Bytes(4, Raw(std::vector<uint64_t>{UINT64_MAX}))), std::pow(2, 64));
  // Halves: 1.5, the smallest subnormal, infinity; bfloat16: -2.
  EXPECT_EQ(ScalarOf(19, Number(13, 0x3E00)), 1.5);
  EXPECT_EQ(ScalarOf(19, Bytes(4, Raw(std::vector<uint16_t>{1}))), std::ldexp(1, -24));
  EXPECT_EQ(ScalarOf(19, Number(13, 0x7C00)), INFINITY);
  EXPECT_TRUE(std::isnan(ScalarOf(19, Number(13, 0x7E00))));
  EXPECT_EQ(ScalarOf(14, Number(13, 0xC000)), -2);
}

TEST(Tensor, RefusesWhatDoesNotFitItsShape) {
  EXPECT_EQ(
      Refusal(Bytes(8, TensorBytes(1, {2}, Bytes(5, Raw(std::vector{1.F, 2.F, 3.F})))), "scalars"),
      "a tensor has 3 values where its shape has 2");
  EXPECT_EQ(Refusal(Bytes(8, TensorBytes(1, {1 << 30, 1 << 30}, Float(5, 1))), "scalars"),
            "a tensor is too large");
  EXPECT_EQ(Refusal(Bytes(8, TensorBytes(8, {}, "")), "scalars"),
            "a tensor has the type 8, which is not shown");
  EXPECT_EQ(Refusal(Bytes(8, TensorBytes(2, {}, Bytes(4, "123"))), "scalars"),
            "a tensor's content is cut");
  // One value stands for all of a shape.
  EXPECT_EQ(ParseTensor(TensorBytes(1, {3}, Float(5, 2))).numbers, (std::vector<double>{2, 2, 2}));
}

TEST(Summary, ReadsHistogramsOfBothKinds) {
  // TF1: right edges between -1e308 and 1e308, empty buckets at both ends.
  const std::string proto = Double(1, -1) + Double(2, 2) + Double(3, 6) +
                            Bytes(6, Raw(std::vector<double>{-5, 0, 1, 1e308})) +
                            Bytes(7, Raw(std::vector<double>{0, 3, 0, 3}));
  EXPECT_EQ(std::get<Histogram>(Read(Bytes(5, proto))).buckets,
            (std::vector<Bucket>{{-1, 0, 3}, {0, 1, 0}, {1, 2, 3}}));
  const std::string tensor =
      TensorBytes(2, {2, 3}, Bytes(4, Raw(std::vector<double>{0, 1, 5, 1, 2, 6})));
  EXPECT_EQ(std::get<Histogram>(Read(Bytes(8, tensor), "histograms")).buckets,
            (std::vector<Bucket>{{0, 1, 5}, {1, 2, 6}}));
  EXPECT_EQ(Refusal(Bytes(8, TensorBytes(2, {2}, Double(6, 1))), "histograms"),
            "a histogram's tensor has not the shape [k, 3]");
}

TEST(Summary, JoinsBucketsWithoutLosingACount) {
  std::vector<double> rows;
  for (int i = 0; i < 2001; ++i) rows.insert(rows.end(), {i * 1.0, i + 1.0, 1});
  const auto histogram = std::get<Histogram>(
      Read(Bytes(8, TensorBytes(2, {2001, 3}, Bytes(4, Raw(rows)))), "histograms"));
  ASSERT_LE(histogram.buckets.size(), kHistogramBucketsMax);
  double count = 0;
  for (const auto& bucket : histogram.buckets) count += bucket.count;
  EXPECT_EQ(count, 2001);
  EXPECT_EQ(histogram.buckets.front().left, 0);
  EXPECT_EQ(histogram.buckets.back().right, 2001);
}

TEST(Summary, ReadsImagesOfBothKinds) {
  const auto one = std::get<Images>(Read(Bytes(4, Number(1, 24) + Number(2, 32) + Bytes(4, kPng))));
  ASSERT_EQ(one.images.size(), 1U);
  EXPECT_EQ(one.images[0].width, 32);
  EXPECT_EQ(one.images[0].height, 24);
  const std::string tensor =
      TensorBytes(7, {5}, Strings({"32", "24", kPng, "\xFF\xD8\xFFjpeg", "<svg/>"}));
  const std::string event = Bytes(5, Bytes(1, Bytes(8, tensor)));
  const auto many = std::get<Images>(Interpret(ParseEvent(event).values[0], "images"));
  ASSERT_EQ(many.images.size(), 2U);
  EXPECT_EQ(many.images[0].extension, "png");
  EXPECT_EQ(many.images[1].extension, "jpg");
  EXPECT_EQ(many.dropped, 1U) << "what may carry a script is no image";
}

TEST(Summary, ReadsTextsAndHparams) {
  const auto text =
      std::get<Text>(Read(Bytes(8, TensorBytes(7, {2}, Strings({"# Title", "na\xEFve"}))), "text"));
  EXPECT_EQ(text.lines, (std::vector<std::string>{"# Title", "na\xEF\xBF\xBDve"}));
  const auto entry = [](const std::string& name, const std::string& value) {
    return Bytes(1, Bytes(1, name) + Bytes(2, value));
  };
  const std::string start = entry("lr", Double(2, 0.1)) + entry("layers", Double(2, 3)) +
                            entry("optimizer", Bytes(3, "adam")) + entry("nesterov", Number(4, 1));
  const auto hparams = std::get<Hparams>(Read(Metadata("hparams", Bytes(3, start)), "hparams"));
  std::map<std::string, std::string> params;
  for (const auto& param : hparams.params) params[param.name] = param.value;
  EXPECT_EQ(params,
            (std::map<std::string, std::string>{
                {"layers", "3"}, {"lr", "0.1"}, {"nesterov", "true"}, {"optimizer", "adam"}}));
  const auto end = std::get<Hparams>(Read(Metadata("hparams", Bytes(4, Number(1, 2))), "hparams"));
  EXPECT_EQ(end.end, SessionEnd::kFailed);
}

TEST(Summary, CutsALongText) {
  const auto text = std::get<Text>(
      Read(Bytes(8, TensorBytes(7, {1}, Strings({std::string(kTextBytesMax + 5, 'x')}))), "text"));
  EXPECT_TRUE(text.is_cut);
  EXPECT_EQ(text.lines[0].size(), kTextBytesMax);
}

TEST(Summary, NamesWhatIsNotShown) {
  EXPECT_EQ(std::get<Unshown>(Read(Bytes(6, "sound"))).what, "audio");
  EXPECT_EQ(std::get<Unshown>(Read(Bytes(8, TensorBytes(1, {}, "")), "pr_curves")).what,
            "pr_curves");
  EXPECT_EQ(std::get<Unshown>(Read(Bytes(8, TensorBytes(1, {}, "")))).what, "tensor");
}

TEST(MetricKey, MakesKeysThatRunsAccept) {
  EXPECT_EQ(KeyOf("loss/train", {}), "loss/train");
  EXPECT_EQ(KeyOf("dense/kernel:0 (l2)", {}), "dense/kernel:0 _l2_");
  EXPECT_EQ(KeyOf("/a//../b/.", {}), "a/_/b/_");
  EXPECT_EQ(KeyOf("", {}), "_");
  EXPECT_EQ(KeyOf("café", {}), "café");
  const std::string second = KeyOf("a(b", {"a_b"});
  EXPECT_TRUE(second.starts_with("a_b-")) << second;
  EXPECT_NE(second, KeyOf("a)b", {"a_b"}));
  EXPECT_EQ(KeyOf(std::string(400, 'x'), {}).size(), 250U);
}

TEST(Thin, KeepsEndsAndSpreadsTheRest) {
  std::vector<int64_t> steps;
  for (int64_t step = 0; step <= 1000; ++step) steps.push_back(step);
  const auto kept = Thin(steps, 11);
  ASSERT_EQ(kept.size(), 11U);
  EXPECT_EQ(kept.front(), 0);
  EXPECT_EQ(kept.back(), 1000);
  for (size_t i = 1; i < kept.size(); ++i) EXPECT_LE(kept[i] - kept[i - 1], 256);
  EXPECT_EQ(Thin({INT64_MIN, 0, INT64_MAX}, 2), (std::vector<int64_t>{INT64_MIN, INT64_MAX}));
  EXPECT_EQ(Thin({1, 2}, 5), (std::vector<int64_t>{1, 2}));
}

// Bytes that were changed at random crash nothing and make no more of them than there are.
TEST(Summary, SurvivesChangedBytes) {
  const std::string event = testing::EventBytes(
      1, 2,
      Bytes(
          5,
          Bytes(1, Bytes(1, "a") +
                       Bytes(8, TensorBytes(2, {2, 3}, Bytes(4, Raw(std::vector<double>(6, 1))))) +
                       Metadata("histograms")) +
              Bytes(1, Bytes(1, "b") + Bytes(5, Double(1, 0) + Double(2, 1) +
                                                    Bytes(6, Raw(std::vector<double>{1, 2})) +
                                                    Bytes(7, Raw(std::vector<double>{3, 4})))) +
              Bytes(1, Bytes(1, "c") + Bytes(8, TensorBytes(7, {3}, Strings({"1", "2", kPng}))) +
                           Metadata("images")) +
              Bytes(1, Metadata("hparams",
                                Bytes(3, Bytes(1, Bytes(1, "x") + Bytes(2, Double(2, 1)))))) +
              Bytes(1, Bytes(1, "d") + Bytes(8, TensorBytes(19, {2}, Bytes(13, "\x01\x02"))) +
                           Metadata("scalars"))));
  uint64_t random = 42;
  const auto next = [&random] {
    random = random * 6364136223846793005U + 1442695040888963407U;
    return random >> 33;
  };
  int understood = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string changed = event;
    for (uint64_t change = 0; change <= next() % 4; ++change)
      changed[next() % changed.size()] = static_cast<char>(next());
    if (next() % 4 == 0) changed.resize(next() % changed.size());
    try {
      for (const auto& value : ParseEvent(changed).values) {
        Interpret(value, value.plugin);
        ++understood;
      }
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), Code::kInvalidArgument) << error.message();
    }
  }
  EXPECT_GT(understood, 1000);
}

}  // namespace
}  // namespace millwright::tensorboard
