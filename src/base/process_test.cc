#include "base/process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"

namespace millwright {
namespace {

TEST(ChildProcess, ReportsItsExitCodeAndOutput) {
  const TempDir dir;
  ChildProcess child({.arguments = {"sh", "-c", "echo $GREETING; exit 3"},
                      .environment = {{"GREETING", "hello"}},
                      .output_file = dir.path() / "out"});
  EXPECT_EQ(child.Wait()->code, 3);
  EXPECT_EQ(ReadFile(dir.path() / "out"), "hello\n");
}

TEST(ChildProcess, StopsTheWholeGroup) {
  ChildProcess child(
      {.arguments = {"sh", "-c", "trap '' TERM; cat < /dev/zero > /dev/null & wait"}});
  EXPECT_FALSE(child.Wait(10));
  const ExitStatus status = child.Stop(10);
  EXPECT_FALSE(status.ok());
}

TEST(ChildProcess, TakesItsGroupWithItWhereItShall) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ChildProcess child({.arguments = {"sh", "-c", "sleep 600 & exit 3"},
                      .input_fd = ends[1],
                      .group_ends_with_it = true});
  EXPECT_EQ(child.Wait()->code, 3);
  close(ends[1]);
  pollfd closed{ends[0], POLLIN, 0};  // by the last process that had it
  EXPECT_EQ(poll(&closed, 1, 60'000), 1);
  close(ends[0]);
}

TEST(ChildProcess, SaysWhichProgramCannotBeStarted) {
  try {
    ChildProcess child({.arguments = {"/no/such/program"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "Cannot start /no/such/program: No such file or directory");
  }
}

// Also run by the test below, as a copy that it may remove.
TEST(ThisProgram, IsStartedAgain) {
  const char* copy = std::getenv("MILLWRIGHT_TEST_COPY");
  if (copy != nullptr) {
    EXPECT_EQ(ThisProgram(), copy);
    std::filesystem::remove(copy);
  }
  const TempDir dir;
  ChildProcess again({.arguments = {ThisProgram(), "--gtest_list_tests"},
                      .environment = {},
                      .working_dir = {},
                      .output_file = dir.path() / "out"});
  EXPECT_TRUE(again.Wait()->ok());
  EXPECT_NE(ReadFile(dir.path() / "out").find("IsStartedAgain"), std::string::npos);
}

TEST(ThisProgram, IsStartedAgainWhereItWasRemoved) {
  const TempDir dir;
  const auto copy = dir.path() / "copy";
  std::filesystem::copy_file(ThisProgram(), copy);
  ChildProcess child({.arguments = {copy, "--gtest_filter=ThisProgram.IsStartedAgain"},
                      .environment = {{"MILLWRIGHT_TEST_COPY", copy}},
                      .working_dir = {},
                      .output_file = dir.path() / "out"});
  EXPECT_TRUE(child.Wait()->ok()) << ReadFile(dir.path() / "out");
  EXPECT_FALSE(std::filesystem::exists(copy));
}

}  // namespace
}  // namespace millwright
