#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "base/lazy_function.h"

// libarchive's functions, each under its own name; the library and those that it needs are opened
// at the first call.
namespace millwright::scan {

const SharedLibrary& ArchiveLibrary();

#define MILLWRIGHT_ARCHIVE(name) \
  inline constinit LazyFunction<decltype(&::name)> name(&ArchiveLibrary, #name);

MILLWRIGHT_ARCHIVE(archive_entry_filetype)
MILLWRIGHT_ARCHIVE(archive_entry_hardlink)
MILLWRIGHT_ARCHIVE(archive_entry_pathname)
MILLWRIGHT_ARCHIVE(archive_entry_symlink)
MILLWRIGHT_ARCHIVE(archive_error_string)
MILLWRIGHT_ARCHIVE(archive_read_data)
MILLWRIGHT_ARCHIVE(archive_read_free)
MILLWRIGHT_ARCHIVE(archive_read_new)
MILLWRIGHT_ARCHIVE(archive_read_next_header)
MILLWRIGHT_ARCHIVE(archive_read_open_filename)
MILLWRIGHT_ARCHIVE(archive_read_open_memory)
MILLWRIGHT_ARCHIVE(archive_read_support_filter_bzip2)
MILLWRIGHT_ARCHIVE(archive_read_support_filter_gzip)
MILLWRIGHT_ARCHIVE(archive_read_support_filter_lz4)
MILLWRIGHT_ARCHIVE(archive_read_support_filter_lzma)
MILLWRIGHT_ARCHIVE(archive_read_support_filter_xz)
MILLWRIGHT_ARCHIVE(archive_read_support_filter_zstd)
MILLWRIGHT_ARCHIVE(archive_read_support_format_7zip)
MILLWRIGHT_ARCHIVE(archive_read_support_format_raw)
MILLWRIGHT_ARCHIVE(archive_read_support_format_tar)

#undef MILLWRIGHT_ARCHIVE

}  // namespace millwright::scan
