#include "http/message.h"

#include "base/check.h"
#include "base/words.h"

namespace millwright::http {
namespace {

// Whether two words are of the same characters but for the case of ASCII letters.
bool SameLetters(uint64_t a, uint64_t b) {
  constexpr uint64_t kCase = words::EachByte('a' - 'A');
  const uint64_t differ = a ^ b;
  if (differ == 0) return true;
  if ((differ & ~kCase) != 0) return false;
  const uint64_t lower = a | kCase;
  const uint64_t low_bits = lower & ~words::kTopBits;
  const uint64_t from_a = low_bits + words::EachByte(0x80 - 'a');
  const uint64_t above_z = low_bits + words::EachByte(0x80 - ('z' + 1));
  const uint64_t letters = from_a & ~above_z & ~lower & words::kTopBits;
  constexpr int kCaseToTop = 2;
  return ((differ << kCaseToTop) & ~letters) == 0;
}

std::optional<std::string_view> FindValue(
    const std::vector<std::pair<std::string, std::string>>& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (key == name) return value;
  return std::nullopt;
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() < sizeof(uint64_t)) {
    return a.empty() ||
           SameLetters(words::LoadShort(a.data(), a.size()), words::LoadShort(b.data(), b.size()));
  }
  const size_t last = a.size() - sizeof(uint64_t);
  for (size_t at = 0; at < last; at += sizeof(uint64_t)) {
    if (!SameLetters(words::LoadWord(a.data() + at), words::LoadWord(b.data() + at))) return false;
  }
  return SameLetters(words::LoadWord(a.data() + last), words::LoadWord(b.data() + last));
}

std::string_view MethodName(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kHead:
      return "HEAD";
    case Method::kOptions:
      return "OPTIONS";
  }
  return "GET";
}

void Headers::Set(std::string name, std::string value) {
  std::erase_if(fields_, [&](const auto& field) { return EqualsIgnoringCase(field.first, name); });
  Add(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::Find(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (key.size() == name.size() && EqualsIgnoringCase(key, name)) return value;
  return std::nullopt;
}

std::optional<std::string_view> Request::Query(std::string_view name) const {
  return FindValue(query, name);
}

const std::string& Request::PathValue(std::string_view name) const {
  for (const auto& [key, value] : path_values)
    if (key == name) return value;
  internal::CheckFailed(name, __FILE__, __LINE__);
}

Response Response::Text(int status, std::string text, std::string_view type) {
  Response response;
  response.status = status;
  response.headers.Add("Content-Type", std::string(type));
  response.body = std::move(text);
  return response;
}

Response Response::JsonText(int status, std::string json) {
  return Text(status, std::move(json), "application/json");
}

}  // namespace millwright::http
