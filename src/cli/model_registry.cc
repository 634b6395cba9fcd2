#include "cli/model_registry.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/name_option.h"
#include "cli/reference.h"

namespace millwright::cli {
namespace {

constexpr const char* kMlflow = "/api/2.0/mlflow/";

// A version that must be said, by its number or an alias.
struct VersionKey {
  std::string name, version;
};

VersionKey ResolveVersion(Client& client, const std::string& text) {
  const Reference reference = ParseReference(text);
  if (reference.version.empty()) {
    throw InvalidArgument("Say which version: {}@VERSION", reference.name).WithField("NAME");
  }
  return {reference.name, ResolveModelVersion(client, reference.name, reference.version)};
}

std::string VersionPath(const VersionKey& key) {
  return fmt::format("/api/v1/models/{}/versions/{}", fetch::PercentEncode(key.name),
                     fetch::PercentEncode(key.version));
}

Json KeyJson(const VersionKey& key) {
  return Json::Of({{"name", key.name}, {"version", key.version}});
}

// What a list of {"key", "value"} says in one line.
std::string TagsText(const Json& object) {
  std::string text;
  const Json* tags = object.Find("tags");
  if (tags == nullptr) return text;
  for (const Json& tag : tags->AsArray()) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", tag.GetString("key"),
                        tag.GetString("value"));
  }
  return text;
}

std::string AliasesText(const Json& object) {
  std::string text;
  const Json* aliases = object.Find("aliases");
  if (aliases == nullptr) return text;
  for (const Json& alias : aliases->AsArray()) {
    text += text.empty() ? "" : " ";
    text += alias.is_string()
                ? alias.AsString()
                : fmt::format("{}={}", alias.GetString("alias"), alias.GetString("version"));
  }
  return text;
}

struct SearchOptions {
  std::string filter, order_by, page;
  int limit = 100;
};
constexpr Option<SearchOptions> kSearchOptions[] = {
    {"", "--filter", "Only those that it finds, such as \"name LIKE 'flights%'\"",
     &SearchOptions::filter, "FILTER"},
    {"", "--order-by", "Such as \"name DESC\"", &SearchOptions::order_by, "FIELD"},
    {"", "--limit", "How many to show", &SearchOptions::limit, "N", 1, 1000},
    {"", "--page", "Go on where the last page ended", &SearchOptions::page, "TOKEN"},
};

Json Search(const SearchOptions& options, const char* route, Console& console) {
  Query query = {{"max_results", std::to_string(options.limit)}};
  if (!options.filter.empty()) query.emplace_back("filter", options.filter);
  if (!options.order_by.empty()) query.emplace_back("order_by", options.order_by);
  if (!options.page.empty()) query.emplace_back("page_token", options.page);
  Json found = console.client().MlflowGet(route, query);
  console.Answer(found);
  return found;
}

void HintNext(const Json& found, std::string_view command, Console& console) {
  const std::string token = found.GetString("next_page_token");
  if (!token.empty()) {
    console.Hint(
        fmt::format("next: millwright {} --page {}, with the same options", command, token));
  }
}

int ListModels(const SearchOptions& options, Console& console) {
  const Json found = Search(options, "registered-models/search", console);
  std::vector<std::vector<std::string>> rows;
  if (const Json* models = found.Find("registered_models")) {
    for (const Json& model : models->AsArray()) {
      rows.push_back({model.GetString("name"), AliasesText(model), TagsText(model),
                      model.GetString("description")});
    }
  }
  console.PrintTable({"NAME", "ALIASES", "TAGS", {"DESCRIPTION", Column::Align::kSentence}}, rows);
  HintNext(found, "models list", console);
  return 0;
}

