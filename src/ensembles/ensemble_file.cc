#include "ensembles/ensemble_file.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"

namespace millwright::ensembles {
namespace {

constexpr size_t kFileBytesMax = size_t{1} << 20;
constexpr int64_t kWidthMax = 1 << 20;
constexpr char kInput[] = "input";

void CheckFields(const Json& object, const std::string& what,
                 const std::vector<std::string_view>& known) {
  for (const auto& [key, value] : object.AsObject(what)) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw InvalidArgument("{}: {}: unknown field: {}", kEnsembleFile, what, key);
    }
  }
}

inference::TensorSpec ReadInput(const Json& json) {
  CheckFields(json, "inputs", {"name", "type", "width"});
  inference::TensorSpec spec{.name = json.At("name").AsString("name"), .shape = {-1}};
  const std::string type = json.At("type").AsString("type");
  const auto parsed = inference::ParseDataType(type);
  if (!parsed) throw InvalidArgument("{}: input {}: no type: {}", kEnsembleFile, spec.name, type);
  spec.type = *parsed;
  const int64_t width = json.GetInt("width", 0);
  if (width < 0 || width > kWidthMax) {
    throw InvalidArgument("{}: input {}: width is 1 to {}", kEnsembleFile, spec.name, kWidthMax);
  }
  if (width > 0) spec.shape.push_back(width);
  return spec;
}

Step ReadStep(const Json& json) {
  Step step{.name = json.At("name").AsString("name"),
            .sql = json.GetString("sql"),
            .model = json.GetString("model"),
            .from = {},
            .tensors = {}};
  CheckFields(json, "step " + step.name, {"name", "sql", "model", "from", "inputs"});
  const auto refuse = [&](std::string_view why) {
    throw InvalidArgument("{}: step {}: {}", kEnsembleFile, step.name, why);
  };
  if (step.sql.empty() == step.model.empty()) refuse("it is either sql or model");
  if (const Json* from = json.Find("from")) {
    if (from->is_string()) {
      step.from.push_back(from->AsString());
    } else {
      step.from = json.GetStrings("from");
    }
  }
  if (const Json* inputs = json.Find("inputs")) {
    for (const auto& [input, reference] : inputs->AsObject("inputs")) {
      step.tensors[input] = reference.AsString(input);
    }
  }
  if (!step.tensors.empty() && (!step.sql.empty() || !step.from.empty())) {
    refuse("inputs are of a model without from");
  }
  if (step.from.empty() && step.tensors.empty()) step.from.emplace_back(kInput);
  if (!step.model.empty() && step.from.size() > 1) refuse("a model takes the rows of one table");
  return step;
}

std::vector<std::string> NeedsOf(const Step& step) {
  std::vector<std::string> needs = step.from;
  for (const auto& [input, reference] : step.tensors) {
    needs.push_back(SplitReference(reference).first);
  }
  return needs;
}

// Puts each step behind what it needs.
std::vector<Step> Sorted(std::vector<Step> steps) {
  std::set<std::string> names = {kInput};
  for (const Step& step : steps) {
    if (!names.insert(step.name).second) {
      throw InvalidArgument("{}: two steps are called {}", kEnsembleFile, step.name);
    }
  }
  for (const Step& step : steps) {
    for (const std::string& need : NeedsOf(step)) {
      if (!names.contains(need)) {
        throw InvalidArgument("{}: step {}: there is no step {}", kEnsembleFile, step.name, need);
      }
    }
  }
  std::vector<Step> sorted;
  std::set<std::string> done = {kInput};
  while (!steps.empty()) {
    const auto next = std::find_if(steps.begin(), steps.end(), [&](const Step& step) {
      const auto needs = NeedsOf(step);
      return std::all_of(needs.begin(), needs.end(),
                         [&](const std::string& need) { return done.contains(need); });
    });
    if (next == steps.end()) {
      throw InvalidArgument("{}: step {} needs itself, over others", kEnsembleFile, steps[0].name);
    }
    done.insert(next->name);
    sorted.push_back(std::move(*next));
    steps.erase(next);
  }
  return sorted;
}

}  // namespace

std::pair<std::string, std::string> SplitReference(const std::string& reference) {
  const size_t dot = reference.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == reference.size()) {
    throw InvalidArgument("{}: write STEP.OUTPUT, not {}", kEnsembleFile, reference);
  }
  return {reference.substr(0, dot), reference.substr(dot + 1)};
}

bool HoldsEnsemble(const std::filesystem::path& path) {
  return std::filesystem::is_regular_file(path / kEnsembleFile);
}

EnsembleFile ReadEnsembleFile(const std::filesystem::path& folder) {
  const std::string text = ReadFile(folder / kEnsembleFile);
  if (text.size() > kFileBytesMax) throw InvalidArgument("{} is larger than 1 MiB", kEnsembleFile);
  const Json json = ParseYaml(text);
  CheckFields(json, "the ensemble", {"inputs", "steps", "outputs"});
  EnsembleFile file;
  std::set<std::string> names;
  for (const Json& input : json.At("inputs").AsArray("inputs")) {
    file.inputs.push_back(ReadInput(input));
    if (!names.insert(file.inputs.back().name).second) {
      throw InvalidArgument("{}: input given twice: {}", kEnsembleFile, file.inputs.back().name);
    }
  }
  std::vector<Step> steps;
  for (const Json& step : json.At("steps").AsArray("steps")) steps.push_back(ReadStep(step));
  if (file.inputs.empty() || steps.empty() || steps.size() > kStepsMax) {
    throw InvalidArgument("{} has no inputs, no steps or more than {}", kEnsembleFile, kStepsMax);
  }
  file.steps = Sorted(std::move(steps));
  for (const auto& [name, reference] : json.At("outputs").AsObject("outputs")) {
    SplitReference(reference.AsString(name));
    file.outputs.emplace_back(name, reference.AsString(name));
  }
  if (file.outputs.empty()) throw InvalidArgument("{} has no outputs", kEnsembleFile);
  return file;
}

}  // namespace millwright::ensembles
