// Beast asserts that the bytes after a final chunk's size come in one piece, which the sender
// decides.
#define BOOST_DISABLE_ASSERTS
#include "http/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "http/plain_head.h"
#include "http/target.h"

namespace millwright::http {
namespace {

namespace beast = boost::beast;
namespace bh = boost::beast::http;
using beast::error_code;

std::string_view View(beast::string_view text) {
  return {text.data(), text.size()};
}

std::optional<Method> ToMethod(bh::verb verb) {
  switch (verb) {
    case bh::verb::get:
      return Method::kGet;
    case bh::verb::post:
      return Method::kPost;
    case bh::verb::put:
      return Method::kPut;
    case bh::verb::patch:
      return Method::kPatch;
    case bh::verb::delete_:
      return Method::kDelete;
    case bh::verb::head:
      return Method::kHead;
    case bh::verb::options:
      return Method::kOptions;
    default:
      return std::nullopt;
  }
}

constexpr Refusal kBadRequest{400, "Malformed request"};
constexpr Refusal kBadFraming{400, "Ambiguous or malformed body framing"};
constexpr Refusal kBadTarget{400, "Malformed request target"};

Refusal ToRefusal(const error_code& ec) {
  if (ec == bh::error::header_limit) return {431, "Request header is too large"};
  if (ec == bh::error::bad_version) return {505, "HTTP version not supported"};
  if (ec == bh::error::bad_content_length || ec == bh::error::multiple_content_length ||
      ec == bh::error::bad_transfer_encoding || ec == bh::error::bad_chunk ||
      ec == bh::error::bad_chunk_extension)
    return kBadFraming;
  if (ec == bh::error::bad_target) return kBadTarget;
  return kBadRequest;
}

bool HasFoldedLine(std::string_view bytes) {
  for (size_t at = bytes.find('\n'); at != std::string_view::npos && at + 1 < bytes.size();
       at = bytes.find('\n', at + 1))
    if (bytes[at + 1] == ' ' || bytes[at + 1] == '\t') return true;
  return false;
}

// Receives Beast's callbacks. A callback that refuses sets `refusal` and any error code, which
// stops the parser.
class Sink : public bh::basic_parser<true> {
 public:
  Sink() {
    body_limit(boost::none);  // the connection knows the route's limit
    header_limit(UINT32_MAX);
    eager(false);
  }

  Request request;
  Framing framing;
  std::optional<Refusal> refusal;
  std::string* body = nullptr;
  bool head_done = false;
  bool body_done = false;

 private:
  void Refuse(Refusal why, error_code& ec) {
    refusal = why;
    ec = bh::error::bad_field;
  }

  void on_request_impl(bh::verb method, beast::string_view, beast::string_view target, int version,
                       error_code& ec) override {
    const auto known = ToMethod(method);
    if (!known) return Refuse({501, "Method not implemented"}, ec);
    request.method = *known;
    framing.http_1_0 = version == 10;
    const auto parts = SplitTarget(View(target));
    if (!parts) return Refuse(kBadTarget, ec);
    auto path = PercentDecode(parts->path);
    if (!path) return Refuse(kBadTarget, ec);
    request.path = std::move(*path);
    request.raw_target = View(target);
    if (!parts->query.empty()) request.query = ParseQuery(parts->query);
  }

  void on_field_impl(bh::field field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    if (head_done) return;  // trailers carry nothing that we use
    if (request.headers.fields().size() >= kHeaderFieldsMax)
      return Refuse({431, "Too many header fields"}, ec);
    if (field == bh::field::host) {
      if (has_host_) return Refuse({400, "Repeated Host header"}, ec);
      has_host_ = true;
    } else if (field == bh::field::content_length) {
      CheckContentLength(View(value), ec);
    } else if (field == bh::field::transfer_encoding) {
      CheckTransferEncoding(View(value), ec);
    } else if (field == bh::field::expect) {
      if (!EqualsIgnoringCase(View(value), "100-continue"))
        return Refuse({417, "Unknown expectation"}, ec);
      framing.expects_continue = true;
    }
    if (!ec) request.headers.Add(std::string(View(name)), std::string(View(value)));
  }

  void CheckContentLength(std::string_view value, error_code& ec) {
    const bool digits =
        !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits || has_length_ || framing.chunked) return Refuse(kBadFraming, ec);
    has_length_ = true;
  }

  void CheckTransferEncoding(std::string_view value, error_code& ec) {
    if (has_length_ || framing.chunked || framing.http_1_0) return Refuse(kBadFraming, ec);
    if (!EqualsIgnoringCase(value, "chunked"))
      return Refuse({501, "Only the transfer coding \"chunked\" is known"}, ec);
    framing.chunked = true;
  }

  void on_header_impl(error_code& ec) override {
    if (!has_host_ && !framing.http_1_0) return Refuse({400, "Missing Host header"}, ec);
    head_done = true;
    framing.keep_alive = keep_alive();
    if (has_length_) framing.length = content_length().value_or(0);
    if (framing.http_1_0) framing.expects_continue = false;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view bytes, error_code&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code&) override {
    body->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override { body_done = true; }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}

  bool has_host_ = false;
  bool has_length_ = false;
};

}  // namespace

struct RequestParser::Impl {
  std::optional<Sink> sink;
  bool is_fresh = true;  // no byte has come

  // Reads a head that has come as a whole and is of the usual form; 0 for another.
  size_t PutPlainHead(std::string_view bytes) {
    const size_t used = ReadPlainHead(bytes, &sink->request, &sink->framing);
    if (used == 0) {
      sink.emplace();
    } else {
      sink->head_done = true;
    }
    return used;
  }

  // Feeds Beast and turns its error code into a refusal; needing more bytes is none.
  size_t Put(std::string_view bytes) {
    error_code ec;
    const size_t used = sink->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (ec && ec != bh::error::need_more && !sink->refusal) sink->refusal = ToRefusal(ec);
    return used;
  }
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {
  Reset();
}
RequestParser::~RequestParser() = default;

void RequestParser::Reset() {
  impl_->sink.emplace();
  impl_->is_fresh = true;
}

size_t RequestParser::PutHead(std::string_view bytes) {
  if (std::exchange(impl_->is_fresh, false)) {
    if (const size_t used = impl_->PutPlainHead(bytes); used > 0) return used;
  }
  const size_t used = impl_->Put(bytes);
  // Beast unfolds obsolete line folding; other servers on the way may not, so it is refused.
  if (!impl_->sink->refusal && HasFoldedLine(bytes.substr(0, used)))
    impl_->sink->refusal = Refusal{400, "Folded header lines are not accepted"};
  return used;
}

bool RequestParser::head_done() const {
  return impl_->sink->head_done;
}
const std::optional<Refusal>& RequestParser::refusal() const {
  return impl_->sink->refusal;
}
Request& RequestParser::request() {
  return impl_->sink->request;
}
const Framing& RequestParser::framing() const {
  return impl_->sink->framing;
}

size_t RequestParser::PutChunked(std::string_view bytes, std::string* out) {
  Sink& sink = *impl_->sink;
  sink.body = out;
  size_t used = 0;
  while (used < bytes.size() && !sink.body_done && !sink.refusal) {
    const size_t step = impl_->Put(bytes.substr(used));
    used += step;
    if (step == 0) break;
  }
  sink.body = nullptr;
  return used;
}

bool RequestParser::body_done() const {
  return impl_->sink->body_done;
}

}  // namespace millwright::http
