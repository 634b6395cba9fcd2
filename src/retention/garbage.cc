#include "retention/garbage.h"

#include <charconv>

#include "base/error.h"
#include "retention/collection.h"

namespace millwright::retention {
namespace {

constexpr int64_t kPageUs = 3'000'000;

struct KindRow {
  Kind kind;
  std::string_view name;
};
constexpr KindRow kKinds[] = {{Kind::kAbandoned, "abandoned"},
                              {Kind::kArtifact, "artifact"},
                              {Kind::kUpload, "upload"},
                              {Kind::kModel, "logged_model"},
                              {Kind::kRun, "run"},
                              {Kind::kExperiment, "experiment"},
                              {Kind::kCopy, "copy"},
                              {Kind::kUnknown, "unknown"}};

Error MalformedToken() {
  return InvalidArgument("Malformed page token").WithField("after");
}

// Where a page begins: a kind, and a place in it.
std::pair<Kind, std::string> ParseToken(const std::string& token) {
  if (token.empty()) return {Kind::kAbandoned, ""};
  const size_t colon = token.find(':');
  if (colon == std::string::npos) throw MalformedToken();
  for (const auto& row : kKinds)
    if (row.name == std::string_view(token).substr(0, colon))
      return {row.kind, token.substr(colon + 1)};
  throw MalformedToken();
}

int64_t ParseNumber(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && (error != std::errc() || end != text.data() + text.size()))
    throw MalformedToken();
  return text.empty() ? -1 : number;
}

void RequireWellFormed(const Request& request) {
  if (request.grace_ms < 0 || request.grace_ms > kGraceMsMax)
    throw InvalidArgument("The grace period is 0 to {} ms", kGraceMsMax).WithField("grace_ms");
  const size_t most =
      std::max({request.runs.size(), request.experiments.size(), request.models.size()});
  if (most > kNamedMax)
    throw InvalidArgument("A collection names at most {} runs, experiments or models", kNamedMax);
}

}  // namespace

std::string_view KindName(Kind kind) {
  return kKinds[static_cast<size_t>(kind)].name;
}

Page Garbage::Collect(const Request& request) {
  RequireWellFormed(request);
  return Collection(database_, artifacts_, uploads_, events_, clock_, request).Run();
}

Collection::Collection(storage::Database& database, artifacts::Artifacts& artifacts,
                       artifacts::PartUploads& uploads, events::EventLog& events,
                       const Clock& clock, const Request& request)
    : database_(database),
      artifacts_(artifacts),
      uploads_(uploads),
      events_(events),
      clock_(clock),
      request_(request),
      references_(database, artifacts),
      started_us_(MonotonicUs()),
      started_ms_(clock.NowMs()) {}

Page Collection::Run() {
  auto [kind, after] = ParseToken(request_.after);
  if (request_.after.empty()) RequireNamed();
  for (const auto& row : kKinds) {
    if (row.kind < kind || !Includes(row.kind)) continue;
    const Place rest = Visit(row.kind, row.kind == kind ? after : "");
    if (!rest) continue;
    page_.after = std::string(row.name) + ":" + *rest;
    break;
  }
  return std::move(page_);
}

void Collection::RequireNamed() {
  database_.Read([&](storage::Connection& connection) {
    for (const auto& id : request_.runs) tracking::FindDeletedRun(connection, id);
    for (const auto& id : request_.models) tracking::FindDeletedModel(connection, id);
    for (const auto& id : request_.experiments) tracking::FindDeletedExperiment(connection, id);
  });
}

bool Collection::Includes(Kind kind) const {
  switch (kind) {
    case Kind::kAbandoned:
      return true;
    case Kind::kArtifact:
    case Kind::kUpload:
    case Kind::kCopy:
      return !request_.names_any();
    case Kind::kModel:
      return !request_.names_any() || !request_.models.empty();
    case Kind::kRun:
      return !request_.names_any() || !request_.runs.empty() || !request_.experiments.empty();
    case Kind::kExperiment:
      return !request_.names_any() || !request_.experiments.empty();
    case Kind::kUnknown:
      return request_.unknown != Unknown::kIgnore;
  }
  return false;
}

Collection::Place Collection::Visit(Kind kind, const std::string& after) {
  switch (kind) {
    case Kind::kAbandoned:
      return Abandoned(after);
    case Kind::kArtifact:
      return DeletedArtifacts(after);
    case Kind::kUpload:
      return Uploads(after);
    case Kind::kModel:
      return Models(after);
    case Kind::kRun:
      return request_.names_any() ? NamedRuns(after) : Runs(ParseNumber(after));
    case Kind::kExperiment:
      return Experiments(ParseNumber(after));
    case Kind::kCopy:
      return Copies(after);
    case Kind::kUnknown:
      return UnknownFiles(after);
  }
  return std::nullopt;
}

bool Collection::IsFull() const {
  return page_.findings.size() >= std::min(request_.findings_max, kFindingsMax) ||
         (!page_.findings.empty() && MonotonicUs() - started_us_ > kPageUs);
}

void Collection::Add(Finding finding, const std::string& kept, std::string_view why_removed) {
  finding.is_removed = kept.empty();
  finding.why = kept.empty() ? std::string(why_removed) : kept;
  page_.findings.push_back(std::move(finding));
}

std::string Collection::Young(int64_t since_ms) const {
  return clock_.NowMs() - since_ms < request_.grace_ms
             ? "it was deleted less than the grace period ago"
             : "";
}

}  // namespace millwright::retention
