#include "format/byte_source.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace sluice::format {
namespace {

class FileSource : public ByteSource {
 public:
  static Result<std::unique_ptr<FileSource>> Open(const std::string& path) {
    int fd = -1;
    do {
      fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
      const int reason = errno;
      const std::string message = fmt::format("{}: {}", path, std::strerror(reason));
      return reason == ENOENT ? NotFoundError(message) : FailedError(message);
    }
    return std::unique_ptr<FileSource>(new FileSource(path, fd));
  }
  ~FileSource() override { ::close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  Result<size_t> Read(char* to, size_t size) override {
    ssize_t n = 0;
    do {
      n = ::read(fd_, to, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return FailedError(fmt::format("{}: {}", path_, std::strerror(errno)));
    return static_cast<size_t>(n);
  }

  Status Rewind() {
    if (::lseek(fd_, 0, SEEK_SET) < 0) {
      return FailedError(fmt::format("{}: {}", path_, std::strerror(errno)));
    }
    return Status::Ok();
  }
  const std::string& path() const { return path_; }

 private:
  FileSource(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<FileSource> file) : file_(std::move(file)) {
    // 15 bits of window, +16: a gzip header is required. Fails only for want of memory.
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~GzipSource() override {
    if (ready_) inflateEnd(&stream_);
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  Result<size_t> Read(char* to, size_t size) override {
    if (!ready_) return FailedError(fmt::format("{}: no memory to decompress it", file_->path()));
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1U << 30U));
    const uInt asked = stream_.avail_out;
    while (stream_.avail_out == asked && !ended_) SLUICE_TRY(Step());
    return asked - stream_.avail_out;
  }

 private:
  // Fills the input and decompresses a piece, which may give no output yet.
  Status Step() {
    if (stream_.avail_in == 0) {
      SLUICE_ASSIGN(const size_t n, file_->Read(input_.data(), input_.size()));
      if (n == 0) {
        if (!between_members_) return Damaged("it ends in the middle");
        ended_ = true;
        return Status::Ok();
      }
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(n);
    }
    if (between_members_) {
      if (inflateReset(&stream_) != Z_OK) return Damaged("its stream cannot be reset");
      between_members_ = false;
    }
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      between_members_ = true;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return Damaged(stream_.msg != nullptr ? stream_.msg : "it is not valid");
    }
    return Status::Ok();
  }

  Status Damaged(std::string_view what) const {
    return RejectedError(fmt::format("{}: damaged gzip: {}", file_->path(), what),
                         "Ask for the file again");
  }

  std::unique_ptr<FileSource> file_;
  z_stream stream_{};
  std::array<char, 64 * 1024> input_{};
  bool ready_ = false;
  bool between_members_ = false;
  bool ended_ = false;
};

class ContentSource : public ByteSource {
 public:
  explicit ContentSource(std::string_view content) : rest_(content) {}
  Result<size_t> Read(char* to, size_t size) override {
    const size_t n = std::min(size, rest_.size());
    if (n > 0) std::memcpy(to, rest_.data(), n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
};

Result<Compression> Detect(FileSource& file) {
  std::array<char, 3> magic{};
  size_t have = 0;
  while (have < magic.size()) {
    SLUICE_ASSIGN(const size_t n, file.Read(magic.data() + have, magic.size() - have));
    if (n == 0) break;
    have += n;
  }
  // 1f 8b, and 8 for the only method there is (RFC 1952).
  const bool gzip = have == 3 && magic[0] == '\x1f' && magic[1] == '\x8b' && magic[2] == '\x08';
  return gzip ? Compression::kGzip : Compression::kNone;
}

}  // namespace

Result<Compression> DetectCompression(const std::string& path) {
  SLUICE_ASSIGN(const auto file, FileSource::Open(path));
  return Detect(*file);
}

Result<std::unique_ptr<ByteSource>> OpenByteSource(const std::string& path) {
  SLUICE_ASSIGN(auto file, FileSource::Open(path));
  SLUICE_ASSIGN(const Compression compression, Detect(*file));
  SLUICE_TRY(file->Rewind());
  if (compression == Compression::kNone) return std::unique_ptr<ByteSource>(std::move(file));
  return std::unique_ptr<ByteSource>(std::make_unique<GzipSource>(std::move(file)));
}

std::unique_ptr<ByteSource> MemorySource(std::string_view content) {
  return std::make_unique<ContentSource>(content);
}

}  // namespace sluice::format
