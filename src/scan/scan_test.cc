#include "scan/scan.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>

#include "base/error.h"
#include "scan/test_archives.h"
#include "scan/test_scan.h"

namespace millwright::scan {
namespace {

using namespace testing;  // NOLINT: the makers of test files

TEST(Scan, PassesRealPipelines) {
  for (const char* name :
       {"breast_cancer_pipeline.pkl", "breast_cancer_pipeline.joblib", "credit_pipeline.pkl"}) {
    EXPECT_EQ(Gravest(Scan(Corpus("pickles") / name)), "") << name;
  }
}

TEST(Scan, RefusesEveryPickleThatCalls) {
  for (const auto& entry : std::filesystem::directory_iterator(Corpus("pickles"))) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("runs_print")) continue;
    const Report report = Scan(entry.path());
    EXPECT_FALSE(report.CleanBelow(Severity::kHigh)) << name;
    EXPECT_TRUE(Has(report, "pickle.unknown_global")) << name << " " << Gravest(report);
  }
}

TEST(Scan, RefusesEveryBrokenModel) {
  for (const auto& entry : std::filesystem::directory_iterator(Corpus("broken"))) {
    const std::string name = entry.path().stem().string();
    // What only the runtime's type rules or a checksum tell.
    if (entry.path().extension() != ".onnx" || name == "bit_flip" || name == "unknown_operator" ||
        name == "wrong_type_declared") {
      continue;
    }
    EXPECT_TRUE(Has(Scan(entry.path()), "onnx.structure")) << name;
  }
  EXPECT_EQ(Gravest(Scan(Corpus("broken") / "external_data_absolute.onnx")),
            "critical onnx.structure external_data_absolute.onnx");
  EXPECT_EQ(Gravest(Scan(Corpus("wine_rf") / "model.onnx")), "");
}

TEST(Scan, KnowsAnOnnxModelByItsBytes) {
  const std::string model = ReadFile(Corpus("broken") / "external_data_absolute.onnx");
  for (const char* name : {"weights.bin", "weights", "a.html"}) {
    EXPECT_EQ(Gravest(ScanBytes(name, model)), std::string("critical onnx.structure ") + name);
  }
  EXPECT_EQ(Gravest(ScanBytes("weights.bin", ReadFile(Corpus("wine_rf") / "model.onnx"))), "");
}

TEST(Scan, DoesNotOpenWhatIsNoFile) {
  const TempDir dir;
  const auto fifo = dir.path() / "model.pkl";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(Gravest(Scan(fifo)), "high folder.special model.pkl");
}

TEST(Scan, NamesADamagedSevenZipArchive) {
  const std::string mark("7z\xBC\xAF\x27\x1C", 6);
  EXPECT_TRUE(Has(ScanBytes("m.7z", mark + std::string(1000, '\0')), "archive.damaged"));
}

TEST(Scan, FindsAPickleBehindOtherBytes) {
  const std::string garbage(100, '\xFE');
  EXPECT_EQ(Gravest(ScanBytes("m.pkl", "\x80\x02N." + garbage + CallPickle("os", "system"))),
            "critical pickle.dangerous_global m.pkl@118");
}

TEST(Scan, NamesATruncatedPickle) {
  EXPECT_EQ(Gravest(Scan(Corpus("pickles") / "truncated.pkl")),
            "high pickle.unreadable truncated.pkl@673");
  EXPECT_EQ(Gravest(ScanBytes("model.pkl", "no pickle at all\n")),
            "high pickle.unreadable model.pkl");
}

TEST(Scan, FollowsNamesThroughTheMemo) {
  // "system" and "os" are kept first, thrown away and recalled.
  const std::string whole = "\x80\x04" + ShortText("system") + "\x94" + "0" + ShortText("os") +
                            "\x94" + "0" + "h\x01" + std::string("h\0", 2) + "\x93" +
                            ShortText("id") + "\x85R.";
  EXPECT_TRUE(Has(ScanBytes("m.pkl", whole), "pickle.dangerous_global"));
}

TEST(Scan, KnowsEveryWayToCall) {
  const std::string os = "cos\nsystem\n";
  for (const std::string& pickle : {
           os + "(S'id'\ntR.",                                // GLOBAL REDUCE
           std::string("(S'id'\nios\nsystem\n."),             // INST
           "(" + os + "S'id'\no.",                            // OBJ
           "\x80\x02" + os + "(X\x02\0\0\0idt\x81.",          // NEWOBJ
           "\x80\x04" + os + ShortText("id") + "\x85}\x92.",  // NEWOBJ_EX
           "\x80\x02(" + os + "1" + os + ")R.",               // behind POP_MARK
       }) {
    EXPECT_TRUE(Has(ScanBytes("m.pkl", pickle), "pickle.dangerous_global")) << pickle;
  }
  EXPECT_TRUE(Has(ScanBytes("m.pkl", "\x80\x02\x82\x01)R."), "pickle.extension"));
}

TEST(Scan, RefusesNamesThatAreComputed) {
  // The module's name is what a call gives.
  const std::string pickle =
      "\x80\x04"
      "cbuiltins\nstr\n" +
      ShortText("os") + "\x85R" + ShortText("system") + "\x93.";
  EXPECT_TRUE(Has(ScanBytes("m.pkl", pickle), "pickle.hidden_global"));
}

TEST(Scan, RefusesCallsOfWhatACallGave) {
  EXPECT_TRUE(Has(ScanBytes("m.pkl",
                            "\x80\x02"
                            "cbuiltins\ndict\n)R)R."),
                  "pickle.hidden_call"));
}

TEST(Scan, RefusesChangesOfAGlobal) {
  EXPECT_TRUE(Has(ScanBytes("m.pkl",
                            "\x80\x02"
                            "cnumpy\nndarray\n}b."),
                  "pickle.changes_global"));
}

