#include "blob/xml_element.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::blob {
namespace {

TEST(XmlElement, ReadsWhatS3Writes) {
  const XmlElement root = ParseXml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3\"><Name>b"
      "</Name><Prefix/><Contents><Key>a &amp; b&#x2F;&#228;</Key><!-- c --></Contents>"
      "<Contents><Key><![CDATA[<x>]]></Key></Contents></ListBucketResult>");
  EXPECT_EQ(root.name, "ListBucketResult");
  EXPECT_EQ(root.Text("Name"), "b");
  EXPECT_EQ(root.Text("Prefix"), "");
  EXPECT_EQ(root.Find("Absent"), nullptr);
  EXPECT_EQ(root.children[2].Text("Key"), "a & b/\u00e4");
  EXPECT_EQ(root.children[3].Text("Key"), "<x>");
}

TEST(XmlElement, RefusesWhatIsMalformedOrDoesHarm) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "<a>";
  for (const std::string& text : std::initializer_list<std::string>{
           "", "text", "<a>", "<a></b>", "<a/>x", "<a>&x;</a>", "<a>&#xFFFFFFF;</a>", "<>", deep,
           "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a", "<a>&amp</a>"}) {
    EXPECT_THROW(ParseXml(text), Error) << text;
  }
}

TEST(XmlElement, EscapesSoThatItReadsItsOwnText) {
  const std::string text = "a<b>&\r\"'c";
  EXPECT_EQ(ParseXml("<a>" + XmlEscape(text) + "</a>").text, text);
}

}  // namespace
}  // namespace millwright::blob
