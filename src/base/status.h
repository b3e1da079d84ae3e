// Errors as values. A Status says what went wrong and what to do about it; a Result<T> is a T or the
// Status of why there is none. Absence and the end of a stream are ordinary values, never errors.
//
// The code is chosen by what the *caller* should do, not by where the error arose:
//
//   kConfig     the project file or the command line is wrong: the user edits it      (exit 2)
//   kAuth       the other side refused our credentials: the user renews them          (exit 1)
//   kRetry      may go well later (time-out, 429, 5xx): back off and try again        (exit 1)
//   kRejected   this row or file is bad, others are not: put it aside and go on        (exit 1)
//   kNotFound   the thing that was named is not there                                 (exit 1)
//   kHeld       a gate or a held file waits for somebody's decision                    (exit 3)
//   kBusy       another run or process holds it                                       (exit 4)
//   kCancelled  the user pressed Ctrl-C or a deadline of ours passed                   (exit 130)
//   kFailed     nothing to be done by the program: give up and report                 (exit 1)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace sluice {

enum class Code {
  kOk,
  kConfig,
  kAuth,
  kRetry,
  kRejected,
  kNotFound,
  kHeld,
  kBusy,
  kCancelled,
  kFailed,
};

// The word for a code as it stands in logs and JSON: "config", "auth", ...
std::string_view CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  // `message` is one sentence for the user: where, what was expected, what was found. No secrets,
  // no personal data. `next` is what to type or do next; may be empty.
  Status(Code code, std::string message, std::string next = "");

  static Status Ok() { return {}; }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& next() const { return next_; }

  // The same error with "context: " put before the message, for the way up.
  Status WithContext(std::string_view context) const;
  // The same error with another hint for what to do next.
  Status WithNext(std::string next) const;
  // "message. next" as one text.
  std::string ToString() const;

 private:
  Code code_ = Code::kOk;
  std::string message_;
  std::string next_;
};

inline Status ConfigError(std::string message, std::string next = "") {
  return {Code::kConfig, std::move(message), std::move(next)};
}
inline Status AuthError(std::string message, std::string next = "") {
  return {Code::kAuth, std::move(message), std::move(next)};
}
inline Status RetryError(std::string message, std::string next = "") {
  return {Code::kRetry, std::move(message), std::move(next)};
}
inline Status RejectedError(std::string message, std::string next = "") {
  return {Code::kRejected, std::move(message), std::move(next)};
}
inline Status NotFoundError(std::string message, std::string next = "") {
  return {Code::kNotFound, std::move(message), std::move(next)};
}
inline Status HeldError(std::string message, std::string next = "") {
  return {Code::kHeld, std::move(message), std::move(next)};
}
inline Status BusyError(std::string message, std::string next = "") {
  return {Code::kBusy, std::move(message), std::move(next)};
}
inline Status CancelledError(std::string message, std::string next = "") {
  return {Code::kCancelled, std::move(message), std::move(next)};
}
inline Status FailedError(std::string message, std::string next = "") {
  return {Code::kFailed, std::move(message), std::move(next)};
}

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : value_(std::in_place_index<0>, std::move(value)) {}        // NOLINT: implicit
  Result(Status status) : value_(std::in_place_index<1>, std::move(status)) {  // NOLINT: implicit
    SLUICE_CHECK(!std::get<1>(value_).ok(), "a Result made from an ok Status has no value");
  }

  bool ok() const { return value_.index() == 0; }
  Status status() const { return ok() ? Status::Ok() : std::get<1>(value_); }

  T& value() & {
    SLUICE_CHECK(ok(), "value() of a failed Result");
    return std::get<0>(value_);
  }
  const T& value() const& {
    SLUICE_CHECK(ok(), "value() of a failed Result");
    return std::get<0>(value_);
  }
  T&& value() && {
    SLUICE_CHECK(ok(), "value() of a failed Result");
    return std::move(std::get<0>(value_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> value_;
};

}  // namespace sluice

#define SLUICE_CONCAT_(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_(a, b)

// Returns from the function when `expr` (a Status) failed.
#define SLUICE_TRY(expr)                             \
  do {                                               \
    ::sluice::Status sluice_status_ = (expr);        \
    if (!sluice_status_.ok()) return sluice_status_; \
  } while (false)

// SLUICE_ASSIGN(auto x, F()): declares x from a Result, or returns its Status.
#define SLUICE_ASSIGN(decl, expr) \
  SLUICE_ASSIGN_(SLUICE_CONCAT(sluice_result_, __LINE__), decl, expr)
#define SLUICE_ASSIGN_(tmp, decl, expr) \
  auto tmp = (expr);                    \
  if (!tmp.ok()) return tmp.status();   \
  decl = std::move(tmp).value()