int ListVersions(const SearchOptions& options, Console& console) {
  const Json found = Search(options, "model-versions/search", console);
  std::vector<std::vector<std::string>> rows;
  if (const Json* versions = found.Find("model_versions")) {
    for (const Json& version : versions->AsArray()) {
      rows.push_back({version.GetString("name"), version.GetString("version"),
                      version.GetString("current_stage"), AliasesText(version), TagsText(version),
                      version.GetString("run_id")});
    }
  }
  console.PrintTable({"NAME", "VERSION", "STAGE", "ALIASES", "TAGS", "RUN"}, rows);
  HintNext(found, "models versions", console);
  return 0;
}

void PrintFact(std::string_view name, const std::string& value, Console& console) {
  if (!value.empty()) console.Line(fmt::format("  {:<12}{}", name, value));
}

void PrintHistory(const Json& history, Console& console) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& change : history.At("changes").AsArray()) {
    rows.push_back({FormatTime(change.GetInt("time_ms")), change.GetString("who"),
                    change.GetString("summary")});
  }
  console.PrintTable({"TIME", "WHO", {"WHAT", Column::Align::kSentence}}, rows);
}

// The shape and type of an input or output, for people.
std::string FieldText(const Json& field) {
  std::string text = field.GetString("type");
  if (const Json* shape = field.Find("shape")) text += " " + shape->Dump();
  return field.GetBool("required", true) ? text : text + ", optional";
}

void PrintSignature(const Json& version, Console& console) {
  const Json* signature = version.Find("signature");
  if (signature == nullptr) return;
  std::vector<std::vector<std::string>> rows;
  for (const char* side : {"inputs", "outputs"}) {
    for (const Json& field : signature->At(side).AsArray()) {
      rows.push_back({side, field.GetString("name"), FieldText(field)});
    }
  }
  console.PrintTable({"SIDE", "NAME", "TYPE"}, rows);
}

void PrintPackage(const Json& version, Console& console) {
  const Json* package = version.Find("package");
  if (package == nullptr || !package->Has("flavors")) return;
  std::vector<std::string> flavors, requirements;
  for (const auto& [name, flavor] : package->At("flavors").AsObject()) flavors.push_back(name);
  for (const Json& line : package->At("requirements").AsArray()) {
    requirements.push_back(line.AsString());
  }
  PrintFact("flavors", fmt::format("{}", fmt::join(flavors, ", ")), console);
  PrintFact("needs", fmt::format("{}", fmt::join(requirements, ", ")), console);
}

int ShowVersion(const Reference& reference, Console& console) {
  Client& client = console.client();
  const VersionKey key = {reference.name,
                          ResolveModelVersion(client, reference.name, reference.version)};
  const Json version = client.Get(VersionPath(key));
  Json answer = client.Get("/api/v1/models/" + fetch::PercentEncode(key.name) + "/history",
                           {{"version", key.version}});
  answer.Set("version", version);
  console.Answer(answer);
  console.Line(fmt::format("{} version {}", key.name, key.version));
  PrintFact("stage", version.GetString("stage"), console);
  PrintFact("aliases", AliasesText(version), console);
  PrintFact("tags", TagsText(version), console);
  PrintFact("description", version.GetString("description"), console);
  PrintFact("source", version.GetString("source"), console);
  PrintFact("run", version.GetString("run_id"), console);
  PrintPackage(version, console);
  for (const Json& check : version.At("checks").AsArray()) {
    console.Line(fmt::format("  {} {}: {}", check.GetBool("passed") ? "✓" : "✗",
                             check.GetString("name"), check.GetString("summary")));
  }
  PrintSignature(version, console);
  PrintHistory(answer, console);
  return 0;
}

int ShowModel(const NameOptions& options, Console& console) {
  const Reference reference = ParseReference(options.name);
  if (!reference.version.empty()) return ShowVersion(reference, console);
  Client& client = console.client();
  Json answer = client.Get("/api/v1/models/" + fetch::PercentEncode(reference.name) + "/history");
  // A deleted model still has a history.
  try {
    const Json model = client.MlflowGet("registered-models/get", {{"name", reference.name}})
                           .At("registered_model");
    answer.Set("model", model);
    console.Line(reference.name);
    PrintFact("aliases", AliasesText(model), console);
    PrintFact("tags", TagsText(model), console);
    PrintFact("description", model.GetString("description"), console);
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) throw;
    console.Line(reference.name + ", deleted");
  }
  console.Answer(answer);
  PrintHistory(answer, console);
  return 0;
}

