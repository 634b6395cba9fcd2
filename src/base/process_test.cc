#include "base/process.h"

#include <gtest/gtest.h>
#include <signal.h>

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

TEST(ChildProcess, SaysWhichProgramCannotBeStarted) {
  try {
    ChildProcess child({.arguments = {"/no/such/program"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "Cannot start /no/such/program: No such file or directory");
  }
}

}  // namespace
}  // namespace millwright
