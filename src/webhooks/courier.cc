#include "webhooks/courier.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "base/version.h"
#include "fetch/mail.h"
#include "webhooks/webhook_store.h"

namespace millwright::webhooks {
namespace {

constexpr int64_t kConnectTimeoutMsMax = 5'000;
constexpr int64_t kMsPerSecond = 1'000;

Verdict Judge(int status) {
  if (status >= 200 && status < 300) return Verdict::kDelivered;
  if (status == 408 || status == 429 || status >= 500) return Verdict::kRetry;
  return Verdict::kRefused;
}

std::string WordsFor(int status) {
  if (Judge(status) == Verdict::kDelivered) return "";
  if (status >= 300 && status < 400)
    return fmt::format("The receiver redirects ({}), which is not followed", status);
  return fmt::format("The receiver answered {}", status);
}

// What may be stored and shown of bytes that may be anything: printable ASCII, line breaks and
// whole UTF-8 sequences stay, every other byte becomes a question mark.
std::string TextOf(std::string_view bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[at]);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xc2 && lead < 0xe0 ? 2
                          : lead >= 0xe0 && lead < 0xf0 ? 3
                          : lead >= 0xf0 && lead < 0xf5 ? 4
                                                        : 0;
    const std::string_view piece = bytes.substr(at, std::max<size_t>(length, 1));
    const bool whole = length > 0 && piece.size() == length &&
                       std::all_of(piece.begin() + 1, piece.end(), [](char c) {
                         return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
                       });
    // Overlong forms, surrogates and what lies beyond Unicode.
    const auto second = piece.size() > 1 ? static_cast<unsigned char>(piece[1]) : 0;
    const bool wrong = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) ||
                       (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90);
    const bool control = lead < 0x20 && lead != '\n' && lead != '\t' && lead != '\r';
    if (!whole || wrong || control || lead == 0x7f) {
      text.push_back('?');
      ++at;
    } else {
      text.append(piece);
      at += length;
    }
  }
  return text;
}

int64_t RetryAfterMs(const fetch::FetchResponse& response) {
  const std::string_view text = response.Header("Retry-After");
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && seconds > 0 && seconds < INT64_MAX / kMsPerSecond ? seconds * kMsPerSecond : 0;
}

}  // namespace

Courier::Courier(Formats formats, const security::SecretBox& box, const AddressPolicy& policy,
                 const Clock& clock, int64_t timeout_ms)
    : formats_(formats),
      box_(box),
      clock_(clock),
      timeout_ms_(timeout_ms),
      client_([&policy](const std::string& url, const fetch::Address& address) {
        return policy.Allows(url, address);
      }) {}

fetch::FetchRequest Courier::RequestFor(const Outgoing& outgoing, const std::string& secret) const {
  const Format& format = FindFormat(formats_, outgoing.format);
  const std::string timestamp = std::to_string(clock_.NowMs() / kMsPerSecond);
  fetch::FetchRequest request;
  request.method = "POST";
  request.url = format.secret_use == SecretUse::kUrl && !secret.empty() ? secret : outgoing.url;
  request.headers = {{"Content-Type", "application/json"},
                     {"User-Agent", fmt::format("millwright/{}", Version())}};
  if (!format.id_header.empty()) {
    request.headers.emplace_back(format.id_header, outgoing.delivery.str());
    request.headers.emplace_back(format.timestamp_header, timestamp);
  }
  if (outgoing.sealed_secret && format.secret_use == SecretUse::kSign)
    request.headers.emplace_back(format.signature_header,
                                 Sign(secret, outgoing.delivery.str(), timestamp, outgoing.body));
  if (outgoing.sealed_secret && format.secret_use == SecretUse::kBearer)
    request.headers.emplace_back("Authorization", "Bearer " + secret);
  request.body = outgoing.body;
  request.timeout_ms = timeout_ms_;
  request.connect_timeout_ms = std::min(timeout_ms_, kConnectTimeoutMsMax);
  request.body_bytes_max = kResponseBytesMax;
  request.long_body = fetch::LongBody::kCut;
  return request;
}