struct UnaliasOptions {
  std::string name, alias;
};
constexpr Option<UnaliasOptions> kUnaliasOptions[] = {
    {"", "NAME", "The registered model's name", &UnaliasOptions::name, "", 0, 0,
     Option<UnaliasOptions>::Kind::kRequired},
    {"", "ALIAS", "The alias that shall name nothing", &UnaliasOptions::alias, "", 0, 0,
     Option<UnaliasOptions>::Kind::kRequired},
};

int RemoveAlias(const UnaliasOptions& options, Console& console) {
  const Json key = Json::Of({{"name", options.name}, {"alias", options.alias}});
  console.client().Delete(std::string(kMlflow) + "registered-models/alias", key);
  console.Answer(key);
  console.Line(fmt::format("{} of {} names no version now", options.alias, options.name));
  return 0;
}

struct TagOptions {
  std::string name, key, value;
};
constexpr Option<TagOptions> kTagOptions[] = {
    {"", "NAME", "The model, or a version as NAME@VERSION", &TagOptions::name, "", 0, 0,
     Option<TagOptions>::Kind::kRequired},
    {"", "KEY", "The tag", &TagOptions::key, "", 0, 0, Option<TagOptions>::Kind::kRequired},
    {"", "VALUE", "What it shall say; without it the tag is removed", &TagOptions::value, "", 0, 0},
};

// The routes of a model or of its version, and what names it there.
struct Entity {
  std::string route;
  Json key;
};

Entity FindEntity(Client& client, const std::string& text) {
  const Reference reference = ParseReference(text);
  if (reference.version.empty()) {
    return {"registered-models/", Json::Of({{"name", reference.name}})};
  }
  return {"model-versions/", KeyJson(ResolveVersion(client, text))};
}

int SetTag(const TagOptions& options, Console& console) {
  Client& client = console.client();
  auto [route, body] = FindEntity(client, options.name);
  body.Set("key", options.key);
  if (options.value.empty()) {
    client.Delete(kMlflow + route + "delete-tag", body);
    console.Line(fmt::format("{} has no tag {} now", options.name, options.key));
  } else {
    body.Set("value", options.value);
    client.MlflowPost(route + "set-tag", body);
    console.Line(fmt::format("{}: {}={}", options.name, options.key, options.value));
  }
  console.Answer(body);
  return 0;
}

struct DescribeOptions {
  std::string name, text;
};
constexpr Option<DescribeOptions> kDescribeOptions[] = {
    {"", "NAME", "The model, or a version as NAME@VERSION", &DescribeOptions::name, "", 0, 0,
     Option<DescribeOptions>::Kind::kRequired},
    {"", "TEXT", "Its description from now on", &DescribeOptions::text, "", 0, 0,
     Option<DescribeOptions>::Kind::kRequired},
};

int Describe(const DescribeOptions& options, Console& console) {
  Client& client = console.client();
  auto [route, body] = FindEntity(client, options.name);
  body.Set("description", options.text);
  client.Patch(kMlflow + route + "update", body);
  console.Answer(body);
  console.Line(fmt::format("{}: {}", options.name, options.text));
  return 0;
}

int DeleteModel(const NameOptions& options, Console& console) {
  Client& client = console.client();
  const auto [route, key] = FindEntity(client, options.name);
  client.Delete(kMlflow + route + "delete", key);
  console.Answer(key);
  console.Line(options.name + " is deleted; its history stays");
  return 0;
}

int PrintUri(const NameOptions& options, Console& console) {
  Client& client = console.client();
  const VersionKey key = ResolveVersion(client, options.name);
  const Json found = client.MlflowGet("model-versions/get-download-uri",
                                      {{"name", key.name}, {"version", key.version}});
  console.Answer(found);
  console.Line(found.GetString("artifact_uri"));
  return 0;
}

