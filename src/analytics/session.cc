#include "analytics/session.h"

#include "analytics/duckdb_library.h"
#include "analytics/local_session.h"
#include "analytics/remote_session.h"
#include "analytics/session_backend.h"

namespace millwright::analytics {
namespace {

std::unique_ptr<SessionBackend> Open(const SessionOptions& options) {
  if (options.host != nullptr) return std::make_unique<RemoteSession>(options);
  return std::make_unique<LocalSession>(options);
}

}  // namespace

Session::Session(const SessionOptions& options) : backend_(Open(options)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

void Session::Execute(const std::string& sql) {
  backend_->Execute(sql);
}
Table Session::Query(const std::string& sql) {
  return backend_->Query(sql);
}
FloatMatrix Session::QueryFloats(const std::string& sql) {
  return backend_->QueryFloats(sql);
}
void Session::Stream(const std::string& sql, const std::function<bool(const Table&)>& each) {
  backend_->Stream(sql, each);
}
void Session::StreamNumbers(
    const std::string& sql,
    const std::function<bool(const std::vector<NumberSpan>&, size_t)>& each) {
  backend_->StreamNumbers(sql, each);
}
Session::Appender Session::Append(const std::string& table) {
  return Appender(backend_->Append(table));
}
std::vector<Column> Session::Describe(const std::string& sql) {
  return backend_->Describe(sql);
}
void Session::RequireOneSelect(const std::string& sql) {
  backend_->RequireOneSelect(sql);
}
std::optional<double> Session::Progress() const {
  return backend_->Progress();
}
void Session::Interrupt() {
  backend_->Interrupt();
}

Session::Appender::Appender(std::unique_ptr<AppenderBackend> backend)
    : backend_(std::move(backend)) {}
Session::Appender::Appender(Appender&&) noexcept = default;
Session::Appender::~Appender() = default;

void Session::Appender::Null() {
  backend_->Null();
}
void Session::Appender::Add(bool value) {
  backend_->Add(value);
}
void Session::Appender::Add(int64_t value) {
  backend_->Add(value);
}
void Session::Appender::Add(uint64_t value) {
  backend_->Add(value);
}
void Session::Appender::Add(float value) {
  backend_->Add(value);
}
void Session::Appender::Add(double value) {
  backend_->Add(value);
}
void Session::Appender::Add(std::string_view value) {
  backend_->Add(value);
}
void Session::Appender::EndRow() {
  backend_->EndRow();
}
void Session::Appender::Close() {
  backend_->Close();
}

std::string LibraryVersion() {
  const std::string_view text = duckdb_library_version();
  return std::string(text.starts_with("v") ? text.substr(1) : text);
}

}  // namespace millwright::analytics
