#include "cli/run_finder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

constexpr size_t kShortIdSize = 8;
constexpr size_t kRunIdSize = 32;
constexpr int kCandidatesMax = 5;
constexpr int kExperimentPageMax = 50'000;

const std::string& IdOf(const Json& run) {
  return run.At("info").At("run_id").AsString();
}

bool IsNotThere(const Error& error) {
  return error.code() == Code::kNotFound || error.code() == Code::kInvalidArgument;
}

bool MayBeginAnId(const std::string& words) {
  return words.size() >= kIdPrefixMin && words.size() < kRunIdSize &&
         std::all_of(words.begin(), words.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-';
         });
}

// Adds the runs that a filter finds, a few more than may be named, each once.
void AddFound(Client& client, const Json& experiment_ids, const std::string& filter,
              Lifecycle lifecycle, std::vector<Json>* runs) {
  const Json found =
      client.MlflowPost("runs/search", Json::Of({{"experiment_ids", experiment_ids},
                                                 {"filter", filter},
                                                 {"run_view_type", ViewTypeName(lifecycle)},
                                                 {"max_results", kCandidatesMax + 1}}));
  const Json* list = found.Find("runs");
  if (list == nullptr) return;
  for (const Json& run : list->AsArray()) {
    const bool is_known = std::any_of(runs->begin(), runs->end(),
                                      [&](const Json& known) { return IdOf(known) == IdOf(run); });
    if (!is_known) runs->push_back(run);
  }
}

bool IsWanted(const Json& run, Lifecycle lifecycle) {
  const bool is_deleted = run.At("info").GetString("lifecycle_stage") == "deleted";
  return lifecycle == Lifecycle::kAll || is_deleted == (lifecycle == Lifecycle::kDeleted);
}

[[noreturn]] void RefuseAmbiguous(const std::string& words, const std::vector<Json>& runs) {
  std::string names;
  for (size_t i = 0; i < runs.size() && i < kCandidatesMax; ++i)
    names += fmt::format("\n  {}  {}", IdOf(runs[i]),
                         Printable(runs[i].At("info").GetString("run_name")));
  if (runs.size() > kCandidatesMax) names += "\n  …";
  throw InvalidArgument("{} may be any of several runs; give more of the id:{}", words, names);
}

[[noreturn]] void RefuseUnknown(const std::string& words, Lifecycle lifecycle) {
  switch (lifecycle) {
    case Lifecycle::kActive:
      throw NotFound("Run (not deleted)", words);
    case Lifecycle::kDeleted:
      throw NotFound("Deleted run", words);
    case Lifecycle::kAll:
      break;
  }
  throw NotFound("Run", words);
}

// Quotes a text for a filter; the language has no escapes, so that one with both kinds of quotes
// cannot be written.
std::string Quoted(const std::string& text) {
  const char quote = text.find('\'') == std::string::npos ? '\'' : '"';
  if (text.find(quote) != std::string::npos)
    throw InvalidArgument("A name with both kinds of quotes cannot be searched; give the run's id");
  return quote + text + quote;
}

}  // namespace

std::string_view ViewTypeName(Lifecycle lifecycle) {
  switch (lifecycle) {
    case Lifecycle::kActive:
      return "ACTIVE_ONLY";
    case Lifecycle::kDeleted:
      return "DELETED_ONLY";
    case Lifecycle::kAll:
      break;
  }
  return "ALL";
}

Json FindExperiment(Client& client, const std::string& words) {
  try {
    return client.MlflowGet("experiments/get-by-name", {{"experiment_name", words}})
        .At("experiment");
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) throw;
  }
  const bool is_number =
      !words.empty() && words.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) {
    try {
      return client.MlflowGet("experiments/get", {{"experiment_id", words}}).At("experiment");
    } catch (const Error& error) {
      if (!IsNotThere(error)) throw;
    }
  }
  throw NotFound("Experiment", words);
}

Json AllExperimentIds(Client& client, Lifecycle lifecycle) {
  Json ids = Json::MakeArray();
  std::string token;
  do {
    Json body =
        Json::Of({{"max_results", kExperimentPageMax}, {"view_type", ViewTypeName(lifecycle)}});
    if (!token.empty()) body.Set("page_token", token);
    const Json page = client.MlflowPost("experiments/search", body);
    if (const Json* experiments = page.Find("experiments"))
      for (const Json& one : experiments->AsArray()) ids.Append(one.At("experiment_id"));
    token = page.GetString("next_page_token");
  } while (!token.empty());
  return ids;
}

Json FindRun(Client& client, const std::string& words, Lifecycle lifecycle) {
  if (words.size() == kRunIdSize) {
    try {
      Json run = client.MlflowGet("runs/get", {{"run_id", words}}).At("run");
      if (IsWanted(run, lifecycle)) return run;
      RefuseUnknown(words, lifecycle);
    } catch (const Error& error) {
      if (!IsNotThere(error)) throw;
    }
  }
  // Deleted experiments take their runs with them, so that the runs' lifecycle alone decides.
  const Json experiment_ids = AllExperimentIds(client, Lifecycle::kAll);
  std::vector<Json> runs;
  if (MayBeginAnId(words))
    AddFound(client, experiment_ids, "attributes.run_id LIKE " + Quoted(words + "%"), lifecycle,
             &runs);
  AddFound(client, experiment_ids, "attributes.run_name = " + Quoted(words), lifecycle, &runs);
  if (runs.size() > 1) RefuseAmbiguous(words, runs);
  if (runs.empty()) RefuseUnknown(words, lifecycle);
  return runs.front();
}

std::string ShortId(const std::string& run_id) {
  return run_id.substr(0, kShortIdSize);
}

std::string RunTitle(const Json& run) {
  const Json& info = run.At("info");
  return fmt::format("{} ({})", Printable(info.GetString("run_name")), ShortId(IdOf(run)));
}

}  // namespace millwright::cli
