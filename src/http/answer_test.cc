#include "http/answer.h"

#include <gtest/gtest.h>

namespace millwright::http {
namespace {

TEST(Answer, WritesAHead) {
  Response response = Response::JsonText(201, "{}");
  response.headers.Add("X-Note", "ok");
  std::string out;
  AppendHead(response, {.length = 2, .date = "Sun, 06 Nov 1994 08:49:37 GMT"}, &out);
  EXPECT_EQ(
      "HTTP/1.1 201 Created\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
      "Content-Type: application/json\r\nX-Note: ok\r\nContent-Length: 2\r\n\r\n",
      out);
}

TEST(Answer, LetsNoValueBecomeAHeaderOfItsOwn) {
  Response response;
  response.headers.Add("Location", "/x\r\nSet-Cookie: evil");
  response.headers.Add("Content-Length", "999");
  std::string out;
  AppendHead(response, {.framing = BodyFraming::kChunked, .keep_alive = false, .date = "D"}, &out);
  EXPECT_EQ(
      "HTTP/1.1 200 OK\r\nDate: D\r\nLocation: /x  Set-Cookie: evil\r\n"
      "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
      out);
}

TEST(Answer, WritesDatesAsHttpWantsThem) {
  EXPECT_EQ("Sun, 06 Nov 1994 08:49:37 GMT", HttpDate(784111777000));
}

TEST(Answer, ReadsRanges) {
  const auto check = [](std::string_view header, RangeKind kind, uint64_t offset, uint64_t length) {
    const RangeAnswer answer = ParseRange(header, 100);
    EXPECT_EQ(kind, answer.kind) << header;
    EXPECT_EQ(offset, answer.range.offset) << header;
    EXPECT_EQ(length, answer.range.length) << header;
  };
  check("bytes=0-9", RangeKind::kPart, 0, 10);
  check("bytes=90-", RangeKind::kPart, 90, 10);
  check("bytes=90-1000", RangeKind::kPart, 90, 10);
  check("bytes=-5", RangeKind::kPart, 95, 5);
  check("bytes=-500", RangeKind::kPart, 0, 100);
  check("bytes=100-", RangeKind::kUnsatisfiable, 0, 0);
  check("bytes=-0", RangeKind::kUnsatisfiable, 0, 0);
  for (const char* ignored : {"bytes=", "bytes=-", "bytes=9-3", "bytes=a-b", "bytes=1-2,3-4",
                              "bytes= 1-2", "bytes=99999999999999999999-", "items=1-2"})
    check(ignored, RangeKind::kWhole, 0, 100);
}

}  // namespace
}  // namespace millwright::http
