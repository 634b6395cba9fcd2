#include "storage/search_cursor.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "storage/search.h"

namespace millwright::storage {
namespace {

// Of a token that cannot be read, the message shows this much.
constexpr size_t kShownBytesMax = 200;
constexpr size_t kDigestCharacters = 16;

Json ToJson(const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return Json(*integer);
  if (const auto* number = std::get_if<double>(&value)) return Json(*number);
  return Json(std::get<std::string>(value));
}

// Writes bytes as Python does in b'…'.
std::string Shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, kShownBytesMax)) {
    if (c == '\'' || c == '\\') {
      text += {'\\', c};
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (bytes.size() > kShownBytesMax) text += "…";
  return text;
}

Json ParseLeniently(const std::string& text) {
  try {
    return ParseJson(text);
  } catch (const Error&) {
    return Json();
  }
}

std::optional<std::vector<Value>> PlaceOf(const Json& json) {
  const Json* list = json.Find("place");
  if (list == nullptr || !list->is_array()) return std::nullopt;
  std::vector<Value> place;
  for (const Json& item : list->AsArray()) {
    if (item.is_int()) {
      place.emplace_back(item.AsInt());
    } else if (item.is_double()) {
      place.emplace_back(item.AsDouble());
    } else if (item.is_string()) {
      place.emplace_back(item.AsString());
    } else {
      return std::nullopt;
    }
  }
  return place;
}

}  // namespace

std::string WriteToken(const SearchCursor& cursor) {
  Json place = Json::MakeArray();
  for (const Value& value : cursor.place) place.Append(ToJson(value));
  return Base64(Json::Of({{"search", cursor.search}, {"place", place}}).Dump());
}

SearchCursor ReadToken(std::string_view token, std::string_view search) {
  if (token.size() > kPageTokenBytesMax) {
    throw InvalidArgument("Invalid page token, longer than {} bytes", kPageTokenBytesMax);
  }
  const auto decoded = Base64DecodeLoosely(token);
  if (!decoded) throw InvalidArgument("Invalid page token, could not base64-decode");
  const Json json = ParseLeniently(*decoded);
  const Json* offset = json.Find("offset");
  if (offset != nullptr && offset->is_int() && offset->AsInt() <= 0) {
    return {std::string(search), {}};
  }
  const Json* made_by = json.Find("search");
  auto place = PlaceOf(json);
  if (made_by == nullptr || !made_by->is_string() || !place) {
    throw InvalidArgument("Invalid page token, decoded value=b'{}'", Shown(*decoded));
  }
  if (made_by->AsString() != search) {
    throw InvalidArgument(
        "Invalid page token: it belongs to a search with another filter, order, view or list of "
        "experiments. Begin again without page_token.");
  }
  return {std::string(search), std::move(*place)};
}

std::string SearchDigest(const std::vector<std::string_view>& texts) {
  Digest digest(Digest::Kind::kSha256);
  for (const std::string_view text : texts) {
    digest.Update(std::to_string(text.size()));
    digest.Update(":");
    digest.Update(text);
  }
  return digest.FinishHex().substr(0, kDigestCharacters);
}

}  // namespace millwright::storage
