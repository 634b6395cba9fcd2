#include "api/mlflow/version_source.h"

#include <algorithm>
#include <optional>

#include "api/mlflow/safe_path.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "http/message.h"
#include "registry/registry.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace millwright::api::mlflow {
namespace {

constexpr std::string_view kModels = "models:/";
constexpr std::string_view kRuns = "runs:/";
constexpr std::string_view kProxyRoutes[] = {"/api/2.0/mlflow-artifacts/artifacts/",
                                             "/ajax-api/2.0/mlflow-artifacts/artifacts/"};

// The scheme of an address as it is written; no address is told from C:\ by its one letter.
std::string_view SchemeOf(std::string_view uri) {
  const size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon < 2) return {};
  for (const char c : uri.substr(0, colon)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!letter) return {};
  }
  return uri.substr(0, colon);
}

// Whether an address is of this machine's files, or of files of a host in Windows' spelling.
bool IsLocal(std::string_view uri) {
  const std::string_view scheme = SchemeOf(uri);
  return scheme.empty() || http::EqualsIgnoringCase(scheme, "file");
}

// Whether somebody who reads '\', ';', '?' or '#' in an address in another way than we do, or
// decodes it once more, could climb out of its folder.
bool Climbs(std::string_view source) {
  std::string text = FullyDecoded(source);
  for (char& c : text) {
    if (c == '\\' || c == ';' || c == '?' || c == '#') c = '/';
  }
  return HasParentSegment(text);
}

// The path of an address without scheme, query and fragment.
std::string_view PathOf(std::string_view uri) {
  uri = uri.substr(0, uri.find('#'));
  uri = uri.substr(0, uri.find('?'));
  const std::string_view scheme = SchemeOf(uri);
  if (scheme.empty()) return uri;
  uri.remove_prefix(scheme.size() + 1);
  if (uri.starts_with("//")) {
    const size_t slash = uri.find('/', 2);
    return slash == std::string_view::npos ? std::string_view() : uri.substr(slash);
  }
  return uri;
}

// Versions that are no models have sources that are no addresses.
constexpr std::string_view kPromptTag = "mlflow.prompt.is_prompt";

bool IsPrompt(const CreateModelVersion& version) {
  for (const auto& tag : version.tags) {
    if (tag.key == kPromptTag) return true;
  }
  return false;
}

VersionOrigin FromLoggedModel(Context& context, const std::string& model_id) {
  const auto model = context.logged_models.Get(tracking::LoggedModelId(model_id));
  return {model.artifact_uri, model.source_run_id, model_id};
}

VersionOrigin ResolveModelsUri(Context& context, const std::string& source) {
  const std::string_view rest = std::string_view(source).substr(kModels.size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    return FromLoggedModel(context, std::string(rest));
  }
  const registry::ModelName name{std::string(rest.substr(0, slash))};
  try {
    const int64_t version = registry::ParseVersion(std::string(rest.substr(slash + 1)));
    const auto found = context.registry.GetVersion(name, version);
    return {found.artifact_uri, found.run_id, found.model_id};
  } catch (const Error& error) {
    throw InvalidArgument(
        "Unable to fetch model from model URI source artifact location '{}'.Error: {}", source,
        error.message());
  }
}

// The address of `runs:/RUN/path`; nothing for a run that is not here.
std::optional<std::string> ResolveRunsUri(Context& context, const std::string& source) {
  const std::string_view rest = std::string_view(source).substr(kRuns.size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  try {
    const auto run = context.runs.GetInfo(tracking::RunId(std::string(rest.substr(0, slash))));
    return artifacts::JoinPath(run.artifact_uri, rest.substr(slash + 1));
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound && error.code() != Code::kInvalidArgument) throw;
    return std::nullopt;
  }
}

// The address of a file or folder that this server hands out over HTTP; nothing for what others do.
std::optional<std::string> ResolveOwnUrl(std::string_view source, std::string_view host) {
  const size_t authority = source.find("://");
  if (authority == std::string_view::npos || host.empty()) return std::nullopt;
  const std::string_view rest = source.substr(authority + 3);
  const size_t slash = std::min(rest.find('/'), rest.size());
  if (!http::EqualsIgnoringCase(rest.substr(0, slash), host)) return std::nullopt;
  for (const std::string_view route : kProxyRoutes) {
    if (!rest.substr(slash).starts_with(route)) continue;
    return "mlflow-artifacts:/" + FullyDecoded(rest.substr(slash + route.size()));
  }
  return std::nullopt;
}

[[noreturn]] void RefuseClimb(const std::string& source) {
  throw InvalidArgument(
      "Invalid model version source: '{}'. If supplying a source as an http, https, local file "
      "path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided "
      "without relative path references present. Please provide an absolute path.",
      source);
}

// A local path is fine only inside of the folder of the run or logged model that is named.
void RequireInsideOfOwner(Context& context, const CreateModelVersion& version) {
  const auto inside = [&](const std::string& uri) {
    if (!IsLocal(uri)) return false;
    const std::string_view folder = PathOf(uri);
    const std::string path = FullyDecoded(PathOf(version.source));
    return !Climbs(version.source) && path.starts_with(folder) &&
           (path.size() == folder.size() || path[folder.size()] == '/');
  };
  if (!version.model_id.empty() &&
      inside(context.logged_models.Get(tracking::LoggedModelId(version.model_id)).artifact_uri)) {
    return;
  }
  if (!version.run_id.empty() &&
      inside(context.runs.GetInfo(tracking::RunId(version.run_id)).artifact_uri)) {
    return;
  }
  throw InvalidArgument(
      "Invalid model version source: '{}'. To use a local path as a model version source, the "
      "run_id request parameter has to be specified and the local path has to be contained within "
      "the artifact directory of the run specified by the run_id.",
      version.source);
}

}  // namespace

VersionOrigin ResolveSource(Context& context, const CreateModelVersion& version,
                            std::string_view host) {
  const std::string& source = version.source;
  VersionOrigin origin;
  if (!version.model_id.empty()) origin = FromLoggedModel(context, version.model_id);
  if (source.starts_with(kModels)) {
    origin = ResolveModelsUri(context, source);
  } else {
    origin.artifact_uri = source;
    if (IsLocal(source)) {
      if (!IsPrompt(version)) RequireInsideOfOwner(context, version);
    } else if (HasParentSegment(FullyDecoded(PathOf(source)))) {
      RefuseClimb(source);
    }
    if (source.starts_with(kRuns)) {
      if (auto uri = ResolveRunsUri(context, source)) origin.artifact_uri = *std::move(uri);
    } else if (SchemeOf(source).starts_with("http")) {
      if (auto uri = ResolveOwnUrl(source, host)) origin.artifact_uri = *std::move(uri);
    }
  }
  // What this server keeps itself must be a path that it could have stored. Another store may have
  // '#' and '?' in its names.
  if (const auto path = artifacts::StorePath(origin.artifact_uri)) {
    SafePath(*path);
    if (Climbs(origin.artifact_uri)) RefuseClimb(source);
  }
  if (SchemeOf(source).starts_with("http") && Climbs(source)) RefuseClimb(source);
  if (!version.run_id.empty()) origin.run_id = version.run_id;
  return origin;
}

}  // namespace millwright::api::mlflow
