#include "scan/archive_library.h"

namespace millwright::scan {

const SharedLibrary& ArchiveLibrary() {
  static const SharedLibrary library("libarchive", {"libarchive.so.13"}, "install libarchive13");
  return library;
}

}  // namespace millwright::scan