struct DownloadOptions {
  std::string name, folder;
};
constexpr Option<DownloadOptions> kDownloadOptions[] = {
    {"", "NAME", "The version as NAME@VERSION or NAME@ALIAS", &DownloadOptions::name, "", 0, 0,
     Option<DownloadOptions>::Kind::kRequired},
    {"", "FOLDER", "Where its files go", &DownloadOptions::folder, "", 0, 0,
     Option<DownloadOptions>::Kind::kRequired},
};

int Download(const DownloadOptions& options, Console& console) {
  Client& client = console.client();
  const VersionKey key = ResolveVersion(client, options.name);
  DownloadModel(client, fmt::format("models:/{}/{}", key.name, key.version), options.folder);
  Json answer = KeyJson(key);
  answer.Set("folder", options.folder);
  console.Answer(answer);
  console.Line(fmt::format("{} version {} is in {}", key.name, key.version, options.folder));
  return 0;
}

struct DiffOptions {
  std::string name, before, after;
};
constexpr Option<DiffOptions> kDiffOptions[] = {
    {"", "NAME", "The registered model's name", &DiffOptions::name, "", 0, 0,
     Option<DiffOptions>::Kind::kRequired},
    {"", "BEFORE", "A version or alias", &DiffOptions::before, "", 0, 0,
     Option<DiffOptions>::Kind::kRequired},
    {"", "AFTER", "The version or alias to compare with it", &DiffOptions::after, "", 0, 0,
     Option<DiffOptions>::Kind::kRequired},
};

int Diff(const DiffOptions& options, Console& console) {
  Client& client = console.client();
  const VersionKey after = {options.name, ResolveModelVersion(client, options.name, options.after)};
  const Json diff =
      client.Get(VersionPath(after) + "/diff",
                 {{"with", ResolveModelVersion(client, options.name, options.before)}});
  console.Answer(diff);
  if (diff.GetBool("known")) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& change : diff.At("changes").AsArray()) {
      rows.push_back({change.GetBool("breaks") ? "breaks" : "", change.GetString("reason")});
    }
    console.Line(diff.GetBool("breaks") ? "callers would break" : "callers can go on");
    if (!rows.empty()) console.PrintTable({"", {"SCHEMA", Column::Align::kSentence}}, rows);
  } else {
    console.Line("there is no signature of both to compare");
  }
  if (const Json* files = diff.Find("files")) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& file : files->AsArray()) {
      const bool is_new = !file.Has("before");
      rows.push_back({is_new              ? "added"
                      : file.Has("after") ? "changed"
                                          : "removed",
                      file.GetString("path")});
    }
    if (!rows.empty()) console.PrintTable({"", "FILE"}, rows);
  }
  return 0;
}

}  // namespace

void AddModelRegistryCommands(Commands& commands) {
  const auto add = [&](auto name, auto summary, const auto& options, auto run) {
    commands.push_back(MakeCommand(name, summary, options, run));
  };
  add("models list", "List or search registered models", kSearchOptions, ListModels);
  add("models versions", "List or search the versions of all models", kSearchOptions, ListVersions);
  add("models show", "Show a model, or a version with its checks and signature, and its history",
      kNameOptions, ShowModel);
  add("models diff", "Compare what two versions take and their files", kDiffOptions, Diff);
  add("models unalias", "Remove an alias", kUnaliasOptions, RemoveAlias);
  add("models tag", "Set or remove a tag of a model or version", kTagOptions, SetTag);
  add("models describe", "Describe a model or version", kDescribeOptions, Describe);
  add("models delete", "Delete a model with its versions, or one version", kNameOptions,
      DeleteModel);
  add("models uri", "Print where the files of a version are", kNameOptions, PrintUri);
  add("models download", "Download the files of a version", kDownloadOptions, Download);
}

}  // namespace millwright::cli
