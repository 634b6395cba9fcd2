#include "http/plain_head.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "http/request_parser.h"

namespace millwright::http {
namespace {

std::string Describe(const Request& request, const Framing& framing) {
  std::string text(MethodName(request.method));
  text += " " + request.path + " " + request.raw_target;
  for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
  for (const auto& [name, value] : request.headers.fields()) text += "|" + name + "|" + value;
  text += framing.length ? " length " + std::to_string(*framing.length) : " no length";
  text += framing.chunked ? " chunked" : "";
  text += framing.keep_alive ? " stays" : " closes";
  text += framing.http_1_0 ? " 1.0" : "";
  text += framing.expects_continue ? " continue" : "";
  return text;
}

// What the parser makes of the bytes. Those that come in two pieces are not read as a plain head.
std::string Parsed(std::string_view bytes, size_t first) {
  RequestParser parser;
  size_t used = parser.PutHead(bytes.substr(0, first));
  if (!parser.head_done() && !parser.refusal()) used += parser.PutHead(bytes.substr(used));
  if (parser.refusal()) return "refused " + std::to_string(parser.refusal()->status);
  if (!parser.head_done()) return "unfinished";
  return Describe(parser.request(), parser.framing()) + " of " + std::to_string(used);
}

std::string Plain(std::string_view bytes) {
  Request request;
  Framing framing;
  const size_t used = ReadPlainHead(bytes, &request, &framing);
  return used == 0 ? "none" : Describe(request, framing) + " of " + std::to_string(used);
}

TEST(PlainHead, ReadsWhatClientsSend) {
  for (const std::string head :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /v2/models/m/infer?a=1&b=%20 HTTP/1.1\r\nhost: 127.0.0.1:80\r\n"
        "Content-Type:application/json \r\nCONTENT-LENGTH:  12\r\nConnection: Keep-Alive\r\n\r\n",
        "DELETE /a%20b HTTP/1.1\r\nHost:\r\nX-Empty:\r\nconnection: close\r\n\r\n"}) {
    const std::string bytes = head + "the body";
    EXPECT_EQ(Plain(bytes), Parsed(bytes, 1)) << head;
    EXPECT_EQ(Plain(head), Parsed(head, 1)) << head;
    EXPECT_EQ(Plain(head.substr(0, head.size() - 1)), "none");
  }
}

TEST(PlainHead, LeavesEverythingElse) {
  const std::string start = "GET / HTTP/1.1\r\n";
  for (const std::string& head : {
           std::string("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
           std::string("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("get / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"),
           start + "\r\n",
           start + "Host: a\r\nHost: a\r\n\r\n",
           start + "Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
           start + "Host: a\r\nContent-Length: -1\r\n\r\n",
           start + "Host: a\r\nContent-Length: +1\r\n\r\n",
           start + "Host: a\r\nContent-Length: 1, 1\r\n\r\n",
           start + "Host: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
           start + "Host: a\r\nContent-Length: \r\n\r\n",
           start + "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n",
           start + "Host: a\r\nExpect: 100-continue\r\n\r\n",
           start + "Host: a\r\nConnection: close, x\r\n\r\n",
           start + "Host: a\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
           start + "Host: a\r\nUpgrade: h2c\r\n\r\n",
           start + "Host: a\r\nX: 1\r\n 2\r\n\r\n",
           start + "Host : a\r\n\r\n",
           start + "Host: a\nX: b\r\n\r\n",
           start + "Host: a\r\nX: \x01\r\n\r\n",
           start + "Host: a\r\nX: \ta\r\n\r\n",
           start + "Host: a\r\n: x\r\n\r\n",
           start + "Host: a\r\nno colon\r\n\r\n",
       }) {
    EXPECT_EQ(Plain(head), "none") << head;
    EXPECT_EQ(Parsed(head, head.size()), Parsed(head, 1)) << head;
  }
  std::string many = start + "Host: a\r\n";
  for (size_t i = 0; i < kHeaderFieldsMax; ++i) many += "X: y\r\n";
  many += "\r\n";
  EXPECT_EQ(Plain(many), "none");
}

// Heads with a character changed here and there are read as when they come in pieces.
TEST(PlainHead, AgreesWithTheOtherWay) {
  const std::string head =
      "POST /a/b%20c?d=e HTTP/1.1\r\nHost: a:1\r\nContent-Length: 12\r\nConnection: close\r\n"
      "X-Request-Id: 7\r\n\r\n";
  constexpr std::string_view kOthers = "\r\n\t :/?%aHC17,-\x7f\xc3.";
  std::mt19937 random(3);
  for (int i = 0; i < 30'000; ++i) {
    std::string bytes = head;
    for (uint32_t changes = 1 + random() % 3; changes > 0; --changes) {
      const size_t at = random() % bytes.size();
      const char other = kOthers[random() % kOthers.size()];
      if (random() % 3 == 0) {
        bytes.erase(at, 1);
      } else if (random() % 2 == 0) {
        bytes.insert(at, 1, other);
      } else {
        bytes[at] = other;
      }
    }
    const std::string plain = Plain(bytes);
    if (plain != "none") {
      ASSERT_EQ(plain, Parsed(bytes, 1)) << bytes;
    }
  }
}

}  // namespace
}  // namespace millwright::http
