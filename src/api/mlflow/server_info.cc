#include "api/mlflow/server_info.h"

namespace millwright::api::mlflow::server_info {

http::Response Get(Context&, const http::Request&) {
  return http::Response::JsonText(200,
                                  R"({"store_type": "SqlStore", "workspaces_enabled": false})");
}

}  // namespace millwright::api::mlflow::server_info
