#include "format/text_source.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::format {
namespace {

constexpr char kNoUtf8 = '\xFF';  // a byte that no UTF-8 text has

// A source whose first bytes were looked at.
class Peeked : public ByteSource {
 public:
  explicit Peeked(std::unique_ptr<ByteSource> rest) : rest_(std::move(rest)) {}

  // Up to four bytes: what a byte order mark takes.
  Result<std::string_view> Peek() {
    while (have_ < begin_.size()) {
      SLUICE_ASSIGN(const size_t n, rest_->Read(begin_.data() + have_, begin_.size() - have_));
      if (n == 0) break;
      have_ += n;
    }
    return std::string_view(begin_.data(), have_);
  }

  Result<size_t> Read(char* to, size_t size) override {
    if (at_ == have_) return rest_->Read(to, size);
    const size_t n = std::min(size, have_ - at_);
    std::memcpy(to, begin_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  std::unique_ptr<ByteSource> rest_;
  std::array<char, 4> begin_{};
  size_t have_ = 0;
  size_t at_ = 0;
};

// How many bytes are passed over where nothing can be made of them.
size_t UnitOf(const std::string& encoding) {
  if (StartsWith(encoding, "utf-16") || StartsWith(encoding, "ucs-2")) return 2;
  return StartsWith(encoding, "utf-32") || StartsWith(encoding, "ucs-4") ? 4 : 1;
}

class Decoder : public ByteSource {
 public:
  // `converter` is owned.
  Decoder(std::unique_ptr<ByteSource> bytes, iconv_t converter, size_t unit)
      : bytes_(std::move(bytes)), converter_(converter), unit_(unit) {}
  ~Decoder() override { iconv_close(converter_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Result<size_t> Read(char* to, size_t size) override {
    while (out_at_ == out_end_) {
      if (ended_ && in_.empty()) return size_t{0};
      SLUICE_TRY(Fill());
    }
    const size_t n = std::min(size, out_end_ - out_at_);
    std::memcpy(to, out_.data() + out_at_, n);
    out_at_ += n;
    return n;
  }

 private:
  Status Fill() {
    if (!ended_ && (in_.empty() || starved_)) {
      // What is left is the beginning of a character.
      if (!in_.empty()) std::memmove(input_.data(), in_.data(), in_.size());
      SLUICE_ASSIGN(const size_t n,
                    bytes_->Read(input_.data() + in_.size(), input_.size() - in_.size()));
      in_ = std::string_view(input_.data(), in_.size() + n);
      ended_ = n == 0;
      starved_ = false;
    }
    char* from = const_cast<char*>(in_.data());  // iconv only reads it
    size_t left = in_.size();
    char* to = out_.data();
    size_t room = out_.size() - 1;
    errno = 0;
    const size_t done = iconv(converter_, &from, &left, &to, &room);
    const int reason = done == static_cast<size_t>(-1) ? errno : 0;
    in_.remove_prefix(in_.size() - left);
    if (reason == EILSEQ || (reason == EINVAL && ended_)) {
      in_.remove_prefix(std::min(in_.size(), unit_));
      *to++ = kNoUtf8;
    } else if (reason == EINVAL) {
      starved_ = true;
    }
    out_at_ = 0;
    out_end_ = static_cast<size_t>(to - out_.data());
    return Status::Ok();
  }

  std::unique_ptr<ByteSource> bytes_;
  iconv_t converter_;
  const size_t unit_;
  std::array<char, 32 * 1024> input_{};
  std::array<char, 64 * 1024> out_{};
  std::string_view in_;
  size_t out_at_ = 0;
  size_t out_end_ = 0;
  bool ended_ = false;
  bool starved_ = false;  // more bytes are needed
};

bool IsUtf8Name(const std::string& encoding) {
  return encoding == "utf-8" || encoding == "utf8";
}

// By the byte order mark; UTF-16 without one is what Windows writes.
std::string Settle(const std::string& encoding, std::string_view begin) {
  const bool any = encoding == "auto";
  if ((any || encoding == "utf-32") && begin == std::string_view("\xFF\xFE\0\0", 4)) {
    return "utf-32le";
  }
  if ((any || encoding == "utf-32") && begin == std::string_view("\0\0\xFE\xFF", 4)) {
    return "utf-32be";
  }
  if ((any || encoding == "utf-16") && StartsWith(begin, "\xFF\xFE")) return "utf-16le";
  if ((any || encoding == "utf-16") && StartsWith(begin, "\xFE\xFF")) return "utf-16be";
  if (any) return "utf-8";
  return encoding == "utf-16" || encoding == "utf-32" ? encoding + "le" : encoding;
}

}  // namespace

Status CheckEncodingName(const std::string& encoding) {
  if (encoding == "auto" || IsUtf8Name(encoding)) return Status::Ok();
  const iconv_t converter = iconv_open("UTF-8", encoding.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) {
    return ConfigError(
        fmt::format("nothing is known of an encoding \"{}\"", encoding),
        "Write auto, utf-8, utf-16, latin1, windows-1252, … (`iconv -l` lists them)");
  }
  iconv_close(converter);
  return Status::Ok();
}

Result<std::unique_ptr<ByteSource>> DecodeText(std::unique_ptr<ByteSource> bytes,
                                               const std::string& encoding) {
  auto peeked = std::make_unique<Peeked>(std::move(bytes));
  SLUICE_ASSIGN(const std::string_view begin, peeked->Peek());
  const std::string settled = Settle(encoding, begin);
  if (IsUtf8Name(settled)) return std::unique_ptr<ByteSource>(std::move(peeked));
  const iconv_t converter = iconv_open("UTF-8", settled.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) return CheckEncodingName(settled);
  return std::unique_ptr<ByteSource>(
      std::make_unique<Decoder>(std::move(peeked), converter, UnitOf(settled)));
}

Result<std::unique_ptr<ByteSource>> OpenCsvText(const std::string& path,
                                                const CsvDialect& dialect) {
  SLUICE_ASSIGN(auto bytes, OpenByteSource(path));
  return DecodeText(std::move(bytes), dialect.encoding);
}

Result<std::string> EncodingOf(const std::string& path, const CsvDialect& dialect) {
  SLUICE_ASSIGN(auto bytes, OpenByteSource(path));
  Peeked peeked(std::move(bytes));
  SLUICE_ASSIGN(const std::string_view begin, peeked.Peek());
  const std::string settled = Settle(dialect.encoding, begin);
  return IsUtf8Name(settled) ? std::string("UTF-8") : settled;
}

Result<bool> IsUtf8(const std::string& path, const CsvDialect& dialect) {
  if (dialect.encoding != "auto") return IsUtf8Name(dialect.encoding);
  SLUICE_ASSIGN(const std::string encoding, EncodingOf(path, dialect));
  return encoding == "UTF-8";
}

}  // namespace sluice::format
