#include "api/alerting/mail.h"

#include <fmt/format.h>

#include <ctime>

#include "base/clock.h"
#include "base/digest.h"
#include "base/id.h"

namespace millwright::api::alerting {
namespace {

using alerts::Alert;
using alerts::AlertPhase;
using alerts::Notification;

constexpr size_t kLineBytesMax = 75;         // of quoted-printable, without the soft line end
constexpr size_t kEncodedWordBytesMax = 42;  // of text in one =?utf-8?B?…?= of 75 bytes
constexpr size_t kSubjectBytesMax = 200;
constexpr int64_t kMsPerSecond = 1'000;

// RFC 2045, 6.7; lines end with CR LF.
std::string QuotedPrintable(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  size_t line = 0;
  const auto put = [&](std::string_view piece) {
    if (line + piece.size() > kLineBytesMax) {
      out += "=\r\n";
      line = 0;
    }
    out += piece;
    line += piece.size();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') {
      out += "\r\n";
      line = 0;
      continue;
    }
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    const bool plain = (byte > 32 && byte < 127 && byte != '=') || (byte == ' ' && !ends_line);
    // A dot alone on a line ends a mail for those that do not know better.
    if (plain && !(byte == '.' && line == 0)) {
      put(text.substr(i, 1));
    } else {
      const char escaped[] = {'=', kHex[byte >> 4], kHex[byte & 15]};
      put({escaped, 3});
    }
  }
  return out;
}

// RFC 2047: ASCII stands as it is, anything else in encoded words.
std::string HeaderText(std::string text) {
  bool plain = true;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = ' ';
    plain = plain && static_cast<unsigned char>(c) < 127;
  }
  if (text.size() > kSubjectBytesMax) {
    size_t end = kSubjectBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
  }
  if (plain && text.size() <= kLineBytesMax) return text;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(at + kEncodedWordBytesMax, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    out += fmt::format("{}=?utf-8?B?{}?=", out.empty() ? "" : "\r\n ",
                       Base64(text.substr(at, end - at)));
    at = end;
  }
  return out;
}

// "Sun, 29 Nov 2026 23:00:00 +0000"
std::string MailDate(int64_t time_ms) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = time_ms / kMsPerSecond;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string StateOf(const Alert& alert) {
  if (alert.phase == AlertPhase::kResolved) return "resolved";
  return alert.flapping ? "flapping, " + alert.severity : alert.severity;
}

std::string TextPart(const Notification& notification) {
  std::string text = Headline(notification) + "\n";
  for (const auto* some : {&notification.firing, &notification.resolved}) {
    for (const Alert& alert : *some) {
      text += fmt::format("\n{} ({})\n  {}\n", alert.rule, StateOf(alert), alert.summary);
      for (const auto& [name, value] : alert.labels)
        if (name != "rule" && name != "severity") text += fmt::format("  {}: {}\n", name, value);
      for (const auto& [name, value] : alert.annotations)
        if (name != "summary") text += fmt::format("  {}: {}\n", name, value);
      text +=
          fmt::format("  since {}\n  {}\n", FormatTime(alert.fired_ms.value_or(alert.pending_ms)),
                      AlertUrl(notification, alert));
    }
  }
  if (notification.more > 0)
    text += fmt::format("\n… and {} more: {}/alerts\n", notification.more, notification.server_url);
  return text;
}

std::string HtmlPart(const Notification& notification) {
  std::string html = fmt::format(
      "<!doctype html><html><body style=\"font:14px/1.5 sans-serif;color:#1c1c1c\">\n"
      "<p><b>{}</b></p>\n",
      Escaped(Headline(notification)));
  for (const auto* some : {&notification.firing, &notification.resolved}) {
    for (const Alert& alert : *some) {
      const bool fires = alert.phase != AlertPhase::kResolved;
      const char* color = !fires ? "#2e7d32" : alert.severity == "critical" ? "#c62828" : "#b26a00";
      html += fmt::format(
          "<div style=\"border-left:4px solid {};padding:4px 12px;margin:12px 0\">\n"
          "<a href=\"{}\"><b>{}</b></a> ({})<br>{}<br>\n",
          color, Escaped(AlertUrl(notification, alert)), Escaped(alert.rule),
          Escaped(StateOf(alert)), Escaped(alert.summary));
      html += "<span style=\"color:#666\">";
      for (const auto& [name, value] : alert.labels)
        if (name != "rule" && name != "severity")
          html += fmt::format("{}: {}<br>\n", Escaped(name), Escaped(value));
      html +=
          fmt::format("since {}</span>\n", FormatTime(alert.fired_ms.value_or(alert.pending_ms)));
      const auto runbook = alert.annotations.find("runbook_url");
      if (runbook != alert.annotations.end())
        html += fmt::format("<br><a href=\"{}\">Runbook</a>\n", Escaped(runbook->second));
      html += "</div>\n";
    }
  }
  if (notification.more > 0)
    html += fmt::format("<p>… and <a href=\"{}/alerts\">{} more</a></p>\n",
                        Escaped(notification.server_url), notification.more);
  return html + "</body></html>\n";
}

}  // namespace

std::string WordMail(const Notification& notification) {
  const std::string from = notification.settings.GetString("from");
  std::string to;
  for (const std::string& address : notification.settings.GetStrings("to"))
    to += (to.empty() ? "" : ",\r\n ") + address;
  const size_t at = from.find('@');
  const std::string domain = at == std::string::npos ? "localhost" : from.substr(at + 1);
  const std::string thread =
      Sha256Hex(notification.receiver + alerts::LabelsText(notification.group)).substr(0, 24);
  const std::string boundary = "=_" + NewHexId();
  std::string mail = fmt::format(
      "From: Millwright <{}>\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\n"
      "References: <{}@{}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n",
      from, to, HeaderText(Headline(notification)), MailDate(notification.time_ms), NewHexId(),
      domain, thread, domain, boundary);
  const auto add = [&](std::string_view type, const std::string& part) {
    mail += fmt::format(
        "--{}\r\nContent-Type: {}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n",
        boundary, type, QuotedPrintable(part));
  };
  add("text/plain", TextPart(notification));
  add("text/html", HtmlPart(notification));
  return mail + fmt::format("--{}--\r\n", boundary);
}

}  // namespace millwright::api::alerting
