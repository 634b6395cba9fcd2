#include "pipelines/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/yaml.h"
#include "events/kinds.h"

namespace millwright::pipelines {
namespace {

[[noreturn]] void Fail(const std::string& place, std::string_view why) {
  throw InvalidArgument("{}: {}", place, why).WithField(place);
}

void CheckFields(const Json& object, const std::string& place,
                 std::initializer_list<std::string_view> known) {
  if (!object.is_object()) Fail(place, "must be a mapping");
  for (const auto& [key, value] : object.AsObject()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    Fail(place.empty() ? key : place + "." + key,
         fmt::format("is not known here; known are: {}", fmt::join(known, ", ")));
  }
}

std::string ReadName(const Json& value, const std::string& place) {
  if (!value.is_string()) Fail(place, "must be a text");
  const std::string& name = value.AsString();
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (name.empty() || name.size() > kNameMax || !std::all_of(name.begin(), name.end(), allowed) ||
      name[0] == '-') {
    Fail(place, fmt::format("a name has 1 to {} letters, digits, - and _: \"{}\"", kNameMax, name));
  }
  return name;
}

std::string ReadText(const Json& value, const std::string& place) {
  if (value.is_string()) return value.AsString();
  if (value.is_array() || value.is_object() || value.is_null()) Fail(place, "must be a text");
  return value.Dump();  // a number or boolean that was written without quotes
}

std::string OptionalText(const Json& object, std::string_view key, const std::string& place) {
  const Json* value = object.Find(key);
  return value == nullptr || value->is_null() ? ""
                                              : ReadText(*value, fmt::format("{}{}", place, key));
}

int64_t ReadInt(const Json& object, const std::string& key, const std::string& place,
                int64_t fallback, int64_t most) {
  const Json* value = object.Find(key);
  if (value == nullptr) return fallback;
  const std::string at = place.empty() ? key : place + "." + key;
  if (!value->is_int() || value->AsInt() < 0 || value->AsInt() > most) {
    Fail(at, fmt::format("must be a whole number from 0 to {}", most));
  }
  return value->AsInt();
}

Template ReadTemplate(const Json& value, const std::string& place) {
  try {
    return Template::Parse(ReadText(value, place));
  } catch (const Error& error) {
    if (!error.field().empty()) throw;
    Fail(place, error.message());
  }
}

std::map<std::string, Template> ReadTemplates(const Json& object, std::string_view key,
                                              const std::string& place) {
  std::map<std::string, Template> templates;
  const Json* map = object.Find(key);
  if (map == nullptr) return templates;
  const std::string at = place.empty() ? std::string(key) : fmt::format("{}.{}", place, key);
  if (!map->is_object()) Fail(at, "must be a mapping");
  for (const auto& [name, value] : map->AsObject()) {
    if (name.empty() || name.find('=') != name.npos) Fail(at, "a name is empty or holds \"=\"");
    templates.emplace(name, ReadTemplate(value, at + "." + name));
  }
  return templates;
}

std::vector<ParamSpec> ReadParams(const Json& root) {
  std::vector<ParamSpec> params;
  const Json* map = root.Find("params");
  if (map == nullptr || map->is_null()) return params;
  if (!map->is_object()) Fail("params", "must be a mapping of names to defaults");
  if (map->AsObject().size() > kParamsMax) Fail("params", "too many");
  for (const auto& [name, value] : map->AsObject()) {
    const std::string place = "params." + name;
    ParamSpec param{.name = ReadName(name, place)};
    if (!value.is_null()) param.fallback = ReadText(value, place);
    params.push_back(std::move(param));
  }
  return params;
}

TriggerSpec ReadTrigger(const Json& value, const std::string& place) {
  CheckFields(value, place, {"event", "where", "params", "while_live"});
  TriggerSpec trigger;
  trigger.event = OptionalText(value, "event", place + ".");
  if (events::FindKind(trigger.event) == nullptr) {
    Fail(place + ".event", fmt::format("is no kind of event: \"{}\"", trigger.event));
  }
  trigger.payload = Json::MakeObject();
  if (const Json* where = value.Find("where")) {
    const std::string at = place + ".where";
    CheckFields(*where, at, {"subject", "who", "payload"});
    trigger.subject = OptionalText(*where, "subject", at + ".");
    trigger.who = OptionalText(*where, "who", at + ".");
    if (const Json* payload = where->Find("payload")) {
      if (!payload->is_object()) Fail(at + ".payload", "must be a mapping");
      trigger.payload = *payload;
    }
  }
  trigger.params = ReadTemplates(value, "params", place);
  const std::string live = OptionalText(value, "while_live", place + ".");
  if (!live.empty() && live != "skip" && live != "queue") {
    Fail(place + ".while_live", "must be skip or queue");
  }
  trigger.queue_while_live = live == "queue";
  return trigger;
}

std::vector<TriggerSpec> ReadTriggers(const Json& root) {
  std::vector<TriggerSpec> triggers;
  const Json* list = root.Find("trigger");
  if (list == nullptr || list->is_null()) return triggers;
  if (!list->is_array()) Fail("trigger", "must be a list");
  if (list->AsArray().size() > kTriggersMax) Fail("trigger", "too many");
  for (const Json& item : list->AsArray()) {
    triggers.push_back(ReadTrigger(item, fmt::format("trigger.{}", triggers.size())));
  }
  return triggers;
}

// A task as it stands in the file, its needs by name.
struct DraftTask {
  TaskSpec spec;
  std::vector<std::string> needs;
  std::string place;
};

void ReadRun(const Json& value, const std::string& place, TaskSpec* task) {
  const Json* run = value.Find("run");
  if (run == nullptr) Fail(place + ".run", "is missing");
  if (!run->is_array()) {
    task->shell = ReadTemplate(*run, place + ".run");
    return;
  }
  for (const Json& argument : run->AsArray()) {
    task->arguments.push_back(
        ReadTemplate(argument, fmt::format("{}.run.{}", place, task->arguments.size())));
  }
  if (task->arguments.empty()) Fail(place + ".run", "must name a program");
}

void ReadWhen(const Json& value, const std::string& place, TaskSpec* task) {
  const Json* when = value.Find("when");
  if (when == nullptr) return;
  task->when = ReadTemplate(*when, place + ".when");
  if (task->when->whole() == nullptr) {
    Fail(place + ".when", "must be one expression: ${{ … }}");
  }
  task->when->VisitReferences([&](const Reference& reference) {
    if (reference.size() == 3 && reference[0] == "tasks" && reference[2] == "state") {
      task->when_reads_states = true;
    }
  });
}

DraftTask ReadTask(const std::string& name, const Json& value) {
  DraftTask draft{.place = "tasks." + name};
  const std::string& place = draft.place;
  CheckFields(value, place,
              {"name", "description", "run", "needs", "retries", "retry_delay_ms", "timeout_ms",
               "env", "when"});
  TaskSpec& task = draft.spec;
  task.name = ReadName(name, place + ".name");
  task.description = OptionalText(value, "description", place + ".");
  ReadRun(value, place, &task);
  task.retries = ReadInt(value, "retries", place, 0, kRetriesMax);
  task.retry_delay_ms = ReadInt(value, "retry_delay_ms", place, 1000, kDelayMsMax);
  task.timeout_ms = ReadInt(value, "timeout_ms", place, 0, kTimeoutMsMax);
  task.environment = ReadTemplates(value, "env", place);
  ReadWhen(value, place, &task);
  if (const Json* needs = value.Find("needs")) {
    if (needs->is_string()) {
      draft.needs.push_back(needs->AsString());
    } else {
      if (!needs->is_array()) Fail(place + ".needs", "must be a list of tasks");
      for (const Json& need : needs->AsArray()) {
        draft.needs.push_back(ReadText(need, place + ".needs"));
      }
    }
  }
  return draft;
}

std::vector<DraftTask> ReadTasks(const Json& root) {
  const Json* tasks = root.Find("tasks");
  if (tasks == nullptr || tasks->is_null()) Fail("tasks", "is missing");
  std::vector<DraftTask> drafts;
  if (tasks->is_object()) {
    for (const auto& [name, value] : tasks->AsObject()) drafts.push_back(ReadTask(name, value));
  } else if (tasks->is_array()) {
    for (const Json& value : tasks->AsArray()) {
      const std::string place = fmt::format("tasks.{}", drafts.size());
      if (!value.is_object()) Fail(place, "must be a mapping");
      const Json* name = value.Find("name");
      if (name == nullptr) Fail(place + ".name", "is missing");
      drafts.push_back(ReadTask(ReadName(*name, place + ".name"), value));
    }
  } else {
    Fail("tasks", "must be a mapping or a list");
  }
  if (drafts.empty()) Fail("tasks", "there is none");
  if (drafts.size() > kTasksMax) Fail("tasks", fmt::format("there are more than {}", kTasksMax));
  std::set<std::string> names;
  for (const DraftTask& draft : drafts) {
    if (!names.insert(draft.spec.name).second) Fail(draft.place, "the name is taken");
  }
  return drafts;
}

// Puts each task behind its needs and otherwise keeps the order of the file.
std::vector<TaskSpec> Order(std::vector<DraftTask> drafts) {
  std::map<std::string, size_t> by_name;
  for (size_t i = 0; i < drafts.size(); ++i) by_name[drafts[i].spec.name] = i;
  for (const DraftTask& draft : drafts) {
    for (const std::string& need : draft.needs) {
      if (!by_name.contains(need)) {
        Fail(draft.place + ".needs", fmt::format("there is no task \"{}\"", need));
      }
    }
  }
  std::vector<TaskSpec> ordered;
  std::map<std::string, size_t> placed;
  std::vector<bool> done(drafts.size());
  for (bool progress = true; progress;) {
    progress = false;
    for (size_t i = 0; i < drafts.size(); ++i) {
      const auto ready = [&](const std::string& need) { return placed.contains(need); };
      if (done[i] || !std::all_of(drafts[i].needs.begin(), drafts[i].needs.end(), ready)) continue;
      for (const std::string& need : drafts[i].needs) {
        drafts[i].spec.needs.push_back(placed[need]);
      }
      placed[drafts[i].spec.name] = ordered.size();
      ordered.push_back(std::move(drafts[i].spec));
      done[i] = progress = true;
    }
  }
  for (size_t i = 0; i < drafts.size(); ++i) {
    if (!done[i])
      Fail(drafts[i].place + ".needs", "the task needs itself, directly or over others");
  }
  return ordered;
}

// Checks that expressions name only what exists: parameters, fields of the run and the event, and
// outputs of tasks that certainly have ended.
class ReferenceCheck {
 public:
  explicit ReferenceCheck(const PipelineSpec& spec) : spec_(spec) {
    for (const ParamSpec& param : spec.params) params_.insert(param.name);
    for (const TaskSpec& task : spec.tasks) {
      std::set<std::string> before;
      for (const size_t need : task.needs) {
        before.insert(spec.tasks[need].name);
        before.insert(before_[need].begin(), before_[need].end());
      }
      before_.push_back(std::move(before));
    }
  }

