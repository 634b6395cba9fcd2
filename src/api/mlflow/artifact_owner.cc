#include "api/mlflow/artifact_owner.h"

#include "tracking/logged_model_store.h"

namespace millwright::api::mlflow {

tracking::RunId OwnerOf(Context& context, const std::string& path) {
  const size_t end = path.find("/artifacts/");
  if (end == std::string::npos) return {};
  const std::string folder = path.substr(0, end);
  const std::string name = folder.substr(folder.rfind('/') + 1);
  return name.starts_with("m-") ? context.logged_models.SourceRun(tracking::LoggedModelId(name))
                                : tracking::RunId(name);
}

}  // namespace millwright::api::mlflow
