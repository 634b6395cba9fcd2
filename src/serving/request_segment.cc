#include "serving/request_segment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Signature;
using inference::Tensor;

constexpr std::string_view kMagic = "MWREQ\x01\r\n";
constexpr size_t kHeadBytes = 8;
constexpr int64_t kElementsMax = 1 << 24;  // of a tensor: more than kRequestBytesMax can hold
constexpr char kModelKind = 'm';
constexpr char kRequestKind = 'r';
constexpr char kTracedRequestKind = 't';  // one with a trace's id after its error
constexpr std::string_view kSuffix = ".requests";

// Counts bytes or writes them: the two passes over a request cannot differ.
class Output {
 public:
  explicit Output(char* to) : to_(to) {}
  void Bytes(const void* from, size_t size) {
    if (to_ != nullptr && size > 0) std::memcpy(to_ + size_, from, size);
    size_ += size;
  }
  template <typename T>
  void Number(T value) {
    Bytes(&value, sizeof value);
  }
  void Text(std::string_view text) {
    Number(static_cast<uint32_t>(text.size()));
    Bytes(text.data(), text.size());
  }
  // The last `size` bytes; null while they are only counted.
  char* Last(size_t size) const { return to_ == nullptr ? nullptr : to_ + size_ - size; }
  size_t size() const { return size_; }

 private:
  char* to_;
  size_t size_ = 0;
};

