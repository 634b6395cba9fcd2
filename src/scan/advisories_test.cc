// Published ways to harm by a model file or to slip past its scanner, each by its public
// identifier.
#include <gtest/gtest.h>

#include "scan/test_archives.h"
#include "scan/test_scan.h"

namespace millwright::scan {
namespace {

using namespace testing;  // NOLINT: the makers of test files

bool Refuses(const Report& report) {
  return !report.CleanBelow(Severity::kHigh);
}

const std::string kHostile = CallPickle("os", "system");

TEST(ScanAdvisories, Cve2025_1716_PipMainIsOnNoBlockList) {
  EXPECT_TRUE(Refuses(ScanBytes("m.pkl", CallPickle("pip", "main"))));
}

TEST(ScanAdvisories, Cve2025_1889_APickleOfAnotherEndingWithinAnArchive) {
  EXPECT_TRUE(
      Refuses(ScanBytes("m.pt", Zip({{"m/data.pkl", "\x80\x02N."}, {"m/config.p", kHostile}}))));
}

TEST(ScanAdvisories, Cve2025_1944_NamesThatDifferBetweenTheHeaders) {
  TestMember member{"m/data.pkl", "\x80\x02N."};
  member.local_name = "m/date.pkl";
  EXPECT_TRUE(Has(ScanBytes("m.pt", Zip({member})), "archive.headers_differ"));
}

TEST(ScanAdvisories, Cve2025_1945_FlagBitsThatStopOtherReaders) {
  TestMember member{"m/data.pkl", kHostile};
  member.local_flags = 1;
  const Report report = ScanBytes("m.pt", Zip({member}));
  EXPECT_TRUE(Has(report, "archive.encrypted"));
  EXPECT_TRUE(Has(report, "pickle.dangerous_global"));
}

TEST(ScanAdvisories, Cve2025_10155_APickleWithTheEndingOfAnotherFormat) {
  for (const char* name : {"m.bin", "m.pt", "m.safetensors", "m.onnx", "m.txt", "m"}) {
    EXPECT_TRUE(Has(ScanBytes(name, kHostile), "pickle.dangerous_global")) << name;
  }
}

TEST(ScanAdvisories, Cve2025_10156_AWrongChecksumStopsNobody) {
  TestMember member{"m/data.pkl", kHostile, true};
  member.wrong_crc = true;
  const Report report = ScanBytes("m.pt", Zip({member}));
  EXPECT_TRUE(Has(report, "archive.checksum"));
  EXPECT_TRUE(Has(report, "pickle.dangerous_global"));
}

TEST(ScanAdvisories, Cve2025_10157_SubmodulesOfWhatIsBlocked) {
  for (const char* module : {"asyncio.unix_events", "multiprocessing.util", "os.path", "xml.sax"}) {
    EXPECT_TRUE(Refuses(ScanBytes("m.pkl", CallPickle(module, "anything")))) << module;
  }
}

TEST(ScanAdvisories, Cve2025_46417_LeaksThroughNameLookups) {
  EXPECT_TRUE(Refuses(ScanBytes("m.pkl", CallPickle("ssl", "get_server_certificate"))));
  EXPECT_TRUE(Refuses(ScanBytes("m.pkl", CallPickle("linecache", "getline"))));
}

// Globals by which other scanners were passed, from their advisories.
TEST(ScanAdvisories, GhsaPicklescanUnlistedGlobals) {
  const std::pair<const char*, const char*> kGlobals[] = {
      {"timeit", "timeit"},
      {"cProfile", "runctx"},
      {"profile", "Profile.run"},
      {"idlelib.run", "Executive.runcode"},
      {"idlelib.pyshell", "ModifiedInterpreter.runcode"},
      {"ensurepip", "_run_pip"},
      {"lib2to3.pgen2.grammar", "Grammar.loads"},
      {"numpy.f2py.crackfortran", "getlincoef"},
      {"numpy.testing._private.utils", "runstring"},
      {"operator", "methodcaller"},
      {"functools", "partial"},
      {"torch.jit.unsupported_tensor_ops", "execWrapper"},
      {"torch.utils._config_module", "ConfigModule.load_config"},
      {"torch.utils.bottleneck.__main__", "run_cprofile"},
      {"torch._dynamo.guards", "GuardBuilder.get"},
      {"doctest", "debug_script"},
      {"code", "InteractiveInterpreter.runcode"},
      {"trace", "Trace.run"},
      {"pty", "spawn"},
      {"bdb", "Bdb.run"},
      {"uuid", "_get_command_stdout"},
      {"_osx_support", "_read_output"},
      {"aix_support", "_read_cmd_output"},
      {"_pyrepl.pager", "pipe_pager"},
      {"imaplib", "IMAP4_stream"},
      {"builtins", "getattr"},
      {"_io", "FileIO"},
      {"types", "FunctionType"},
      {"cloudpickle.cloudpickle", "_make_function"},
      {"joblib.memory", "eval_expr"},
      {"pydoc", "locate"},
      {"logging.config", "_resolve"},
      {"distutils.file_util", "write_file"},
      {"shutil", "rmtree"},
  };
  for (const auto& [module, name] : kGlobals) {
    EXPECT_TRUE(Refuses(ScanBytes("m.pkl", CallPickle(module, name)))) << module << "." << name;
    EXPECT_TRUE(Refuses(ScanBytes("m.pkl", OldCallPickle(module, name)))) << module << "." << name;
  }
}

TEST(ScanAdvisories, NullifAi_ACallBeforeTheStreamBreaks) {
  std::string broken = kHostile;
  broken.back() = 'X';  // no STOP: loaders have called by then
  for (const char* name : {"m.pkl", "data.dat"}) {
    EXPECT_TRUE(Has(ScanBytes(name, broken), "pickle.dangerous_global")) << name;
  }
  std::string old = OldCallPickle("os", "system");
  old.back() = '\xFF';
  EXPECT_TRUE(Has(ScanBytes("data.dat", old), "pickle.dangerous_global"));
}

// MLflow's loaders of every flavor unpickle what a client logged.
TEST(ScanAdvisories, Cve2024_37052to37060_PicklesOfEveryFlavor) {
  for (const char* name : {"model.pkl", "python_model.pkl", "model.pth", "model.lgb", "model.bin",
                           "data.joblib", "langchain.yaml", "card.pkl"}) {
    EXPECT_TRUE(Has(ScanBytes(name, kHostile), "pickle.dangerous_global")) << name;
  }
}

TEST(ScanAdvisories, Cve2024_27132and27133_ScriptsInWhatAPageShows) {
  EXPECT_TRUE(Has(ScanBytes("MLmodel", "artifact_path: '<script>alert(1)</script>'\nflavors: {}\n"),
                  "document.script"));
  EXPECT_TRUE(Has(ScanBytes("card.html", "<img src=x onerror=alert(1)>"), "document.script"));
  EXPECT_TRUE(
      Has(ScanBytes("plot.svg", "<svg><SCRIPT>alert(1)</SCRIPT></svg>"), "document.script"));
  EXPECT_EQ(Gravest(ScanBytes("plot.svg", "<svg><path d='M0 0'/></svg>")), "");
}

TEST(ScanAdvisories, Cve2024_3660_KerasLambda) {
  const std::string config =
      R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda"}]}})";
  EXPECT_TRUE(Has(ScanBytes("m.keras", Zip({{"config.json", config, true}})), "keras.lambda"));
  EXPECT_TRUE(Has(ScanBytes("m.h5",
                            "\x89HDF\r\n\x1a\n"
                            "..." +
                                config),
                  "keras.lambda"));
}

TEST(ScanAdvisories, Cve2025_1550_KerasModulesByName) {
  const std::string config = R"({"module": "os", "class_name": "system", "config": {}})";
  EXPECT_TRUE(Has(ScanBytes("m.keras", Zip({{"config.json", config}})), "keras.module"));
}

TEST(ScanAdvisories, Cve2022_25882andCve2024_27318_OnnxExternalData) {
  for (const char* name : {"external_data_absolute.onnx", "external_data_parent_folder.onnx"}) {
    EXPECT_EQ(Scan(Corpus("broken") / name).findings.front().severity, Severity::kCritical);
  }
}

TEST(ScanAdvisories, Cve2007_4559andCve2024_5187_TarTraversal) {
  for (const char* name : {"../../etc/cron.d/x", "/etc/cron.d/x", "a/../../x", "..\\x"}) {
    EXPECT_TRUE(Has(ScanBytes("m.tar", Tar(TarMember(name, "x"))), "archive.traversal")) << name;
    EXPECT_TRUE(Has(ScanBytes("m.zip", Zip({{name, "x"}})), "archive.traversal")) << name;
  }
}

TEST(ScanAdvisories, Cve2025_4517_TarMembersThroughALink) {
  const std::string tar = Tar(TarMember("d", "/etc", '2') + TarMember("d/passwd", "x"));
  const Report report = ScanBytes("m.tar", tar);
  EXPECT_TRUE(Has(report, "archive.link"));
  EXPECT_TRUE(Has(report, "archive.traversal"));
}

TEST(ScanAdvisories, Cve2019_9674_ZipBombs) {
  const std::string zeros(size_t{160} << 20, '\0');
  EXPECT_TRUE(Has(ScanBytes("m.zip", Zip({{"zeros", zeros, true}})), "archive.bomb"));
}

TEST(ScanAdvisories, Cve2019_6446_ObjectArraysOfNumpy) {
  const std::string header = "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }\n";
  const std::string npy =
      "\x93NUMPY\x01" + std::string(1, '\0') + Little(header.size(), 2) + header + kHostile;
  EXPECT_TRUE(Has(ScanBytes("a.npy", npy), "pickle.dangerous_global"));
}

}  // namespace
}  // namespace millwright::scan
