#include "analytics/session_worker.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "analytics/frame_channel.h"
#include "analytics/local_session.h"
#include "analytics/system_calls.h"
#include "base/error.h"

namespace millwright::analytics {
namespace {

constexpr size_t kFloatsPerFrame = 1 << 18;
// Cells go out when there are so many bytes of them.
constexpr size_t kCellsBytes = 1 << 20;

void SetLimit(decltype(RLIMIT_AS) resource, uint64_t limit) {
  const rlimit both{limit, limit};
  setrlimit(resource, &both);
}

uint64_t AddressSpaceBytes() {
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

class Worker {
 public:
  explicit Worker(int socket) : channel_(socket) {}

  void Run() {
    while (std::optional<Frame> frame = channel_.Receive()) {
      try {
        Answer(*frame);
      } catch (const Error& error) {
        Fail(error);
      } catch (const std::bad_alloc&) {
        Fail(ResourceExhausted("Out of Memory Error"));
      } catch (const std::exception& error) {
        Fail(Internal("{}", error.what()));
      }
    }
  }

 private:
  void Fail(const Error& error) {
    FrameWriter writer;
    writer.Put(error.code());
    writer.PutText(std::string_view(error.message()).substr(0, kErrorBytesMax));
    Send(FrameKind::kError, writer);
  }

  void Send(FrameKind kind, const FrameWriter& writer) {
    if (!channel_.Send(kind, writer.bytes())) _exit(0);
  }

  void Answer(const Frame& frame) {
    if (frame.kind == FrameKind::kStop) return;
    if (frame.kind == FrameKind::kOpen) {
      Open(frame.bytes);
    } else {
      if (!session_) throw Internal("No session was opened");
      LimitProcessorTime();
      Do(frame);
    }
    Send(FrameKind::kDone, {});
  }

  void Do(const Frame& frame) {
    const std::string& sql = frame.bytes;
    switch (frame.kind) {
      case FrameKind::kExecute:
        return session_->Execute(sql);
      case FrameKind::kStream:
        return Stream(sql);
      case FrameKind::kStreamNumbers:
        return StreamNumbers(sql);
      case FrameKind::kQueryFloats:
        return QueryFloats(sql);
      case FrameKind::kDescribe:
        return SendColumns(session_->Describe(sql), std::nullopt);
      case FrameKind::kRequireOneSelect:
        return session_->RequireOneSelect(sql);
      case FrameKind::kAppendTo:
        appender_.reset();
        appender_ = session_->Append(sql);
        return;
      case FrameKind::kAppendCells:
        return AppendCells(sql);
      case FrameKind::kAppendClose:
        if (!appender_) throw Internal("No table is appended to");
        appender_->Close();
        appender_.reset();
        return;
      default:
        throw Internal("A session was asked for what it has not");
    }
  }

  void Open(std::string_view bytes);
  void LimitProcessorTime() const;

  void SendColumns(const std::vector<Column>& columns, std::optional<uint64_t> rows) {
    FrameWriter writer;
    writer.Put(static_cast<uint64_t>(columns.size()));
    for (const Column& column : columns) {
      writer.PutText(column.name);
      writer.Put(column.type);
      writer.PutText(column.sql_type);
    }
    if (rows) writer.Put(*rows);
    Send(FrameKind::kColumns, writer);
  }

  void SendCells(const Table& piece, uint32_t column) {
    FrameWriter writer;
    writer.Put(column);
    for (size_t row = 0; row < piece.row_count(); ++row) {
      const Table::Cell& cell = piece.At(row, column);
      writer.Put(static_cast<uint8_t>(cell.index()));
      if (const bool* truth = std::get_if<bool>(&cell)) writer.Put(uint8_t{*truth});
      if (const int64_t* integer = std::get_if<int64_t>(&cell)) writer.Put(*integer);
      if (const double* real = std::get_if<double>(&cell)) writer.Put(*real);
      if (const std::string* text = std::get_if<std::string>(&cell)) writer.PutText(*text);
      if (writer.bytes().size() < kCellsBytes || row + 1 == piece.row_count()) continue;
      Send(FrameKind::kCells, writer);
      writer.Clear();
      writer.Put(column);
    }
    Send(FrameKind::kCells, writer);
  }

  void Stream(const std::string& sql) {
    const auto begin = [&](const auto& columns) { SendColumns(columns, std::nullopt); };
    session_->Stream(sql, begin, [&](const Table& piece) {
      for (uint32_t i = 0; i < piece.columns().size(); ++i) SendCells(piece, i);
      FrameWriter writer;
      writer.Put(static_cast<uint64_t>(piece.row_count()));
      Send(FrameKind::kPiece, writer);
      return !channel_.HasInput();  // only kStop comes now
    });
  }

  void StreamNumbers(const std::string& sql) {
    session_->StreamNumbers(sql, [&](const std::vector<NumberSpan>& columns, size_t rows) {
      FrameWriter writer;
      writer.Put(static_cast<uint64_t>(rows));
      writer.Put(static_cast<uint32_t>(columns.size()));
      for (const NumberSpan& span : columns) {
        writer.Put(uint8_t{span.reals != nullptr});
        writer.Put(uint8_t{span.validity != nullptr});
        const void* const data = span.reals != nullptr ? static_cast<const void*>(span.reals)
                                                       : static_cast<const void*>(span.integers);
        writer.PutRaw(data, rows * sizeof(uint64_t));
        if (span.validity != nullptr)
          writer.PutRaw(span.validity, (rows + 63) / 64 * sizeof(uint64_t));
      }
      Send(FrameKind::kNumbers, writer);
      return !channel_.HasInput();
    });
  }

  void QueryFloats(const std::string& sql) {
    const FloatMatrix matrix = session_->QueryFloats(sql);
    std::vector<Column> columns;
    for (const std::string& name : matrix.columns) columns.push_back({.name = name});
    SendColumns(columns, matrix.row_count);
    for (size_t start = 0; start < matrix.values.size(); start += kFloatsPerFrame) {
      const size_t bytes = std::min(kFloatsPerFrame, matrix.values.size() - start) * sizeof(float);
      FrameWriter writer;
      writer.Put(static_cast<uint64_t>(bytes));
      writer.PutRaw(&matrix.values[start], bytes);
      Send(FrameKind::kFloats, writer);
    }
  }

  void AppendCells(std::string_view bytes) {
    if (!appender_) throw Internal("No table is appended to");
    FrameReader reader(bytes);
    while (!reader.done()) {
      switch (reader.Get<AppendedCell>()) {
        case AppendedCell::kNull:
          appender_->Null();
          break;
        case AppendedCell::kBool:
          appender_->Add(reader.Get<bool>());
          break;
        case AppendedCell::kInteger:
          appender_->Add(reader.Get<int64_t>());
          break;
        case AppendedCell::kUnsigned:
          appender_->Add(reader.Get<uint64_t>());
          break;
        case AppendedCell::kFloat:
          appender_->Add(reader.Get<float>());
          break;
        case AppendedCell::kDouble:
          appender_->Add(reader.Get<double>());
          break;
        case AppendedCell::kText:
          appender_->Add(reader.GetText());
          break;
        case AppendedCell::kEndRow:
          appender_->EndRow();
          break;
      }
    }
  }

  static constexpr size_t kErrorBytesMax = 64 << 10;

  FrameChannel channel_;
  std::optional<LocalSession> session_;
  std::unique_ptr<AppenderBackend> appender_;
  uint64_t statement_cpu_s_ = 0;  // 0: without limit
};

void Worker::Open(std::string_view bytes) {
  FrameReader reader(bytes);
  SessionOptions options;
  options.threads = reader.Get<int32_t>();
  options.memory_bytes_max = reader.Get<uint64_t>();
  options.temp_dir = reader.GetText();
  options.allowed_folders = reader.GetTexts();
  options.allowed_files = reader.GetTexts();
  options.database_file = reader.GetText();
  options.time_limit_ms = reader.Get<int64_t>();
  const auto memory_bytes_max = reader.Get<uint64_t>();
  std::filesystem::create_directories(options.temp_dir);
  SetLimit(RLIMIT_CORE, 0);
  SetLimit(RLIMIT_FSIZE, kWrittenFileBytesMax);
  SetLimit(RLIMIT_AS, AddressSpaceBytes() + memory_bytes_max + kUncountedBytesMax);
  if (options.time_limit_ms > 0) {
    statement_cpu_s_ =
        static_cast<uint64_t>(options.threads + 1) * (options.time_limit_ms / 1000 + 2);
  }
  session_.emplace(options);
  RefuseSystemCalls();
}

void Worker::LimitProcessorTime() const {
  if (statement_cpu_s_ == 0) return;
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto used_s = static_cast<uint64_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
  const rlimit limit{used_s + statement_cpu_s_, RLIM_INFINITY};
  setrlimit(RLIMIT_CPU, &limit);
}

}  // namespace

std::string EncodeOpening(const SessionOptions& options, uint64_t memory_bytes_max) {
  FrameWriter writer;
  writer.Put(static_cast<int32_t>(options.threads));
  writer.Put(options.memory_bytes_max);
  writer.PutText(options.temp_dir);
  writer.PutTexts(options.allowed_folders);
  writer.PutTexts(options.allowed_files);
  writer.PutText(options.database_file);
  writer.Put(options.time_limit_ms);
  writer.Put(memory_bytes_max);
  return writer.bytes();
}

void RunSessionWorker(int socket) {
  // Nothing that the parent has open is of its concern. Standard error stays: a crash says why.
  syscall(SYS_close_range, 3U, ~0U, 0U);
  signal(SIGXFSZ, SIG_IGN);                          // a write fails instead
  std::ofstream("/proc/self/oom_score_adj") << 500;  // before its parent, where memory runs out
  mallopt(M_ARENA_MAX, 2);                           // each takes 64 MB of addresses
  { Session warm({.threads = 1}); }
  Worker(socket).Run();
}

}  // namespace millwright::analytics
