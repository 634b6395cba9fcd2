#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace millwright::moving {

// Tells by the names, sizes and times of all files below a folder whether any of them has changed,
// without reading them; `without` is a folder right below it that does not count. Links are not
// followed. The same for a folder that is not there as for an empty one.
std::string FolderFingerprint(const std::filesystem::path& folder, std::string_view without = {});

}  // namespace millwright::moving
