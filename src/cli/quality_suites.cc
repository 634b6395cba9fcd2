// Commands about suites themselves: their forms, and what they can say.
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/option.h"
#include "cli/commands.h"
#include "quality/expectation_type.h"
#include "quality/suite_file.h"
#include "quality/suite_form.h"

namespace millwright::cli {
namespace {

struct ConvertOptions {
  std::string suite, to, output;
};
constexpr Option<ConvertOptions> kConvertOptions[] = {
    {"", "SUITE", "A suite file, of whichever form", &ConvertOptions::suite, "", 0, 0,
     Option<ConvertOptions>::Kind::kRequired},
    {"", "--to",
     "gx (Great Expectations 1.x), gx0 (0.x) or yaml (the short form that people write)",
     &ConvertOptions::to, "FORM", 0, 0, Option<ConvertOptions>::Kind::kRequired},
    {"", "--output", "Write to this file instead of the terminal", &ConvertOptions::output, "FILE",
     0, 0, Option<ConvertOptions>::Kind::kPlain, "-o"},
};

int Convert(const ConvertOptions& options, Console& console) {
  const quality::SuiteForm form = quality::ParseSuiteForm(options.to);
  const quality::Suite suite = quality::ReadSuiteFile(options.suite);
  const std::string text = quality::WriteSuite(suite, form);
  Json answer = Json::Of({{"suite", suite.name}, {"expectations", suite.expectations.size()}});
  if (options.output.empty()) {
    answer.Set("text", text);
    console.Answer(answer);
    console.Line(std::string_view(text).substr(0, text.size() - 1));
    return 0;
  }
  WriteFileDurably(options.output, text);
  answer.Set("output", options.output);
  console.Answer(answer);
  console.Line(
      fmt::format("Wrote {} expectations to {}", suite.expectations.size(), options.output));
  return 0;
}

struct ExpectationsOptions {
  std::string type;
};
constexpr Option<ExpectationsOptions> kExpectationsOptions[] = {
    {"", "TYPE", "Show the kwargs of this type, by its name or its short name",
     &ExpectationsOptions::type},
};

Json TypeJson(const quality::ExpectationType& type) {
  Json kwargs = Json::MakeArray();
  for (const auto& use : quality::KwargsOf(type)) {
    kwargs.Append(Json::Of({{"name", use.kwarg->name},
                            {"short", use.kwarg->brief},
                            {"required", use.is_required},
                            {"form", use.kwarg->form},
                            {"says", use.kwarg->summary}}));
  }
  return Json::Of({{"type", type.type},
                   {"short", type.brief},
                   {"says", type.summary},
                   {"kwargs", std::move(kwargs)}});
}

[[noreturn]] void RefuseType(const std::string& name) {
  std::vector<std::string_view> known;
  for (const auto& one : quality::ExpectationTypes()) {
    known.push_back(one.brief);
    known.push_back(one.type);
  }
  const std::string nearest = NearestName(name, known);
  throw InvalidArgument("There is no expectation {}{}", name,
                        nearest.empty() ? "" : " (did you mean " + nearest + "?)");
}

int ShowType(const std::string& name, Console& console) {
  const quality::ExpectationType* type = quality::FindExpectationType(name);
  if (type == nullptr) RefuseType(name);
  console.Answer(TypeJson(*type));
  console.Line(fmt::format("{} ({} in YAML): {}", type->type, type->brief, type->summary));
  std::vector<std::vector<std::string>> rows;
  for (const auto& use : quality::KwargsOf(*type)) {
    rows.push_back({std::string(use.kwarg->name), std::string(use.kwarg->brief),
                    use.is_required ? "yes" : "", std::string(use.kwarg->form),
                    std::string(use.kwarg->summary)});
  }
  console.PrintTable({"KWARG", "IN YAML", "NEEDED", "FORM", "WHAT IT SAYS"}, rows);
  return 0;
}

int ListTypes(const ExpectationsOptions& options, Console& console) {
  if (!options.type.empty()) return ShowType(options.type, console);
  Json types = Json::MakeArray();
  std::vector<std::vector<std::string>> rows;
  for (const auto& type : quality::ExpectationTypes()) {
    types.Append(TypeJson(type));
    rows.push_back({std::string(type.brief), std::string(type.type), std::string(type.summary)});
  }
  console.Answer(Json::Of({{"expectations", std::move(types)}}));
  console.PrintTable({"IN YAML", "TYPE", "WHAT IT SAYS"}, rows);
  return 0;
}

}  // namespace

void AddSuiteCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("quality convert", "Write a suite in another form", kConvertOptions, Convert));
  commands.push_back(MakeCommand("quality expectations", "List the types of expectations",
                                 kExpectationsOptions, ListTypes));
}

}  // namespace millwright::cli
