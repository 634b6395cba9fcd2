#include "analytics/remote_session.h"

#include <signal.h>

#include <cstring>
#include <exception>
#include <filesystem>
#include <utility>

#include "analytics/session_worker.h"
#include "base/clock.h"
#include "base/id.h"

namespace millwright::analytics {
namespace {

// Rows of an Appender go to the child when there are so many bytes of them.
constexpr size_t kAppendBytes = 1 << 20;
// A child whose socket was closed is ending.
constexpr int64_t kEndMsMax = 5'000;

std::vector<Column> ReadColumns(FrameReader& frame) {
  std::vector<Column> columns;
  for (uint64_t left = frame.Get<uint64_t>(); left > 0; --left) {
    Column column;
    column.name = frame.GetText();
    column.type = frame.Get<ColumnType>();
    column.sql_type = frame.GetText();
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace

RemoteSession::SpillFolder::SpillFolder(const SessionOptions& options) {
  const auto temp = options.temp_dir.empty() ? std::filesystem::temp_directory_path()
                                             : std::filesystem::path(options.temp_dir);
  path_ = temp / ("millwright-sql-" + NewHexId());
}

RemoteSession::SpillFolder::~SpillFolder() {
  std::error_code ignored;  // there only where the child has opened
  std::filesystem::remove_all(path_, ignored);
}

RemoteSession::RemoteSession(const SessionOptions& options)
    : options_(options),
      spill_folder_(options),
      place_(options.host->Take(options.is_wanted)),
      channel_(place_->socket(), [this] { Look(); }) {
  const uint64_t bytes_max = options.host->options().memory_bytes_max;
  SessionOptions child = options;
  child.temp_dir = spill_folder_.path().string();
  child.memory_bytes_max = std::min(options.memory_bytes_max, bytes_max);
  Ask(FrameKind::kOpen, EncodeOpening(child, bytes_max));
}

void RemoteSession::Break(const Error& error) {
  broken_ = error;
  place_->process().Signal(SIGKILL);
  throw error;
}

void RemoteSession::Look() {
  if (options_.is_wanted && !options_.is_wanted())
    Break(Aborted("Nobody waits for the answer any more"));
  if (deadline_us_ != 0 && MonotonicUs() > deadline_us_) {
    Break(DeadlineExceeded("The query did not end within {} s and was killed",
                           options_.time_limit_ms / 1000));
  }
}

void RemoteSession::ChildEnded() {
  const uint64_t memory_mb = options_.host->options().memory_bytes_max >> 20;
  const std::optional<ExitStatus> status = place_->process().Wait(kEndMsMax);
  const int signal = status ? status->signal : 0;
  switch (signal) {
    case SIGXCPU:
      Break(DeadlineExceeded("The query did not end within {} s of each processor",
                             options_.time_limit_ms / 1000));
    case SIGABRT:
    case SIGSEGV:
    case SIGBUS:
      Break(
          ResourceExhausted("The process of the SQL crashed (signal {}, {}), most likely for "
                            "want of memory: it may take {} MB (sql.memory_mib)",
                            signal, strsignal(signal), memory_mb));
    case 0:
      Break(Unavailable("The process of the SQL ended before it had answered: ask again"));
    default:
      Break(
          Unavailable("The process of the SQL was ended from outside before it had answered "
                      "(signal {}, {}): ask again",
                      signal, strsignal(signal)));
  }
}

void RemoteSession::Ask(FrameKind kind, std::string_view bytes, const EachFrame& each) {
  if (broken_) throw *broken_;
  deadline_us_ = options_.time_limit_ms == 0
                     ? 0
                     : MonotonicUs() + (options_.time_limit_ms + kKillGraceMs) * 1000;
  answer_bytes_ = 0;
  outside_us_ = 0;
  std::optional<Error> answer;
  try {
    if (!channel_.Send(kind, bytes)) ChildEnded();
    answer = ReadAnswer(each);
  } catch (const Error& error) {
    if (!broken_) Break(error);
    throw;
  } catch (const std::exception& error) {
    Break(Internal("{}", error.what()));
  }
  if (answer) throw *answer;
}

std::optional<Error> RemoteSession::ReadAnswer(const EachFrame& each) {
  while (true) {
    std::optional<Frame> frame = channel_.Receive();
    if (!frame) ChildEnded();
    if (frame->kind == FrameKind::kDone) return std::nullopt;
    FrameReader reader(frame->bytes);
    if (frame->kind == FrameKind::kError) {
      const auto code = reader.Get<Code>();
      std::string message(reader.GetText());
      if (message.starts_with("Out of ")) {
        message = fmt::format("SQL may take {} MB (sql.memory_mib): {}",
                              options_.host->options().memory_bytes_max >> 20, message);
      }
      return Error(code, std::move(message));
    }
    if (each) each(reader, frame->kind);
  }
}

bool RemoteSession::Outside(const std::function<bool()>& take) {
  const int64_t begin_us = MonotonicUs();
  const bool goes_on = take();
  const int64_t took_us = MonotonicUs() - begin_us;
  if (deadline_us_ == 0) return goes_on;
  deadline_us_ += took_us;
  outside_us_ += took_us;
  if (!goes_on || outside_us_ <= kTakingMsMax * 1000) return goes_on;
  throw DeadlineExceeded("The answer was not taken within {} s", kTakingMsMax / 1000);
}

void RemoteSession::Execute(const std::string& sql) {
  Ask(FrameKind::kExecute, sql);
}

void RemoteSession::ReadCells(FrameReader& frame, Table* table) {
  const auto column = frame.Get<uint32_t>();
  if (column >= table->cells_.size()) throw Internal("A session's process sent an unknown column");
  std::vector<Table::Cell>& cells = table->cells_[column];
  while (!frame.done()) {
    switch (frame.Get<uint8_t>()) {
      case 0:
        cells.emplace_back();
        break;
      case 1:
        cells.emplace_back(frame.Get<uint8_t>() != 0);
        break;
      case 2:
        cells.emplace_back(frame.Get<int64_t>());
        break;
      case 3:
        cells.emplace_back(frame.Get<double>());
        break;
      case 4: {
        const std::string_view text = frame.GetText();
        answer_bytes_ += text.size();
        cells.emplace_back(std::string(text));
        break;
      }
      default:
        throw Internal("A session's process sent an unknown value");
    }
    answer_bytes_ += sizeof(Table::Cell);
  }
  if (answer_bytes_ <= kAnswerBytesMax) return;
  Break(ResourceExhausted("The answer is larger than {} MB: ask for fewer rows or columns",
                          kAnswerBytesMax >> 20));
}

bool RemoteSession::ReadTable(FrameReader& frame, FrameKind kind, Table* table) {
  if (kind == FrameKind::kColumns) {
    table->columns_ = ReadColumns(frame);
    table->cells_.resize(table->columns_.size());
  } else if (kind == FrameKind::kCells) {
    ReadCells(frame, table);
  }
  if (kind != FrameKind::kPiece) return false;
  table->row_count_ += frame.Get<uint64_t>();
  for (const auto& cells : table->cells_) {
    if (cells.size() != table->row_count_)
      throw Internal("A session's process sent columns of unequal length");
  }
  return true;
}

Table RemoteSession::Query(const std::string& sql) {
  Table table;
  Ask(FrameKind::kStream, sql,
      [&](FrameReader& frame, FrameKind kind) { ReadTable(frame, kind, &table); });
  return table;
}

void RemoteSession::Stream(const std::string& sql, const EachPiece& each) {
  Table table;
  bool is_stopped = false;
  std::exception_ptr failure;
  Ask(FrameKind::kStream, sql, [&](FrameReader& frame, FrameKind kind) {
    if (is_stopped || !ReadTable(frame, kind, &table)) return;
    try {
      is_stopped = !Outside([&] { return each(table); });
    } catch (...) {
      failure = std::current_exception();
      is_stopped = true;
    }
    if (is_stopped) channel_.Send(FrameKind::kStop, "");
    for (auto& cells : table.cells_) cells.clear();
    table.row_count_ = 0;
    answer_bytes_ = 0;
  });
  if (failure) std::rethrow_exception(failure);
}

void RemoteSession::StreamNumbers(const std::string& sql, const EachNumbers& each) {
  bool is_stopped = false;
  std::exception_ptr failure;
  std::vector<std::vector<uint64_t>> words, validities;
  Ask(FrameKind::kStreamNumbers, sql, [&](FrameReader& frame, FrameKind) {
    if (is_stopped) return;
    const auto rows = frame.Get<uint64_t>();
    const auto count = frame.Get<uint32_t>();
    if (rows > kFrameBytesMax || count > kFrameBytesMax)
      throw Internal("A session's process sent what is no frame");
    words.resize(count);
    validities.resize(count);
    std::vector<NumberSpan> spans(count);
    const auto copy = [&](std::vector<uint64_t>* into, uint64_t size) {
      const std::string_view raw = frame.GetRaw(size * sizeof(uint64_t));
      into->resize(size);
      std::memcpy(into->data(), raw.data(), raw.size());
      return into->data();
    };
    for (uint32_t i = 0; i < count; ++i) {
      const bool is_real = frame.Get<uint8_t>() != 0;
      const bool has_validity = frame.Get<uint8_t>() != 0;
      const void* data = copy(&words[i], rows);
      if (is_real) {
        spans[i].reals = static_cast<const double*>(data);
      } else {
        spans[i].integers = static_cast<const int64_t*>(data);
      }
      if (has_validity) spans[i].validity = copy(&validities[i], (rows + 63) / 64);
    }
    try {
      is_stopped = !Outside([&] { return each(spans, rows); });
    } catch (...) {
      failure = std::current_exception();
      is_stopped = true;
    }
    if (is_stopped) channel_.Send(FrameKind::kStop, "");
  });
  if (failure) std::rethrow_exception(failure);
}

FloatMatrix RemoteSession::QueryFloats(const std::string& sql) {
  FloatMatrix matrix;
  Ask(FrameKind::kQueryFloats, sql, [&](FrameReader& frame, FrameKind kind) {
    if (kind == FrameKind::kColumns) {
      for (Column& column : ReadColumns(frame)) matrix.columns.push_back(std::move(column.name));
      matrix.row_count = frame.Get<uint64_t>();
      return;
    }
    const std::string_view raw = frame.GetRaw(frame.Get<uint64_t>());
    answer_bytes_ += raw.size();
    if (answer_bytes_ > kAnswerBytesMax)
      Break(ResourceExhausted("The answer is larger than {} MB: ask for fewer rows or columns",
                              kAnswerBytesMax >> 20));
    const size_t start = matrix.values.size();
    matrix.values.resize(start + raw.size() / sizeof(float));
    std::memcpy(&matrix.values[start], raw.data(), raw.size());
  });
  if (matrix.values.size() != matrix.row_count * matrix.columns.size())
    throw Internal("A session's process sent a matrix that is cut");
  return matrix;
}

std::vector<Column> RemoteSession::Describe(const std::string& sql) {
  std::vector<Column> columns;
  Ask(FrameKind::kDescribe, sql,
      [&](FrameReader& frame, FrameKind) { columns = ReadColumns(frame); });
  return columns;
}

void RemoteSession::RequireOneSelect(const std::string& sql) {
  Ask(FrameKind::kRequireOneSelect, sql);
}

void RemoteSession::Interrupt() {
  kill(place_->process().pid(), SIGKILL);
}

// Cells are sent in batches.
class RemoteAppender final : public AppenderBackend {
 public:
  RemoteAppender(RemoteSession& session, const std::string& table) : session_(session) {
    session_.Ask(FrameKind::kAppendTo, table);
  }

  void Null() override { cells_.Put(AppendedCell::kNull); }
  void Add(bool value) override { AddCell(AppendedCell::kBool, value); }
  void Add(int64_t value) override { AddCell(AppendedCell::kInteger, value); }
  void Add(uint64_t value) override { AddCell(AppendedCell::kUnsigned, value); }
  void Add(float value) override { AddCell(AppendedCell::kFloat, value); }
  void Add(double value) override { AddCell(AppendedCell::kDouble, value); }
  void Add(std::string_view value) override {
    cells_.Put(AppendedCell::kText);
    cells_.PutText(value);
  }
  void EndRow() override {
    cells_.Put(AppendedCell::kEndRow);
    if (cells_.bytes().size() > kAppendBytes) Flush();
  }
  void Close() override {
    Flush();
    session_.Ask(FrameKind::kAppendClose, "");
  }

 private:
  template <typename T>
  void AddCell(AppendedCell kind, T value) {
    cells_.Put(kind);
    cells_.Put(value);
  }
  void Flush() {
    session_.Ask(FrameKind::kAppendCells, cells_.bytes());
    cells_.Clear();
  }

  RemoteSession& session_;
  FrameWriter cells_;
};

std::unique_ptr<AppenderBackend> RemoteSession::Append(const std::string& table) {
  return std::make_unique<RemoteAppender>(*this, table);
}

}  // namespace millwright::analytics
