#include "scan/unpack.h"

#include <zlib.h>

#include <memory>
#include <vector>

#include "scan/archive_library.h"

namespace millwright::scan {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
constexpr uInt kInputBytesMax = uInt{1} << 30;  // zlib counts in 32 bits

// Adds a chunk; tells how the unpacking ends when it must.
UnpackEnd Keep(std::string_view chunk, uint64_t packed_bytes, UnpackBudget* budget,
               Unpacked* kept) {
  kept->Append(chunk);
  if (UnpackBudget::IsBomb(packed_bytes, kept->size())) return UnpackEnd::kBomb;
  return budget->Take(chunk.size()) ? UnpackEnd::kWhole : UnpackEnd::kBudget;
}

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using ArchiveReader = std::unique_ptr<archive, FreeArchive>;

std::string Problem(archive* reader) {
  const char* text = archive_error_string(reader);
  return text == nullptr ? "it cannot be read" : text;
}

// Reads one member's bytes.
UnpackResult ReadData(archive* reader, uint64_t packed_bytes, UnpackBudget* budget) {
  UnpackResult result;
  std::vector<char> chunk(kChunkBytes);
  while (result.end == UnpackEnd::kWhole) {
    const auto count = archive_read_data(reader, chunk.data(), chunk.size());
    if (count == 0) return result;
    if (count < 0) {
      result.end = UnpackEnd::kDamaged;
      result.problem = Problem(reader);
      return result;
    }
    result.end =
        Keep({chunk.data(), static_cast<size_t>(count)}, packed_bytes, budget, &result.bytes);
  }
  return result;
}

void SupportFilters(archive* reader) {
  archive_read_support_filter_bzip2(reader);
  archive_read_support_filter_gzip(reader);
  archive_read_support_filter_lz4(reader);
  archive_read_support_filter_lzma(reader);
  archive_read_support_filter_xz(reader);
  archive_read_support_filter_zstd(reader);
}

std::string Text(const char* text) {
  return text == nullptr ? "" : text;
}

PackedMember Describe(archive_entry* entry) {
  PackedMember member{.name = Text(archive_entry_pathname(entry))};
  const std::string hard_link = Text(archive_entry_hardlink(entry));
  const std::string symbolic_link = Text(archive_entry_symlink(entry));
  member.target = hard_link.empty() ? symbolic_link : hard_link;
  const auto type = archive_entry_filetype(entry);
  if (!member.target.empty() || type == AE_IFLNK) {
    member.kind = PackedMember::Kind::kLink;
  } else if (type == AE_IFDIR) {
    member.kind = PackedMember::Kind::kFolder;
  } else if (type != AE_IFREG) {
    member.kind = PackedMember::Kind::kSpecial;
  }
  return member;
}

}  // namespace

UnpackResult Inflate(std::string_view packed, Deflate format, UnpackBudget* budget) {
  UnpackResult result;
  z_stream stream{};
  if (inflateInit2(&stream, format == Deflate::kRaw ? -MAX_WBITS : MAX_WBITS) != Z_OK) {
    result.end = UnpackEnd::kDamaged;
    result.problem = "zlib has no memory";
    return result;
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closing(&stream, inflateEnd);
  std::vector<char> chunk(kChunkBytes);
  std::string_view rest = packed;
  int status = Z_OK;
  while (status == Z_OK && result.end == UnpackEnd::kWhole) {
    if (stream.avail_in == 0) {
      const auto count = static_cast<uInt>(std::min<size_t>(rest.size(), kInputBytesMax));
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
      stream.avail_in = count;
      rest.remove_prefix(count);
    }
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    status = inflate(&stream, Z_NO_FLUSH);
    const size_t count = chunk.size() - stream.avail_out;
    if (count > 0) result.end = Keep({chunk.data(), count}, packed.size(), budget, &result.bytes);
  }
  if (result.end == UnpackEnd::kWhole && status != Z_STREAM_END) {
    result.end = UnpackEnd::kDamaged;
    result.problem = stream.msg == nullptr ? "the packed data ends early" : stream.msg;
  }
  return result;
}

UnpackResult Decompress(std::string_view packed, UnpackBudget* budget) {
  const ArchiveReader reader(archive_read_new());
  SupportFilters(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_memory(reader.get(), packed.data(), packed.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) < ARCHIVE_WARN) {
    UnpackResult result;
    result.end = UnpackEnd::kDamaged;
    result.problem = Problem(reader.get());
    return result;
  }
  return ReadData(reader.get(), packed.size(), budget);
}

UnpackResult WalkArchive(std::string_view packed, UnpackBudget* budget,
                         const std::function<void(const PackedMember&, Unpacked)>& visit) {
  UnpackResult result;
  const ArchiveReader reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_7zip(reader.get());
  int status = archive_read_open_memory(reader.get(), packed.data(), packed.size());
  archive_entry* entry = nullptr;
  while (status >= ARCHIVE_WARN &&
         (status = archive_read_next_header(reader.get(), &entry)) >= ARCHIVE_WARN) {
    if (status == ARCHIVE_EOF) return result;
    if (!budget->TakeMember()) {
      result.end = UnpackEnd::kBudget;
      return result;
    }
    const PackedMember member = Describe(entry);
    UnpackResult data = ReadData(reader.get(), packed.size(), budget);
    visit(member, std::move(data.bytes));
    if (data.end == UnpackEnd::kWhole) continue;
    result.end = data.end;
    result.problem = std::move(data.problem);
    return result;
  }
  result.end = UnpackEnd::kDamaged;
  result.problem = Problem(reader.get());
  return result;
}

}  // namespace millwright::scan
