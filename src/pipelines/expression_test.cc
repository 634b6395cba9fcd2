#include "pipelines/expression.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

namespace millwright::pipelines {
namespace {

std::string Lookup(const Reference& reference) {
  std::string name;
  for (const auto& part : reference) name += (name.empty() ? "" : ".") + part;
  if (name == "params.auc") return "0.70";
  if (name == "params.name") return "flights-late";
  if (name == "params.evil") return "'\"; echo pwned; $(echo pwned) `echo pwned` \\";
  return "";
}

std::string Evaluate(std::string_view text) {
  try {
    return Expression::Parse(text).Evaluate(Lookup);
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(Expression, ComputesValuesAndConditions) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"params.auc", "0.70"},
      {"params.auc >= 0.7", "true"},
      {"params.auc == 0.7", "true"},
      {"params.auc < 0.7", "false"},
      {" params.name == 'flights-late' && !(params.auc > 1) ", "true"},
      {"params.none || params.name != \"x\"", "true"},
      {"!params.none", "true"},
      {"true && false || 'x' == 'x'", "true"},
      {"-1.5e2 < 0", "true"},
      {"'a }} b'", "a }} b"},
      {"params.name < 1", "Only numbers can be compared by size: \"flights-late\", \"1\""},
      {"", "Cannot read the expression \"\": a value is expected at character 1"},
      {"params.", "Cannot read the expression \"params.\": a name is expected at character 8"},
      {"(1", "Cannot read the expression \"(1\": \")\" is expected at character 3"},
      {"1 2", "Cannot read the expression \"1 2\": an operator is expected at character 3"},
      {"'x", "Cannot read the expression \"'x\": the text is not closed at character 1"},
      {"$x", "Cannot read the expression \"$x\": a value is expected at character 1"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Evaluate(text), expected) << text;
}

TEST(Expression, RefusesDeepNesting) {
  EXPECT_THROW(Expression::Parse(std::string(100'000, '(')), Error);
  EXPECT_THROW(Expression::Parse(std::string(100'000, '!')), Error);
}

TEST(Template, PutsValuesInPlace) {
  EXPECT_EQ(Template::Parse("a ${{ params.name }}@${{params.auc}}.").Fill(Lookup),
            "a flights-late@0.70.");
  EXPECT_EQ(Template::Parse("no $ {{ expression }}").Fill(Lookup), "no $ {{ expression }}");
  EXPECT_EQ(Template::Parse("").Fill(Lookup), "");
  EXPECT_THROW(Template::Parse("a ${{ params.name"), Error);
  EXPECT_NE(Template::Parse("${{ params.name }}").whole(), nullptr);
  EXPECT_EQ(Template::Parse("${{ params.name }} ").whole(), nullptr);
}

// Runs the filled text in a real shell and returns what it prints.
std::string Shell(std::string_view text) {
  const TempDir dir;
  ProcessSpec spec{.output_file = dir.path() / "out"};
  const std::string script = Template::Parse(text).FillForShell(Lookup, &spec.environment);
  spec.arguments = {"sh", "-e", "-c", script};
  EXPECT_TRUE(ChildProcess(spec).Wait()->ok()) << script;
  return ReadFile(dir.path() / "out");
}

TEST(Template, AShellNeverParsesAValue) {
  const std::string evil = Lookup({"params", "evil"});
  EXPECT_EQ(Shell("printf %s ${{ params.evil }}"), evil);
  EXPECT_EQ(Shell("printf %s \"${{ params.evil }}\""), evil);
  EXPECT_EQ(Shell("printf %s '${{ params.evil }}'"), evil);
  EXPECT_EQ(Shell("printf %s pre'x'\"y\"\\'${{ params.evil }}'post'"), "prexy'" + evil + "post");
  EXPECT_EQ(Shell("printf '%s|' ${{ params.evil }} \"a\\\"${{ params.name }}\""),
            evil + "|a\"flights-late|");
}

}  // namespace
}  // namespace millwright::pipelines
