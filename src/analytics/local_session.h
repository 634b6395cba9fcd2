#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session_backend.h"

namespace millwright::analytics {

// A DuckDB database in this process.
class LocalSession final : public SessionBackend {
 public:
  // Throws kFailedPrecondition when the DuckDB library is not one of 1.4.4 … 1.5.x.
  explicit LocalSession(const SessionOptions& options);
  ~LocalSession() override;

  void Execute(const std::string& sql) override;
  Table Query(const std::string& sql) override;
  FloatMatrix QueryFloats(const std::string& sql) override;
  void Stream(const std::string& sql, const EachPiece& each) override { Stream(sql, {}, each); }
  // Tells the columns first, which an answer without rows has too.
  void Stream(const std::string& sql, const std::function<void(const std::vector<Column>&)>& begin,
              const EachPiece& each);
  void StreamNumbers(const std::string& sql, const EachNumbers& each) override;
  std::unique_ptr<AppenderBackend> Append(const std::string& table) override;
  std::vector<Column> Describe(const std::string& sql) override;
  void RequireOneSelect(const std::string& sql) override;
  std::optional<double> Progress() const override;
  void Interrupt() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millwright::analytics
