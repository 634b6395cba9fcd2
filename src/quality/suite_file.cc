#include "quality/suite_file.h"

#include "base/error.h"
#include "base/file.h"

namespace millwright::quality {

Suite ReadSuiteFile(const std::string& file) {
  const std::string text = ReadFile(file);
  try {
    return ParseSuiteText(text);
  } catch (const Error& error) {
    throw Error(error.code(), file + ": " + error.message());
  }
}

}  // namespace millwright::quality
