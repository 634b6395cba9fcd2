#include "serving/frame.h"

#include <cstring>

#include "base/json.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Tensor;

constexpr uint64_t kNoEventTime = ~0ULL;

class Writer {
 public:
  explicit Writer(FrameKind kind, size_t body_bytes = 256) {
    text_.reserve(sizeof(FrameHead) + body_bytes);
    FrameHead head;
    head.kind = kind;
    text_.append(reinterpret_cast<const char*>(&head), sizeof head);
  }
  void Number(uint64_t value) { text_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void Text(std::string_view text) {
    Number(text.size());
    text_.append(text);
  }
  std::string Finish() {
    const uint64_t body_bytes = text_.size() - sizeof(FrameHead);
    std::memcpy(text_.data() + offsetof(FrameHead, body_bytes), &body_bytes, sizeof body_bytes);
    return std::move(text_);
  }

 private:
  std::string text_;
};

class Reader {
 public:
  explicit Reader(std::string_view body) : body_(body) {}

  uint64_t Number() {
    uint64_t value = 0;
    std::memcpy(&value, Take(sizeof value).data(), sizeof value);
    return value;
  }
  // Reads a number of things of which each takes at least `bytes_each` of the body.
  size_t Count(size_t bytes_each) {
    const uint64_t count = Number();
    if (count > body_.size() / bytes_each) throw Broken();
    return count;
  }
  std::string_view Text() { return Take(Number()); }

 private:
  static Error Broken() { return Internal("A message between gateway and replica is broken"); }
  std::string_view Take(uint64_t size) {
    if (size > body_.size()) throw Broken();
    const std::string_view taken = body_.substr(0, size);
    body_.remove_prefix(size);
    return taken;
  }
  std::string_view body_;
};

size_t BytesOf(const std::vector<Tensor>& tensors) {
  size_t bytes = 256;
  for (const Tensor& tensor : tensors) {
    bytes += tensor.data.size() + tensor.name.size() + 8 * (tensor.shape.size() + 6);
    for (const auto& text : tensor.strings) bytes += text.size() + 8;
  }
  return bytes;
}

void WriteTensors(const std::vector<Tensor>& tensors, Writer* out) {
  out->Number(tensors.size());
  for (const Tensor& tensor : tensors) {
    out->Text(tensor.name);
    out->Number(static_cast<uint64_t>(tensor.type));
    out->Number(tensor.shape.size());
    for (const int64_t size : tensor.shape) out->Number(static_cast<uint64_t>(size));
    out->Text({tensor.data.data(), tensor.data.size()});
    out->Number(tensor.strings.size());
    for (const auto& text : tensor.strings) out->Text(text);
  }
}

std::vector<Tensor> ReadTensors(Reader* in) {
  std::vector<Tensor> tensors(in->Count(40));
  for (Tensor& tensor : tensors) {
    tensor.name = in->Text();
    const uint64_t type = in->Number();
    if (type > static_cast<uint64_t>(DataType::kBytes)) throw Internal("Unknown tensor type");
    tensor.type = static_cast<DataType>(type);
    tensor.shape.resize(in->Count(8));
    for (int64_t& size : tensor.shape) size = static_cast<int64_t>(in->Number());
    const std::string_view data = in->Text();
    tensor.data.assign(data.begin(), data.end());
    tensor.strings.resize(in->Count(8));
    for (auto& text : tensor.strings) text = in->Text();
  }
  return tensors;
}

}  // namespace

std::optional<FrameHead> ReadHead(std::string_view bytes) {
  FrameHead head;
  std::memcpy(&head, bytes.data(), sizeof head);
  return IsPlausible(head) ? std::optional(head) : std::nullopt;
}

bool IsPlausible(const FrameHead& head) {
  return head.magic == FrameHead::kMagic && head.body_bytes <= kFrameBytesMax;
}

std::string EncodeInfer(const InferRequest& request) {
  Writer out(FrameKind::kInfer, BytesOf(request.inputs));
  out.Text(request.model);
  out.Text(request.version);
  out.Text(request.id);
  out.Number(request.event_time_ms ? static_cast<uint64_t>(*request.event_time_ms) : kNoEventTime);
  out.Text(TraceIdOf(request));
  WriteTensors(request.inputs, &out);
  out.Text(request.params.is_null() ? "" : request.params.Dump());
  return out.Finish();
}