// Reads what Output wrote; throws kInternal for what is cut short.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  std::string_view Bytes(size_t size) {
    if (size > bytes_.size()) throw Internal("A logged request is cut short");
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  template <typename T>
  T Number() {
    T value;
    std::memcpy(&value, Bytes(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view Text() { return Bytes(Number<uint32_t>()); }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

void HideColumns(const Tensor& tensor, const Redaction& redaction, char* values) {
  if (values == nullptr || redaction.columns().empty() || tensor.shape.size() != 2) return;
  const size_t width = redaction.width();
  if (tensor.shape[1] != static_cast<int64_t>(width)) return;
  const size_t bytes = inference::DataTypeBytes(tensor.type);
  const size_t rows = tensor.data.size() / bytes / width;
  for (size_t row = 0; row < rows; ++row) {
    for (const size_t column : redaction.columns()) {
      std::memset(values + (row * width + column) * bytes, 0, bytes);
    }
  }
}

void WriteTensor(const Tensor& tensor, const Redaction& redaction, bool is_input, Output* out) {
  out->Text(tensor.name);
  out->Number(static_cast<uint8_t>(tensor.type));
  if (redaction.HidesTensor(tensor.name)) {
    // As many rows, in which there is nothing.
    out->Number(uint8_t{2});
    out->Number(tensor.shape.empty() ? int64_t{1} : tensor.shape[0]);
    out->Number(int64_t{0});
    if (tensor.type != DataType::kBytes) out->Text("");
    return;
  }
  out->Number(static_cast<uint8_t>(tensor.shape.size()));
  for (const int64_t size : tensor.shape) out->Number(size);
  if (tensor.type == DataType::kBytes) {
    for (const std::string& text : tensor.strings) out->Text(text);
    return;
  }
  out->Text({tensor.data.data(), tensor.data.size()});
  if (is_input) HideColumns(tensor, redaction, out->Last(tensor.data.size()));
}

void WriteRequest(uint32_t model, const LoggedRequest& logged, const Redaction& redaction,
                  Output* out) {
  const InferRequest& request = logged.request;
  out->Number(uint32_t{0});  // length and checksum
  out->Number(uint32_t{0});
  const std::string_view trace_id = TraceIdOf(request);
  out->Number(trace_id.empty() ? kRequestKind : kTracedRequestKind);
  out->Number(model);
  out->Number(logged.time_ms);
  out->Number(request.event_time_ms.value_or(logged.time_ms));
  out->Number(logged.latency_us);
  out->Text(request.id);
  out->Text(request.caller);
  out->Text(logged.error);
  if (!trace_id.empty()) out->Text(trace_id);
  out->Number(static_cast<uint32_t>(request.inputs.size()));
  for (const Tensor& tensor : request.inputs) WriteTensor(tensor, redaction, true, out);
  const size_t outputs = logged.answer == nullptr ? 0 : logged.answer->outputs.size();
  out->Number(static_cast<uint32_t>(outputs));
  for (size_t i = 0; i < outputs; ++i) {
    WriteTensor(logged.answer->outputs[i], redaction, false, out);
  }
}

struct StoredTensor {
  Tensor tensor;
  std::string_view values;
};

StoredTensor ReadTensor(Input* in) {
  StoredTensor stored;
  Tensor& tensor = stored.tensor;
  tensor.name = in->Text();
  tensor.type = static_cast<DataType>(in->Number<uint8_t>());
  const auto rank = in->Number<uint8_t>();
  if (tensor.type > DataType::kBytes) throw Internal("A logged request has a tensor of no type");
  tensor.shape.reserve(rank);
  for (int i = 0; i < rank; ++i) tensor.shape.push_back(in->Number<int64_t>());
  if (tensor.type == DataType::kBytes) {
    const size_t count = tensor.element_count();
    for (size_t i = 0; i < count; ++i) tensor.strings.emplace_back(in->Text());
  } else {
    stored.values = in->Text();
  }
  return stored;
}

// What precedes the inputs of a request, its kind first.
struct RequestHead {
  uint32_t model = 0;
  int64_t time_ms = 0;
  int64_t event_time_ms = 0;
  int64_t latency_us = 0;
  std::string_view id;
  std::string_view caller;
  std::string_view error;
  std::string_view trace_id;
};

RequestHead ReadHead(Input* in) {
  RequestHead head;
  const auto kind = in->Number<char>();
  head.model = in->Number<uint32_t>();
  head.time_ms = in->Number<int64_t>();
  head.event_time_ms = in->Number<int64_t>();
  head.latency_us = in->Number<int64_t>();
  head.id = in->Text();
  head.caller = in->Text();
  head.error = in->Text();
  if (kind == kTracedRequestKind) head.trace_id = in->Text();
  return head;
}

// A checksum says that the bytes are those that were written, not that they make sense.
void CheckFilled(const StoredTensor& stored) {
  const Tensor& tensor = stored.tensor;
  int64_t count = 1;
  for (const int64_t size : tensor.shape) {
    if (size < 0 || (size > 0 && count > kElementsMax / size)) {
      throw Internal("A logged request has a tensor of an impossible shape");
    }
    count *= size;
  }
  // One that was left out has rows, in which there is nothing.
  const bool is_filled =
      tensor.type == DataType::kBytes ||
      stored.values.size() == static_cast<size_t>(count) * inference::DataTypeBytes(tensor.type);
  if (!is_filled || (!tensor.shape.empty() && tensor.shape[0] > kElementsMax)) {
    throw Internal("A logged request has a tensor of an impossible shape");
  }
}

std::vector<Tensor> ReadTensors(Input* in) {
  std::vector<Tensor> tensors;
  for (auto count = in->Number<uint32_t>(); count > 0; --count) {
    StoredTensor stored = ReadTensor(in);
    CheckFilled(stored);
    stored.tensor.data.assign(stored.values.begin(), stored.values.end());
    tensors.push_back(std::move(stored.tensor));
  }
  return tensors;
}

void VisitInputs(std::string_view body, const EachInput& each) {
  Input in(body);
  const RequestHead head = ReadHead(&in);
  for (auto count = in.Number<uint32_t>(); count > 0; --count) {
    const StoredTensor stored = ReadTensor(&in);
    each(head.model, stored.tensor.name, stored.tensor.type, stored.values);
  }
}

Error IoError(std::string_view what, const std::filesystem::path& file) {
  const int number = errno;
  const bool full = number == ENOSPC || number == EDQUOT;
  return Error(full ? Code::kResourceExhausted : Code::kInternal,
               fmt::format("Cannot {} {}: {}", what, file.string(), std::strerror(number)));
}

void Seal(char* record, size_t body_bytes) {
  const auto length = static_cast<uint32_t>(body_bytes);
  const uint32_t crc = Crc32c({record + kHeadBytes, body_bytes});
  std::memcpy(record, &length, sizeof length);
  std::memcpy(record + sizeof length, &crc, sizeof crc);
}

// A model as its record names it.
struct StoredModel {
  ModelInfoPtr info;
  Redaction redaction;
};

// What we wrote ourselves and cannot read is our fault, whatever is wrong with it.
template <typename F>
auto Reread(F&& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.code() == Code::kInternal) throw;
    throw Internal("A logged record cannot be read: {}", error.message());
  }
}

StoredModel ReadModel(std::string_view text, uint32_t* index) {
  const Json json = ParseJson(text);
  ModelInfo info{.name = json.GetString("name"),
                 .version = json.GetString("version"),
                 .signature = inference::SignatureFromJson(json.At("signature"))};
  std::vector<std::string> redacted;
  for (const Json& name : json.At("redacted").AsArray()) redacted.push_back(name.AsString());
  *index = static_cast<uint32_t>(json.GetInt("index"));
  StoredModel model{.info = nullptr, .redaction = Redaction(info.signature, redacted)};
  model.info = std::make_shared<const ModelInfo>(std::move(info));
  return model;
}

// A number that is no measurement: what was left out of a table of floating numbers.
template <typename T>
void PutNan(const Redaction& redaction, Tensor* table) {
  const size_t width = redaction.width();
  for (size_t row = 0; row < table->data.size() / sizeof(T) / width; ++row) {
    for (const size_t column : redaction.columns()) {
      table->As<T>()[row * width + column] = std::numeric_limits<T>::quiet_NaN();
    }
  }
}

void MarkHidden(const Redaction& redaction, std::vector<Tensor>* inputs) {
  if (redaction.columns().empty() || inputs->size() != 1) return;
  Tensor& table = inputs->front();
  if (table.type == DataType::kFp32) PutNan<float>(redaction, &table);
  if (table.type == DataType::kFp64) PutNan<double>(redaction, &table);
}

StoredRequest ReadRequest(std::string_view body, const std::map<uint32_t, StoredModel>& models) {
  Input in(body);
  const RequestHead head = ReadHead(&in);
  const auto model = models.find(head.model);
  if (model == models.end()) throw Internal("A logged request is of a model that is not named");
  StoredRequest stored;
  stored.error = head.error;
  LoggedPrediction& prediction = stored.prediction;
  prediction.id = head.id;
  prediction.caller = head.caller;
  prediction.trace_id = head.trace_id;
  prediction.endpoint = model->second.info->name;
  prediction.model_version = model->second.info->version;
  prediction.time_ms = head.time_ms;
  prediction.event_time_ms = head.event_time_ms;
  prediction.latency_us = head.latency_us;
  prediction.model = model->second.info;
  auto inputs = ReadTensors(&in);
  MarkHidden(model->second.redaction, &inputs);
  prediction.inputs = std::make_shared<const std::vector<Tensor>>(std::move(inputs));
  prediction.outputs = ReadTensors(&in);
  return stored;
}

}  // namespace