  void Check() const {
    CheckMap(spec_.environment, "env", nullptr);
    for (size_t i = 0; i < spec_.triggers.size(); ++i) CheckTrigger(i);
    for (size_t i = 0; i < spec_.tasks.size(); ++i) CheckTask(i);
  }

 private:
  void CheckTrigger(size_t number) const {
    const std::string place = fmt::format("trigger.{}.params", number);
    for (const auto& [name, text] : spec_.triggers[number].params) {
      if (!params_.contains(name)) Fail(place + "." + name, "there is no such parameter");
      text.VisitReferences([&](const Reference& reference) {
        if (!IsEvent(reference)) Fail(place + "." + name, "only event.… can be used here");
      });
    }
  }

  void CheckTask(size_t index) const {
    const TaskSpec& task = spec_.tasks[index];
    const std::string place = "tasks." + task.name;
    if (task.shell) CheckOne(*task.shell, place + ".run", &before_[index]);
    for (const Template& argument : task.arguments) {
      CheckOne(argument, place + ".run", &before_[index]);
    }
    CheckMap(task.environment, place + ".env", &before_[index]);
    if (task.when) CheckOne(*task.when, place + ".when", &before_[index]);
  }

  void CheckMap(const std::map<std::string, Template>& map, const std::string& place,
                const std::set<std::string>* before) const {
    for (const auto& [name, text] : map) CheckOne(text, place + "." + name, before);
  }