InferRequest DecodeInfer(std::string_view body) {
  Reader in(body);
  InferRequest request;
  request.model = in.Text();
  request.version = in.Text();
  request.id = in.Text();
  const uint64_t event_time = in.Number();
  if (event_time != kNoEventTime) request.event_time_ms = static_cast<int64_t>(event_time);
  if (const std::string_view trace = in.Text(); !trace.empty()) {
    request.trace = TraceContext{.trace_id = std::string(trace), .span_id = ""};
  }
  request.inputs = ReadTensors(&in);
  if (const std::string_view params = in.Text(); !params.empty()) {
    request.params = ParseJson(params);
  }
  return request;
}

std::string EncodeAnswer(const InferAnswer& answer) {
  Writer out(FrameKind::kAnswer, BytesOf(answer.outputs));
  out.Text(answer.model_version);
  out.Text(answer.revision);
  out.Number(static_cast<uint64_t>(answer.times.queue_us));
  out.Number(static_cast<uint64_t>(answer.times.input_us));
  out.Number(static_cast<uint64_t>(answer.times.compute_us));
  out.Number(static_cast<uint64_t>(answer.times.output_us));
  WriteTensors(answer.outputs, &out);
  return out.Finish();
}

InferAnswer DecodeAnswer(std::string_view body) {
  Reader in(body);
  InferAnswer answer;
  answer.model_version = in.Text();
  answer.revision = in.Text();
  answer.times.queue_us = static_cast<int64_t>(in.Number());
  answer.times.input_us = static_cast<int64_t>(in.Number());
  answer.times.compute_us = static_cast<int64_t>(in.Number());
  answer.times.output_us = static_cast<int64_t>(in.Number());
  answer.outputs = ReadTensors(&in);
  return answer;
}

std::string EncodeError(const Error& error) {
  Writer out(FrameKind::kError);
  out.Number(static_cast<uint64_t>(error.code()));
  out.Text(error.message());
  out.Text(error.field());
  return out.Finish();
}

Error DecodeError(std::string_view body) {
  Reader in(body);
  const uint64_t code = in.Number();
  const bool known = code <= static_cast<uint64_t>(Code::kInternal);
  std::string message(in.Text());
  std::string field(in.Text());
  return Error(known ? static_cast<Code>(code) : Code::kInternal, std::move(message))
      .WithField(std::move(field));
}

Result<InferAnswer> DecodeReply(FrameKind kind, std::string_view body) {
  try {
    if (kind == FrameKind::kAnswer) return DecodeAnswer(body);
    if (kind == FrameKind::kError) return Unexpected(DecodeError(body));
  } catch (const Error& error) {
    return Unexpected(error);
  }
  return Unexpected(Internal("The replica's answer is of the wrong kind"));
}

std::string EncodeEmpty(FrameKind kind) {
  return Writer(kind, 0).Finish();
}

std::string EncodeDescribe(const std::string& model) {
  Writer out(FrameKind::kDescribe);
  out.Text(model);
  return out.Finish();
}

std::string DecodeDescribe(std::string_view body) {
  return std::string(Reader(body).Text());
}

std::string EncodeBecome(const ReplicaOrder& order) {
  Writer out(FrameKind::kBecome);
  out.Text(order.model);
  out.Text(order.socket);
  out.Text(order.log);
  return out.Finish();
}

ReplicaOrder DecodeBecome(std::string_view body) {
  Reader in(body);
  ReplicaOrder order;
  order.model = in.Text();
  order.socket = in.Text();
  order.log = in.Text();
  return order;
}

std::string EncodeRest(const std::string& socket) {
  Writer out(FrameKind::kRest);
  out.Text(socket);
  return out.Finish();
}

std::string DecodeRest(std::string_view body) {
  Reader in(body);
  return std::string(in.Text());
}

std::string EncodeDescription(const ModelInfo& info) {
  Writer out(FrameKind::kDescription);
  out.Text(info.name);
  out.Text(info.version);
  out.Text(info.platform);
  out.Text(inference::SignatureToJson(info.signature).Dump());
  out.Number(info.versions.size());
  for (const auto& version : info.versions) out.Text(version);
  return out.Finish();
}

ModelInfo DecodeDescription(std::string_view body) {
  Reader in(body);
  ModelInfo info;
  info.name = in.Text();
  info.version = in.Text();
  info.platform = in.Text();
  info.signature = inference::SignatureFromJson(ParseJson(in.Text()));
  info.versions.resize(in.Count(8));
  for (auto& version : info.versions) version = in.Text();
  return info;
}

}  // namespace millwright::serving
