#include "blob/xml_element.h"

#include <charconv>

#include "base/error.h"

namespace millwright::blob {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 63)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    out->push_back(static_cast<char>(0x80 | (code & 63)));
  } else {
    out->push_back(static_cast<char>(0xF0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 63)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    out->push_back(static_cast<char>(0x80 | (code & 63)));
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  XmlElement Document() {
    SkipProlog();
    XmlElement root = Element(0);
    SkipProlog();
    if (!rest_.empty()) Refuse("text behind the end");
    return root;
  }

 private:
  [[noreturn]] static void Refuse(std::string_view what) {
    throw InvalidArgument("Malformed XML: {}", what);
  }

  bool Skip(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  // What stands before `token`, which is passed over too.
  std::string_view Until(std::string_view token) {
    const size_t end = rest_.find(token);
    if (end == std::string_view::npos) Refuse("it ends too early");
    const std::string_view before = rest_.substr(0, end);
    rest_.remove_prefix(end + token.size());
    return before;
  }

  void SkipProlog() {
    while (true) {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlank), rest_.size()));
      if (Skip("\xEF\xBB\xBF")) continue;
      if (Skip("<?")) {
        Until("?>");
      } else if (Skip("<!--")) {
        Until("-->");
      } else {
        return;
      }
    }
  }

  XmlElement Element(int depth) {
    if (depth > kXmlDepthMax) Refuse("too deep");
    if (!Skip("<")) Refuse("no element");
    std::string_view tag = Until(">");
    const bool empty = tag.ends_with('/');
    if (empty) tag.remove_suffix(1);
    XmlElement element;
    element.name = tag.substr(0, tag.find_first_of(kBlank));
    if (element.name.empty() || element.name.find_first_of("!?/<&") != std::string::npos)
      Refuse("no name of an element");
    while (!empty && !Skip("</")) Content(depth, &element);
    if (empty) return element;
    std::string_view end = Until(">");
    if (end.substr(0, end.find_first_of(kBlank)) != element.name) Refuse("another end tag");
    return element;
  }

  void Content(int depth, XmlElement* element) {
    if (Skip("<!--")) {
      Until("-->");
    } else if (Skip("<![CDATA[")) {
      element->text.append(Until("]]>"));
    } else if (rest_.starts_with('<')) {
      element->children.push_back(Element(depth + 1));
    } else if (Skip("&")) {
      Entity(Until(";"), &element->text);
    } else {
      const size_t end = rest_.find_first_of("<&");
      if (end == std::string_view::npos) Refuse("it ends too early");
      element->text.append(rest_.substr(0, end));
      rest_.remove_prefix(end);
    }
  }

  static void Entity(std::string_view name, std::string* out) {
    if (name == "lt") return out->push_back('<');
    if (name == "gt") return out->push_back('>');
    if (name == "amp") return out->push_back('&');
    if (name == "quot") return out->push_back('"');
    if (name == "apos") return out->push_back('\'');
    const bool hex = name.starts_with("#x");
    if (!name.starts_with('#')) Refuse("an unknown entity");
    name.remove_prefix(hex ? 2 : 1);
    uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
    if (error != std::errc() || end != name.data() + name.size() || code > 0x10FFFF)
      Refuse("a malformed character");
    AppendUtf8(code, out);
  }

  std::string_view rest_;
};

}  // namespace

const XmlElement* XmlElement::Find(std::string_view child) const {
  for (const auto& element : children)
    if (element.name == child) return &element;
  return nullptr;
}

std::string_view XmlElement::Text(std::string_view child) const {
  const XmlElement* found = Find(child);
  return found == nullptr ? std::string_view() : found->text;
}

XmlElement ParseXml(std::string_view text) {
  return Reader(text).Document();
}

std::string XmlEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '\r') {
      out += "&#13;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace millwright::blob
