#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"

namespace millwright::analytics {

// What Session::Appender promises.
class AppenderBackend {
 public:
  virtual ~AppenderBackend() = default;
  virtual void Null() = 0;
  virtual void Add(bool value) = 0;
  virtual void Add(int64_t value) = 0;
  virtual void Add(uint64_t value) = 0;
  virtual void Add(float value) = 0;
  virtual void Add(double value) = 0;
  virtual void Add(std::string_view value) = 0;
  virtual void EndRow() = 0;
  virtual void Close() = 0;
};

// What Session promises, kept here (LocalSession) or by another process (RemoteSession).
class SessionBackend {
 public:
  using EachPiece = std::function<bool(const Table&)>;
  using EachNumbers = std::function<bool(const std::vector<NumberSpan>& columns, size_t rows)>;

  virtual ~SessionBackend() = default;
  virtual void Execute(const std::string& sql) = 0;
  virtual Table Query(const std::string& sql) = 0;
  virtual FloatMatrix QueryFloats(const std::string& sql) = 0;
  virtual void Stream(const std::string& sql, const EachPiece& each) = 0;
  virtual void StreamNumbers(const std::string& sql, const EachNumbers& each) = 0;
  virtual std::unique_ptr<AppenderBackend> Append(const std::string& table) = 0;
  virtual std::vector<Column> Describe(const std::string& sql) = 0;
  virtual void RequireOneSelect(const std::string& sql) = 0;
  virtual std::optional<double> Progress() const = 0;
  virtual void Interrupt() = 0;
};

}  // namespace millwright::analytics
