#pragma once

#include <set>
#include <string>
#include <string_view>

namespace millwright::tensorboard {

// Makes a key that runs accept of a tag: "loss/train" stays, characters that no key may have become
// "_", and what would not be stable as a path is mended. A key that is `taken` by another tag, or
// that had to be cut, ends with digits of the tag's digest. The same tag always has the same key
// while the tags before it are the same.
std::string KeyOf(std::string_view tag, const std::set<std::string>& taken);

}  // namespace millwright::tensorboard
