#include "quality/report_html.h"

#include <fmt/format.h>

namespace millwright::quality {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

// How many bytes the character at `at` has, or 0 when there is no well-formed character.
size_t CharacterBytes(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  size_t bytes = 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) bytes = 2;
  if (first >= 0xE0 && first <= 0xEF) bytes = 3;
  if (first >= 0xF0 && first <= 0xF4) bytes = 4;
  if (bytes == 0 || at + bytes > text.size()) return 0;
  for (size_t i = 1; i < bytes; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return 0;
  }
  return bytes;
}

std::string_view EscapeOf(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return "";
  }
}

// Blanks that begin or end a text decide about its equality and are not seen.
std::string VisibleBlanks(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (text.empty()) return "<i class=\"none\">empty text</i>";
  const auto blanks = [](std::string_view part) {
    return part.empty() ? "" : fmt::format("<span class=\"blank\">{}</span>", part);
  };
  if (first == std::string_view::npos) return "<code>" + blanks(text) + "</code>";
  const size_t last = text.find_last_not_of(' ') + 1;
  return "<code>" + blanks(text.substr(0, first)) + Escape(text.substr(first, last - first)) +
         blanks(text.substr(last)) + "</code>";
}

}  // namespace

std::string Escape(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = CharacterBytes(text, at);
    const char c = text[at];
    const bool control =
        bytes == 1 && static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    if (bytes == 0 || control || c == 0x7F) {
      html += kReplacement;
    } else if (const std::string_view escape = EscapeOf(c); !escape.empty()) {
      html += escape;
    } else {
      html += text.substr(at, bytes);
    }
    at += bytes == 0 ? 1 : bytes;
  }
  return html;
}

std::string ValueHtml(const Json& value) {
  if (value.is_null()) return "<i class=\"none\">missing</i>";
  return VisibleBlanks(Clip(ValueText(value), kWordsTextMax));
}

std::string FigureHtml(const Json& value) {
  if (value.is_null()) return "<i class=\"none\">none</i>";
  return VisibleBlanks(Clip(FigureText(value), kWordsTextMax));
}

std::string SentenceHtml(const Sentence& sentence) {
  std::string html;
  for (const Sentence::Part& part : sentence.parts()) {
    switch (part.kind) {
      case Sentence::Kind::kWords:
        html += Escape(part.text);
        break;
      case Sentence::Kind::kColumn:
        html += "<b class=\"column\">" + Escape(part.text) + "</b>";
        break;
      case Sentence::Kind::kValue:
        html += VisibleBlanks(part.text);
        break;
    }
  }
  return html;
}

std::string PageHeadHtml(const std::string& title, std::string_view css, std::string_view kind) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";
  html += Escape(title) + "</title>\n<style>";
  html += kReportCss;
  html += css;
  html +=
      "</style>\n</head>\n<body>\n<main>\n<header>\n<p class=\"kind\">" + Escape(kind) + "</p>\n";
  return html;
}

}  // namespace millwright::quality
