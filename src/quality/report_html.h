#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "quality/report_words.h"

// Text of people and data as safe HTML.
namespace millwright::quality {

// Escapes for element content and for attributes in double quotes. Bytes that are no UTF-8 and
// control characters become U+FFFD; line ends and tabs stay.
std::string Escape(std::string_view text);

// A value of the data in <code>, clipped; blanks at its ends are made visible, a missing value and
// an empty text are named.
std::string ValueHtml(const Json& value);
// The same of a measured figure, with at most six significant digits.
std::string FigureHtml(const Json& value);
// A sentence with its columns and values marked up.
std::string SentenceHtml(const Sentence& sentence);

// The document up to its heading: `title` names it in the browser, `css` is added to the style,
// `kind` says what kind of a report it is. Title and kind are escaped.
std::string PageHeadHtml(const std::string& title, std::string_view css, std::string_view kind);

// The style of the report: light and dark, narrow and print.
extern const std::string_view kReportCss;

}  // namespace millwright::quality
