#include "config/diagnostics.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::config {
namespace {

// A longer list of valid names is no help in a message; the reference page has it.
constexpr size_t kMaxNamesListed = 12;

bool Same(const Problem& a, const Problem& b) {
  return a.ToString() == b.ToString();
}

bool Has(const std::vector<Problem>& list, const Problem& problem) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Problem& other) { return Same(other, problem); });
}

}  // namespace

std::string Problem::ToString() const {
  std::string out = where.ToString();
  if (!out.empty()) out += ": ";
  if (!key.empty()) out += key + ": ";
  return out + message;
}

void Diagnostics::Error(Problem problem) {
  if (Has(errors_, problem)) return;
  if (errors_.size() >= kMaxErrors) {
    ++errors_not_kept_;
    return;
  }
  errors_.push_back(std::move(problem));
}

void Diagnostics::Warn(Problem problem) {
  if (warnings_.size() >= kMaxWarnings || Has(warnings_, problem)) return;
  warnings_.push_back(std::move(problem));
}

void Diagnostics::Error(const Location& where, std::string key, std::string message) {
  Error(Problem{where, std::move(key), std::move(message), "", "", ""});
}

void Diagnostics::Warn(const Location& where, std::string key, std::string message) {
  Warn(Problem{where, std::move(key), std::move(message), "", "", ""});
}

void Diagnostics::Mismatch(const Location& where, std::string key, std::string expected,
                           std::string found) {
  std::string message = fmt::format("expected {}, found {}", expected, found);
  Error(Problem{where, std::move(key), std::move(message), std::move(expected), std::move(found),
                ""});
}

void Diagnostics::Unknown(const Location& where, std::string key, std::string_view prefix,
                          const std::string& name, const std::vector<std::string>& known) {
  const std::optional<std::string> nearest = Nearest(name, known);
  std::string message = fmt::format("{} {}", prefix, Quoted(name));
  if (nearest) {
    message += fmt::format(" (did you mean \"{}\"?)", *nearest);
  } else if (!known.empty() && known.size() <= kMaxNamesListed) {
    message += fmt::format("; known: {}", Join(known, ", "));
  }
  Error(Problem{where, std::move(key), std::move(message), "", "", nearest.value_or("")});
}

bool IsUnset(const Problem& problem) {
  return StartsWith(problem.message, "the variable ");
}

namespace {
bool Concerns(const Problem& problem, const std::string& key) {
  return problem.key == key || StartsWith(problem.key, key + ".") ||
         StartsWith(problem.key, key + "[");
}
}  // namespace

size_t Diagnostics::SetAside(const std::string& key, const std::string& suffix) {
  return SetAsideIf([&](const Problem& problem) { return Concerns(problem, key); }, suffix);
}

size_t Diagnostics::SetAsideUnset(const std::string& key) {
  return SetAsideIf(
      [&](const Problem& problem) { return Concerns(problem, key) && IsUnset(problem); }, "");
}

size_t Diagnostics::SetAsideExactly(const std::string& key, const std::string& suffix) {
  return SetAsideIf([&](const Problem& problem) { return problem.key == key; }, suffix);
}

size_t Diagnostics::SetAsideIf(const std::function<bool(const Problem&)>& concerns,
                               const std::string& suffix) {
  size_t moved = 0;
  for (Problem& problem : errors_) {
    if (!concerns(problem)) continue;
    ++moved;
    Problem warning = problem;
    warning.message += suffix;
    Warn(std::move(warning));
  }
  std::erase_if(errors_, concerns);
  return moved;
}

void Diagnostics::Sort() {
  const auto before = [](const Problem& a, const Problem& b) {
    return std::tie(a.where.file, a.where.line, a.where.column) <
           std::tie(b.where.file, b.where.line, b.where.column);
  };
  std::stable_sort(errors_.begin(), errors_.end(), before);
  std::stable_sort(warnings_.begin(), warnings_.end(), before);
  for (std::vector<Problem>* problems : {&errors_, &warnings_}) {
    std::set<std::string> variables;
    problems->erase(std::remove_if(problems->begin(), problems->end(),
                                   [&](const Problem& problem) {
                                     return StartsWith(problem.message, "the variable ") &&
                                            !variables.insert(problem.message).second;
                                   }),
                    problems->end());
  }
}

Status Diagnostics::ToStatus() const {
  if (ok()) return Status::Ok();
  if (error_count() == 1) return ConfigError(errors_[0].ToString());
  std::string message = fmt::format("the project has {} errors:", error_count());
  for (const Problem& problem : errors_) message += "\n  " + problem.ToString();
  if (errors_not_kept_ > 0) message += fmt::format("\n  … and {} more", errors_not_kept_);
  return ConfigError(message);
}

std::string Quoted(std::string_view text) {
  constexpr size_t kLongest = 60;
  std::string shown(text.substr(0, kLongest));
  // Cutting must not leave half a character behind.
  while (shown.size() < text.size() && !shown.empty() && !IsValidUtf8(shown)) shown.pop_back();
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return fmt::format("\"{}{}\"", shown, shown.size() < text.size() ? "…" : "");
}

std::string OneOfWords(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace sluice::config
