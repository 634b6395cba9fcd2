#pragma once

#include "client/client.h"
#include "client/model_version.h"
#include "supply/origin.h"

namespace millwright::supply {

// A registered model of a Millwright server, or of another that speaks MLflow's REST: one version
// (models:/NAME/7), what an alias names (models:/NAME@champion), or all that the policy chooses
// (models:/NAME). The model's aliases are labels. The files of a version never change.
class RegistryOrigin : public Origin {
 public:
  // Throws kInvalidArgument for a malformed URI. A stop ends a call that is under way.
  RegistryOrigin(const std::string& uri, const std::string& server, const std::stop_token& stop);

  const std::string& address() const override { return uri_; }
  Offer Look(const VersionPolicy& policy) override;
  void Fetch(const OfferedVersion& version, const std::filesystem::path& folder) override;

 private:
  std::string DigestOfVersion(const Json& version) const;
  std::vector<Json> AllVersions();
  std::vector<Json> Chosen(const Json& model, const VersionPolicy& policy);

  const std::string uri_;
  const client::ModelUri model_;
  client::Client client_;
};

}  // namespace millwright::supply
