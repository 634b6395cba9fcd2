#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millwright::blob {

// An element of an XML document as S3 writes them: text or other elements inside; attributes and
// name spaces mean nothing there and are passed over.
struct XmlElement {
  std::string name;
  std::string text;
  std::vector<XmlElement> children;

  // The first child of a name, or nullptr.
  const XmlElement* Find(std::string_view child) const;
  // The text of the first child of a name, "" when absent.
  std::string_view Text(std::string_view child) const;
};

// Reads a document's one element. Throws kInvalidArgument for what is not well-formed, nested
// deeper than kXmlDepthMax, or has a DOCTYPE: entities of its own are how XML does harm.
inline constexpr int kXmlDepthMax = 16;
XmlElement ParseXml(std::string_view text);

// Escapes text for the inside of an element.
std::string XmlEscape(std::string_view text);

}  // namespace millwright::blob