  static bool IsEvent(const Reference& reference) {
    if (reference[0] != "event" || reference.size() < 2) return false;
    static const std::set<std::string> kFields{"kind", "subject", "who", "seq", "time_ms"};
    if (reference[1] == "payload") return reference.size() >= 3;
    return reference.size() == 2 && kFields.contains(reference[1]);
  }

  bool IsKnown(const Reference& reference) const {
    if (reference[0] == "params") return reference.size() == 2 && params_.contains(reference[1]);
    if (reference[0] == "run") {
      return reference.size() == 2 && (reference[1] == "id" || reference[1] == "pipeline");
    }
    return IsEvent(reference);
  }

  void CheckOne(const Template& text, const std::string& place,
                const std::set<std::string>* before) const {
    text.VisitReferences([&](const Reference& reference) {
      const std::string name = fmt::format("{}", fmt::join(reference, "."));
      if (reference[0] == "tasks" && before != nullptr) {
        const bool output = reference.size() == 4 && reference[2] == "outputs";
        const bool state = reference.size() == 3 && reference[2] == "state";
        if (!output && !state) {
          Fail(place, fmt::format("write tasks.<task>.outputs.<name> or tasks.<task>.state, not {}",
                                  name));
        }
        if (!before->contains(reference[1])) {
          Fail(place,
               fmt::format("{} is used, but \"{}\" is not among the needs", name, reference[1]));
        }
      } else if (!IsKnown(reference)) {
        Fail(place, fmt::format("there is no {}", name));
      }
    });
  }

