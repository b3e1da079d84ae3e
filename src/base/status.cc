#include "base/status.h"

namespace sluice {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kOk:
      return "ok";
    case Code::kConfig:
      return "config";
    case Code::kAuth:
      return "auth";
    case Code::kRetry:
      return "retry";
    case Code::kRejected:
      return "rejected";
    case Code::kNotFound:
      return "not_found";
    case Code::kHeld:
      return "held";
    case Code::kBusy:
      return "busy";
    case Code::kCancelled:
      return "cancelled";
    case Code::kFailed:
      return "failed";
  }
  return "failed";
}

Status::Status(Code code, std::string message, std::string next)
    : code_(code), message_(std::move(message)), next_(std::move(next)) {}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return {code_, std::string(context) + ": " + message_, next_};
}

Status Status::WithNext(std::string next) const {
  if (ok()) return *this;
  return {code_, message_, std::move(next)};
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  return next_.empty() ? message_ : message_ + ". " + next_;
}

}  // namespace sluice