Redaction::Redaction(const Signature& signature, const std::vector<std::string>& names)
    : names_(names) {
  const auto& columns = signature.columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (HidesTensor(columns[i].name)) columns_.push_back(i);
  }
  width_ = columns.size();
}

bool Redaction::HidesTensor(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

size_t RequestRecordBytes(const LoggedRequest& request, const Redaction& redaction) {
  Output counter(nullptr);
  WriteRequest(0, request, redaction, &counter);
  return counter.size();
}

void WriteRequestRecord(uint32_t model, const LoggedRequest& request, const Redaction& redaction,
                        char* to) {
  Output out(to);
  WriteRequest(model, request, redaction, &out);
  const auto body_bytes = static_cast<uint32_t>(out.size() - kHeadBytes);
  std::memcpy(to, &body_bytes, sizeof body_bytes);
}

int64_t SealRecords(char* records, size_t bytes, const EachInput& each) {
  int64_t count = 0;
  for (size_t at = 0; at < bytes; ++count) {
    uint32_t body_bytes = 0;
    std::memcpy(&body_bytes, records + at, sizeof body_bytes);
    VisitInputs({records + at + kHeadBytes, body_bytes}, each);
    Seal(records + at, body_bytes);
    at += kHeadBytes + body_bytes;
  }
  return count;
}

RequestSegment::RequestSegment(const std::filesystem::path& file)
    : file_(file), fd_(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640)) {
  if (fd_ < 0) throw IoError("create", file);
  try {
    Append(kMagic);
  } catch (const Error&) {
    close(fd_);
    throw;
  }
}