  const PipelineSpec& spec_;
  std::set<std::string> params_;
  std::vector<std::set<std::string>> before_;  // by task: all that end before it starts
};

}  // namespace

PipelineSpec ParsePipeline(std::string_view yaml) {
  if (yaml.size() > kYamlBytesMax) {
    throw InvalidArgument("A pipeline has at most {} bytes", kYamlBytesMax).WithField("yaml");
  }
  const Json root = ParseYaml(yaml);
  if (!root.is_object()) throw InvalidArgument("A pipeline is a YAML mapping").WithField("yaml");
  CheckFields(root, "",
              {"name", "description", "params", "env", "concurrency", "trigger", "tasks"});
  PipelineSpec spec;
  if (!root.Has("name")) Fail("name", "is missing");
  spec.name = ReadName(root.At("name"), "name");
  spec.description = OptionalText(root, "description", "");
  spec.params = ReadParams(root);
  spec.environment = ReadTemplates(root, "env", "");
  spec.concurrency = ReadInt(root, "concurrency", "", 1, kConcurrencyMax);
  if (spec.concurrency == 0) Fail("concurrency", "must be at least 1");
  spec.triggers = ReadTriggers(root);
  spec.tasks = Order(ReadTasks(root));
  ReferenceCheck(spec).Check();
  return spec;
}

std::string TriggerText(const PipelineSpec& spec) {
  std::string text;
  for (const TriggerSpec& trigger : spec.triggers) {
    if (!text.empty()) text += ", ";
    text += trigger.event;
    if (!trigger.subject.empty()) text += " on " + trigger.subject;
  }
  return text.empty() ? "manual" : text;
}

}  // namespace millwright::pipelines