TEST(Scan, RefusesDottedNamesThatReachThrough) {
  EXPECT_TRUE(Has(ScanBytes("m.pkl", CallPickle("sklearn.pipeline", "Pipeline.fit.__globals__")),
                  "pickle.dangerous_global"));
  EXPECT_TRUE(Has(ScanBytes("m.pkl", CallPickle("sklearn.base", "warnings.sys.modules")),
                  "pickle.dangerous_global"));
}

TEST(Scan, ReadsPicklesInARow) {
  EXPECT_EQ(Gravest(ScanBytes("m.pkl", "\x80\x02N.\x80\x02K\x01." + CallPickle("os", "system"))),
            "critical pickle.dangerous_global m.pkl@23");
}

TEST(Scan, TrustsWhatItsOwnerNames) {
  const std::string pickle = CallPickle("my.models", "Churn");
  EXPECT_TRUE(Has(ScanBytes("m.pkl", pickle), "pickle.unknown_global"));
  EXPECT_EQ(Gravest(ScanBytes("m.pkl", pickle, {.trusted_globals = {"my.models.Churn"}})), "");
}

TEST(Scan, LooksIntoWhateverItIsPackedIn) {
  const std::string pickle = CallPickle("os", "system");
  EXPECT_TRUE(
      Has(ScanBytes("m.zip", Zip({{"a/data.pkl", pickle, true}})), "pickle.dangerous_global"));
  EXPECT_EQ(Gravest(ScanBytes("m.bin", Zip({{"in.zip", Zip({{"x", pickle, true}}), true}}))),
            "critical pickle.dangerous_global m.bin!in.zip!x@14");
  EXPECT_TRUE(
      Has(ScanBytes("m.tar", Tar(TarMember("model/data.pkl", pickle))), "pickle.dangerous_global"));
  const std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n";
  const std::string npy =
      "\x93NUMPY\x01" + std::string(1, '\0') + Little(header.size(), 2) + header + pickle;
  EXPECT_TRUE(Has(ScanBytes("a.npy", npy), "pickle.dangerous_global"));
  EXPECT_TRUE(Has(ScanBytes("a.npz", Zip({{"a.npy", npy, true}})), "pickle.dangerous_global"));
}

TEST(Scan, ReadsAFileAsAllThatItCouldBe) {
  // A pickle by its start, a zip by its end.
  const std::string zip = Zip({{"data.pkl", CallPickle("os", "system")}});
  EXPECT_TRUE(Has(ScanBytes("m.pkl", "\x80\x02N." + zip), "pickle.dangerous_global"));
  // A sound zip in front of which stands a pickle that calls.
  EXPECT_TRUE(Has(ScanBytes("m.zip", CallPickle("os", "system") + Zip({{"a.txt", "hello"}})),
                  "pickle.dangerous_global"));
}

TEST(Scan, LeavesTextsAndDataAlone) {
  for (const char* text :
       {"channels:\n- conda-forge\ndependencies:\n- python=3.11\n",
        "cloudpickle==2.2.0\njoblib==1.2.0\nnumpy\n", "(hello)\n", "N.B. this\n", "x,y\n1,2\n",
        "# Model\n\nSome words.\n", "import os\nos.system('x')\n"}) {
    EXPECT_EQ(Gravest(ScanBytes("notes.txt", text)), "") << text;
  }
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(256, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const Report report = ScanBytes("weights.bin", bytes);
    EXPECT_TRUE(report.CleanBelow(Severity::kHigh) || bytes[0] == '\x80') << Gravest(report);
  }
}

TEST(Scan, StopsAtBombs) {
  const std::string zeros(size_t{160} << 20, '\0');
  EXPECT_EQ(Gravest(ScanBytes("m.zip", Zip({{"zeros", zeros, true}}))),
            "critical archive.bomb m.zip!zeros");
  std::string nested = Zip({{"x", "end"}});
  for (int i = 0; i < 12; ++i) nested = Zip({{"in.zip", nested}});
  EXPECT_TRUE(Has(ScanBytes("m.zip", nested), "archive.nesting"));
}

TEST(Scan, RefusesASymbolicLinkOutOfTheFolder) {
  const TempDir dir;
  std::filesystem::create_symlink("/etc/passwd", dir.path() / "weights.bin");
  EXPECT_EQ(Gravest(Scan(dir.path())), "critical folder.link weights.bin");
}

// Cuts and flips bytes of real pickles and archives: the scan must answer, never crash, hang or
// throw. Under the address sanitizer this is the fuzzer's short form.
TEST(Scan, SurvivesMutatedFiles) {
  std::vector<std::string> originals = {
      ReadFile(Corpus("pickles") / "breast_cancer_pipeline.pkl"),
      ReadFile(Corpus("pickles") / "breast_cancer_pipeline.joblib"),
      ReadFile(Corpus("pickles") / "runs_print_in_zip.pt"),
      ReadFile(Corpus("pickles") / "runs_print_protocol0.pkl"),
      Zip({{"a.npy", "\x93NUMPY", true}, {"b/../c", CallPickle("os", "system"), true}}),
      Tar(TarMember("a", CallPickle("os", "system")) + TarMember("b", "../a", '2')),
  };
  std::mt19937 random(11);
  const TempDir dir;
  const auto file = dir.path() / "model.pkl";
  for (int round = 0; round < 6000; ++round) {
    std::string bytes = originals[random() % originals.size()];
    for (size_t i = 0; i < 1 + random() % 4; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (round % 5 == 0) bytes.resize(1 + random() % bytes.size());
    std::ofstream(file, std::ios::binary) << bytes;
    EXPECT_NO_THROW(Scan(file));
  }
}

}  // namespace
}  // namespace millwright::scan
