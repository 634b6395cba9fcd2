#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Makes pickles and archives for tests, sound ones and others.
namespace millwright::scan::testing {

inline std::string Little(uint64_t number, size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

inline std::string ShortText(std::string_view text) {
  return "\x8C" + Little(text.size(), 1) + std::string(text);
}

// A pickle that calls MODULE.NAME with one text, in protocol 4 or, with "c", as one line each.
inline std::string CallPickle(std::string_view module, std::string_view name) {
  return "\x80\x04" + ShortText(module) + ShortText(name) + "\x93" + ShortText("id") + "\x85R.";
}
inline std::string OldCallPickle(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n(S'id'\ntR.";
}

struct TestMember {
  std::string name;
  std::string bytes;
  bool deflate = false;
  std::string local_name = {};  // the name again when empty
  uint16_t local_flags = 0;
  bool wrong_crc = false;
  uint32_t attributes = 0;
};

inline std::string Deflated(std::string_view bytes) {
  std::string packed(compressBound(bytes.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string Zip(const std::vector<TestMember>& members) {
  std::string data;
  std::string directory;
  for (const TestMember& member : members) {
    const std::string packed = member.deflate ? Deflated(member.bytes) : member.bytes;
    const auto* start = reinterpret_cast<const Bytef*>(member.bytes.data());
    const auto crc =
        static_cast<uint32_t>(crc32_z(0, start, member.bytes.size())) + (member.wrong_crc ? 1 : 0);
    const std::string common = Little(member.deflate ? 8 : 0, 2) + Little(0, 4) + Little(crc, 4) +
                               Little(packed.size(), 4) + Little(member.bytes.size(), 4);
    const std::string local = member.local_name.empty() ? member.name : member.local_name;
    directory += std::string("PK\1\2", 4) + Little(0x0314, 2) + Little(20, 2) + Little(0, 2) +
                 common + Little(member.name.size(), 2) + Little(0, 2) + Little(0, 2) +
                 Little(0, 2) + Little(0, 2) + Little(member.attributes, 4) +
                 Little(data.size(), 4) + member.name;
    data += std::string("PK\3\4", 4) + Little(20, 2) + Little(member.local_flags, 2) + common +
            Little(local.size(), 2) + Little(0, 2) + local + packed;
  }
  return data + directory + std::string("PK\5\6", 4) + Little(0, 4) + Little(members.size(), 2) +
         Little(members.size(), 2) + Little(directory.size(), 4) + Little(data.size(), 4) +
         Little(0, 2);
}

// A tar member; `kind` is '0' for a file, '2' for a symbolic link to `bytes`.
inline std::string TarMember(const std::string& name, const std::string& bytes, char kind = '0') {
  std::string header(512, '\0');
  const std::string content = kind == '0' ? bytes : "";
  const auto put = [&](size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  char size[12];
  std::snprintf(size, sizeof size, "%011o", static_cast<unsigned>(content.size()));
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size);
  put(136, "00000000000");
  put(148, "        ");
  header[156] = kind;
  if (kind != '0') put(157, bytes);
  put(257, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  char check[8];
  std::snprintf(check, sizeof check, "%06o", sum);
  put(148, std::string(check, 7));
  return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}
inline std::string Tar(const std::string& members) {
  return members + std::string(1024, '\0');
}

}  // namespace millwright::scan::testing
