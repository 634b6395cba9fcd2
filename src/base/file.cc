#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "base/digest.h"
#include "base/error.h"
#include "base/id.h"
#include "base/valid_text.h"

namespace millwright {
namespace {

constexpr size_t kReadChunkBytes = 1 << 20;
constexpr size_t kShownPathBytesMax = 200;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void ThrowErrno(std::string_view what, const std::filesystem::path& path) {
  if (errno == ENOSPC) throw ResourceExhausted("No space left on the disk: {}", path.string());
  throw Internal("{} failed: {}: {}", what, path.string(), std::strerror(errno));
}

void SyncFolder(const std::filesystem::path& folder) {
  const Descriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) fsync(fd.get());
}

// Calls `part` with each piece of the file in order.
template <typename F>
void ForEachPart(const std::filesystem::path& path, F part) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw NotFound("File", path.string());
    ThrowErrno("open", path);
  }
  std::string buffer(kReadChunkBytes, '\0');
  for (;;) {
    const ssize_t size = read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) ThrowErrno("read", path);
    if (size == 0) return;
    part(std::string_view(buffer.data(), static_cast<size_t>(size)));
  }
}

}  // namespace

std::string ReadFile(const std::filesystem::path& path) {
  std::string bytes;
  ForEachPart(path, [&](std::string_view part) { bytes.append(part); });
  return bytes;
}

void WriteFileDurably(const std::filesystem::path& path, std::string_view bytes) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  auto temporary = path;
  temporary += NewShortId(".tmp-");
  {
    const Descriptor fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (fd.get() < 0) ThrowErrno("open", temporary);
    bool ok = true;
    while (ok && !bytes.empty()) {
      const ssize_t size = write(fd.get(), bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      ok = size >= 0;
      if (ok) bytes.remove_prefix(static_cast<size_t>(size));
    }
    ok = ok && fsync(fd.get()) == 0;
    if (!ok) {
      const int saved = errno;
      unlink(temporary.c_str());
      errno = saved;
      ThrowErrno("write", path);
    }
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) ThrowErrno("rename", path);
  SyncFolder(path.has_parent_path() ? path.parent_path() : ".");
}

std::string Sha256OfFile(const std::filesystem::path& path) {
  Digest digest(Digest::Kind::kSha256);
  ForEachPart(path, [&](std::string_view part) { digest.Update(part); });
  return digest.FinishHex();
}

Error InvalidPath(std::string_view path) {
  const bool is_long = path.size() > kShownPathBytesMax;
  std::string shown;
  // Not within a character, of which the half would be shown as another.
  size_t end = std::min(path.size(), kShownPathBytesMax);
  while (is_long && end > 0 && (static_cast<unsigned char>(path[end]) & 0xC0) == 0x80) --end;
  for (const char c : path.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      shown += fmt::format("%{:02X}", byte);
    } else {
      shown += c;
    }
  }
  return InvalidArgument("Invalid path: {}{}", ValidText(shown), is_long ? "…" : "");
}

std::filesystem::path ConfinedPath(const std::filesystem::path& root, std::string_view relative) {
  const auto refuse = [&] { return InvalidPath(relative); };
  if (relative.find('\0') != std::string_view::npos ||
      relative.find('\\') != std::string_view::npos)
    throw refuse();
  const std::filesystem::path path{std::string(relative)};
  if (path.is_absolute()) throw refuse();
  for (const auto& part : path)
    if (part == "..") throw refuse();
  const auto joined = (root / path).lexically_normal();
  // What exists of the path is resolved, so that a symbolic link cannot lead outside.
  std::error_code error;
  const auto real_root = std::filesystem::weakly_canonical(root, error);
  const auto real = std::filesystem::weakly_canonical(joined, error);
  const auto inside = real.lexically_relative(real_root);
  if (error || inside.empty() || *inside.begin() == "..") throw refuse();
  return joined;
}

TempDir::TempDir() {
  auto name = (std::filesystem::temp_directory_path() / "millwright-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) ThrowErrno("mkdtemp", name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace millwright