void Courier::SendOverHttp(const Outgoing& outgoing, const std::string& secret,
                           const std::stop_token& stop, Sending* sending) {
  fetch::FetchRequest request = RequestFor(outgoing, secret);
  request.stop = stop;
  const fetch::FetchResponse response = client_.Fetch(request);
  sending->verdict = Judge(response.status);
  sending->attempt.status = response.status;
  sending->attempt.error = WordsFor(response.status);
  sending->attempt.response = TextOf(response.body);
  sending->retry_after_ms = RetryAfterMs(response);
}

// What a mail server refuses for now (4xx), or for reasons that its operator may mend within the
// time of the retries (a wrong password, no relaying), is tried again; an address that does not
// exist is not.
void Courier::SendMail(const Outgoing& outgoing, const std::string& secret,
                       const std::stop_token& stop, Sending* sending) {
  const Json settings = ParseJson(outgoing.settings);
  fetch::MailRequest mail;
  mail.url = outgoing.url;
  mail.user = settings.GetString("user");
  mail.password = secret;
  mail.from = settings.GetString("from");
  mail.to = settings.GetStrings("to");
  mail.tls = settings.GetString("tls") == "none"      ? fetch::MailTls::kNone
             : settings.GetString("tls") == "offered" ? fetch::MailTls::kIfOffered
                                                      : fetch::MailTls::kRequired;
  mail.message = outgoing.body;
  mail.timeout_ms = timeout_ms_;
  mail.stop = stop;
  fetch::MailReply reply;
  try {
    reply = client_.SendMail(mail);
  } catch (const Error& error) {
    if (error.message().find("STARTTLS") == std::string::npos) throw;
    throw Error(error.code(),
                error.message() +
                    "; where the way to the server is safe, as to a relay on this machine, say "
                    "tls: offered or tls: none for the receiver");
  }
  sending->attempt.status = reply.code;
  sending->attempt.response = TextOf(reply.text);
  const bool is_hopeless = reply.code >= 550 && reply.code <= 553;
  sending->verdict = reply.accepted ? Verdict::kDelivered
                     : is_hopeless  ? Verdict::kRefused
                                    : Verdict::kRetry;
  if (!reply.accepted)
    sending->attempt.error = fmt::format("The mail server answered {}", reply.code);
}

Sending Courier::Send(const Outgoing& outgoing, const std::stop_token& stop) {
  Sending sending;
  sending.attempt.started_ms = clock_.NowMs();
  const int64_t begun_us = MonotonicUs();
  try {
    std::optional<std::string> secret = "";
    if (outgoing.sealed_secret)
      secret = box_.Open(*outgoing.sealed_secret, WebhookStore::SecretPurpose(outgoing.webhook));
    // Not sent unsigned, and not given up: the right key file may come back.
    if (!secret)
      throw FailedPrecondition(
          "This server's key does not open the secret; give all servers of a database the same "
          "--secret-key-file, or set the secret again");
    if (FindFormat(formats_, outgoing.format).is_mail) {
      SendMail(outgoing, *secret, stop, &sending);
    } else {
      SendOverHttp(outgoing, *secret, stop, &sending);
    }
  } catch (const Error& error) {
    const bool hopeless =
        error.code() == Code::kPermissionDenied || error.code() == Code::kInvalidArgument;
    sending.verdict = stop.stop_requested() ? Verdict::kGivenUp
                      : hopeless            ? Verdict::kRefused
                                            : Verdict::kRetry;
    sending.attempt.error = TextOf(error.message());
  }
  sending.attempt.duration_ms = (MonotonicUs() - begun_us) / 1'000;
  return sending;
}

Sending Courier::Test(const Webhook& webhook, std::string_view topic) {
  return Send({.webhook = webhook.id,
               .url = webhook.url,
               .format = webhook.format,
               .sealed_secret = webhook.sealed_secret,
               .delivery = DeliveryId(NewHexId()),
               .body = FindFormat(formats_, webhook.format).example(topic, clock_.NowMs())});
}

}  // namespace millwright::webhooks