RequestSegment::~RequestSegment() {
  close(fd_);
}

void RequestSegment::AppendModel(uint32_t index, const ModelInfo& info,
                                 const Redaction& redaction) {
  Json redacted = Json::MakeArray();
  for (const std::string& name : redaction.names()) redacted.Append(name);
  const Json model = Json::Of({{"index", static_cast<int64_t>(index)},
                               {"name", info.name},
                               {"version", info.version},
                               {"signature", inference::SignatureToJson(info.signature)},
                               {"redacted", std::move(redacted)}});
  std::string record(kHeadBytes, '\0');
  record += kModelKind;
  record += model.Dump();
  Seal(record.data(), record.size() - kHeadBytes);
  Append(record);
}

void RequestSegment::Append(std::string_view records) {
  size_t done = 0;
  while (done < records.size()) {
    const ssize_t written = write(fd_, records.data() + done, records.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const Error error = IoError("write", file_);
      if (ftruncate(fd_, bytes_) == 0) lseek(fd_, bytes_, SEEK_SET);
      throw error;
    }
    done += static_cast<size_t>(written);
  }
  bytes_ += static_cast<int64_t>(records.size());
}

void RequestSegment::Sync() {
  if (fdatasync(fd_) != 0) throw IoError("sync", file_);
}

int64_t ReadRequestSegment(const std::filesystem::path& file,
                           const std::function<void(const StoredRequest&)>& each) {
  const std::string content = ReadFile(file);
  std::string_view rest = content;
  if (!rest.starts_with(kMagic)) return static_cast<int64_t>(rest.size());
  rest.remove_prefix(kMagic.size());
  std::map<uint32_t, StoredModel> models;
  while (rest.size() > kHeadBytes) {
    uint32_t length = 0;
    uint32_t crc = 0;
    std::memcpy(&length, rest.data(), sizeof length);
    std::memcpy(&crc, rest.data() + sizeof length, sizeof crc);
    if (length == 0 || rest.size() - kHeadBytes < length) break;
    const std::string_view body = rest.substr(kHeadBytes, length);
    if (Crc32c(body) != crc) break;
    if (body[0] == kModelKind) {
      uint32_t index = 0;
      StoredModel model = Reread([&] { return ReadModel(body.substr(1), &index); });
      models[index] = std::move(model);
    } else {
      each(Reread([&] { return ReadRequest(body, models); }));
    }
    rest.remove_prefix(kHeadBytes + length);
  }
  return static_cast<int64_t>(rest.size());
}

std::vector<std::filesystem::path> RequestSegments(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> segments;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(folder, absent)) {
    if (entry.path().extension() == kSuffix) segments.push_back(entry.path());
  }
  std::sort(segments.begin(), segments.end());
  return segments;
}

}  // namespace millwright::serving
