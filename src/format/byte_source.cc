#include "format/byte_source.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

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

  Status Seek(uint64_t offset) {
    if (::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0) {
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

class ZstdSource : public ByteSource {
 public:
  explicit ZstdSource(std::unique_ptr<FileSource> file)
      : file_(std::move(file)), stream_(ZSTD_createDStream()) {}
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;

  Result<size_t> Read(char* to, size_t size) override {
    if (stream_ == nullptr) {
      return FailedError(fmt::format("{}: no memory to decompress it", file_->path()));
    }
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0 && !ended_) SLUICE_TRY(Step(out));
    return out.pos;
  }

 private:
  Status Step(ZSTD_outBuffer& out) {
    if (in_.pos == in_.size && !flushing_) {
      SLUICE_ASSIGN(const size_t n, file_->Read(input_.data(), input_.size()));
      if (n == 0) {
        if (!between_frames_) return Damaged("it ends in the middle");
        ended_ = true;
        return Status::Ok();
      }
      in_ = {input_.data(), n, 0};
    }
    const size_t code = ZSTD_decompressStream(stream_, &out, &in_);
    if (ZSTD_isError(code) != 0) return Damaged(ZSTD_getErrorName(code));
    between_frames_ = code == 0;
    // A full output: there may be more without further input.
    flushing_ = out.pos == out.size && code != 0;
    return Status::Ok();
  }

  Status Damaged(std::string_view what) const {
    return RejectedError(fmt::format("{}: damaged zstd: {}", file_->path(), what),
                         "Ask for the file again");
  }

  std::unique_ptr<FileSource> file_;
  ZSTD_DStream* stream_;
  std::array<char, 64 * 1024> input_{};
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool between_frames_ = false;
  bool flushing_ = false;
  bool ended_ = false;
};

class StretchSource : public ByteSource {
 public:
  StretchSource(std::unique_ptr<FileSource> file, uint64_t size)
      : file_(std::move(file)), left_(size) {}
  Result<size_t> Read(char* to, size_t size) override {
    const auto most = static_cast<size_t>(std::min<uint64_t>(size, left_));
    if (most == 0) return size_t{0};
    SLUICE_ASSIGN(const size_t n, file_->Read(to, most));
    left_ -= n;
    return n;
  }

 private:
  std::unique_ptr<FileSource> file_;
  uint64_t left_;
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
  std::array<char, 4> bytes{};
  size_t have = 0;
  while (have < bytes.size()) {
    SLUICE_ASSIGN(const size_t n, file.Read(bytes.data() + have, bytes.size() - have));
    if (n == 0) break;
    have += n;
  }
  const std::string_view magic(bytes.data(), have);
  // 1f 8b, and 8 for the only method there is (RFC 1952).
  if (magic.substr(0, 3) == "\x1f\x8b\x08") return Compression::kGzip;
  // RFC 8878: a frame, or one of the sixteen kinds that are skipped.
  if (magic == "\x28\xb5\x2f\xfd") return Compression::kZstd;
  if (have == bytes.size() && magic.substr(1) == "\x2a\x4d\x18" && (magic[0] & '\xf0') == '\x50')
    return Compression::kZstd;
  // A member, or an archive without any.
  if (magic == "PK\x03\x04" || magic == "PK\x05\x06") return Compression::kZip;
  return Compression::kNone;
}

}  // namespace

std::string_view CompressionName(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kGzip:
      return "gzip";
    case Compression::kZstd:
      return "zstd";
    case Compression::kZip:
      return "zip";
  }
  return "none";
}

Result<Compression> DetectCompression(const std::string& path) {
  SLUICE_ASSIGN(const auto file, FileSource::Open(path));
  return Detect(*file);
}

Result<std::unique_ptr<ByteSource>> OpenByteSource(const std::string& path) {
  SLUICE_ASSIGN(auto file, FileSource::Open(path));
  SLUICE_ASSIGN(const Compression compression, Detect(*file));
  SLUICE_TRY(file->Seek(0));
  switch (compression) {
    case Compression::kNone:
      break;
    case Compression::kGzip:
      return std::unique_ptr<ByteSource>(std::make_unique<GzipSource>(std::move(file)));
    case Compression::kZstd:
      return std::unique_ptr<ByteSource>(std::make_unique<ZstdSource>(std::move(file)));
    case Compression::kZip:
      return RejectedError(path + ": a zip archive inside a zip archive");
  }
  return std::unique_ptr<ByteSource>(std::move(file));
}

Result<std::unique_ptr<ByteSource>> OpenStretch(const std::string& path, uint64_t begin,
                                                uint64_t end) {
  SLUICE_ASSIGN(auto file, FileSource::Open(path));
  SLUICE_TRY(file->Seek(begin));
  return std::unique_ptr<ByteSource>(std::make_unique<StretchSource>(std::move(file), end - begin));
}

std::unique_ptr<ByteSource> MemorySource(std::string_view content) {
  return std::make_unique<ContentSource>(content);
}

}  // namespace sluice::format
