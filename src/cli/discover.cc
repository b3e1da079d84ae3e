#include "cli/discover.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json_text.h"
#include "base/text.h"
#include "env/file.h"
#include "format/strict.h"

namespace sluice::cli {
namespace {

// A name as YAML: plain where that is safe.
std::string YamlWord(const std::string& word) {
  static const std::set<std::string> kReserved = {"true", "false", "null", "yes", "no",
                                                  "on",   "off",   "y",    "n"};
  const bool plain =
      !word.empty() && kReserved.count(word) == 0 && (word[0] < '0' || word[0] > '9') &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (plain) return word;
  std::string quoted;
  AppendJsonString(quoted, word);
  return quoted;
}

std::string YamlList(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(YamlWord(word));
  return "[" + Join(quoted, ", ") + "]";
}

// A comment stays on its line.
std::string Comment(const std::string& text) {
  return ReplaceAll(ReplaceAll(text, "\n", " "), "\r", " ");
}

std::string FilesTableYaml(const std::string& name, const Proposal& proposal) {
  std::string pattern;
  AppendJsonString(pattern, proposal.pattern);
  std::string out = fmt::format("      {}:\n        pattern: {}\n", name, pattern);
  if (!proposal.key.empty()) out += fmt::format("        key: {}\n", YamlList(proposal.key));
  if (!proposal.csv.empty()) {
    std::vector<std::string> options;
    for (const auto& [option, value] : proposal.csv) {
      std::string quoted;
      AppendJsonString(quoted, value);
      const bool word = value == "tab" || value == "true" || value == "false";
      options.push_back(option + ": " + (word ? value : quoted));
    }
    out += fmt::format("        csv: {{ {} }}\n", Join(options, ", "));
  }
  out += "        mode: append # or replace, when the newest files are the whole table\n";
  out += "        columns:\n";
  for (const auto& [column, type] : proposal.columns) {
    out += fmt::format("          {}: {}\n", YamlWord(column), type);
  }
  for (const auto& [capture, type] : proposal.captures) {
    out += fmt::format("          # {}: {} # of the path, for each row\n", capture, type);
  }
  return out;
}

// Each line as a comment, at the same place.
std::string CommentedOut(const std::string& yaml) {
  constexpr size_t kIndent = 6;
  std::string out;
  for (const std::string& line : Split(yaml, '\n')) {
    if (line.size() > kIndent) out += line.substr(0, kIndent) + "# " + line.substr(kIndent) + "\n";
  }
  return out;
}

std::string TableYaml(const Proposals& proposals, const Proposal& proposal) {
  std::string out;
  for (const std::string& line : proposal.evidence) {
    out += fmt::format("      # {}\n", Comment(line));
  }
  if (!proposal.undecided.empty()) {
    out += fmt::format("      # decide: {}; then take the # away from its lines\n",
                       Comment(proposal.undecided));
  }
  const std::string name = YamlWord(proposal.table);
  if (!proposal.problem.empty()) {
    return out + fmt::format("      # {}: {}\n", name, Comment(proposal.problem));
  }
  if (proposals.layout == "zenoti") {
    if (proposal.key.empty()) return out + fmt::format("      # {}: {{ key: [?] }}\n", name);
    return out + fmt::format("      {}: {{ key: {} }}\n", name, YamlList(proposal.key));
  }
  const std::string table = FilesTableYaml(name, proposal);
  return out + (proposal.undecided.empty() ? table : CommentedOut(table));
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "bi_factforms" -> "forms"; names of files have no such prefix.
std::string Stem(const std::string& table) {
  for (const std::string_view prefix : {"bi_fact", "bi_dim"}) {
    if (StartsWith(table, prefix)) return table.substr(prefix.size());
  }
  return table;
}

std::vector<std::string> OwnNames(const std::string& table) {
  std::vector<std::string> stems = {Stem(table)};
  const std::string stem = stems.front();
  if (EndsWith(stem, "ies")) stems.push_back(stem.substr(0, stem.size() - 3) + "y");
  if (EndsWith(stem, "s")) stems.push_back(stem.substr(0, stem.size() - 1));
  std::vector<std::string> names = {"id"};
  for (const std::string& base : stems) {
    for (const std::string_view form :
         {"{0}id", "{0}_id", "{0}pk", "{0}key", "{0}factid", "fact{0}id"}) {
      names.push_back(fmt::format(fmt::runtime(form), base));
    }
  }
  return names;
}

}  // namespace

std::string ProposalsAsYaml(const Proposals& proposals) {
  const bool any =
      std::any_of(proposals.tables.begin(), proposals.tables.end(), [&](const Proposal& proposal) {
        return proposal.problem.empty() && proposal.undecided.empty() &&
               (proposals.layout != "zenoti" || !proposal.key.empty());
      });
  std::string out = fmt::format(
      "# Proposed by `sluice discover`; nothing here is certain. Look at every table, correct what "
      "is\n"
      "# wrong, and confirm it by adding this file to `include:` in sluice.yml.\n"
      "ingests:\n  {}:\n    tables:{}\n",
      YamlWord(proposals.ingest), any ? "" : " {}");
  for (const Proposal& proposal : proposals.tables) out += TableYaml(proposals, proposal);
  return out;
}

Result<Sample> Sample::Fetch(const DiscoverContext& context, connector::Store& store,
                             const connector::StoredFile& file) {
  SLUICE_TRY(context.runtime.MakeStateFolder());
  const std::string copy =
      context.runtime.StatePath(fmt::format("discover-{:016x}", context.random.Next()));
  SLUICE_ASSIGN(const connector::FetchedFile fetched, store.Fetch(file, copy, {}, context.cancel));
  return Sample(fetched.local_path, fetched.local_path == copy ? copy : "");
}

Sample::Sample(Sample&& other) noexcept
    : path_(std::move(other.path_)), copy_(std::move(other.copy_)) {
  other.copy_.clear();
}

Sample::~Sample() {
  if (!copy_.empty()) (void)env::RemoveFile(copy_);
}

KeyTrial::KeyTrial(std::vector<std::vector<size_t>> candidates) {
  for (std::vector<size_t>& columns : candidates) {
    Trial& trial = trials_.emplace_back();
    trial.columns = std::move(columns);
  }
}

void KeyTrial::Row(std::span<const format::CsvCell> cells) {
  ++rows_;
  std::string framed;
  for (Trial& trial : trials_) {
    if (!trial.unique) continue;
    framed.clear();
    bool null = false;
    for (const size_t column : trial.columns) {
      null = null || column >= cells.size() || cells[column].null;
      if (null) break;
      framed += fmt::format("{}:", cells[column].text.size());
      framed += cells[column].text;
    }
    if (null) {
      ++trial.nulls;
    } else if (!trial.seen.insert(Hash64(framed)).second) {
      trial.unique = false;
      trial.seen = {};
    }
  }
}

bool KeyTrial::MayBeKey(size_t candidate) const {
  constexpr uint64_t kOneIn = 100;
  const Trial& trial = trials_[candidate];
  return trial.unique && trial.nulls * kOneIn <= rows_;
}

bool KeyTrial::AnyMayBeKey() const {
  for (size_t i = 0; i < trials_.size(); ++i) {
    if (MayBeKey(i)) return true;
  }
  return false;
}

std::vector<KeyCandidate> RankColumns(const std::string& table,
                                      const std::vector<std::string>& columns,
                                      const std::vector<std::string>& dist_key,
                                      const std::vector<std::string>& sort_key) {
  const std::vector<std::string> own = OwnNames(table);
  std::vector<KeyCandidate> candidates;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string& name = columns[i];
    // What groups rows is no key by itself; it joins one where it is needed.
    if (name == "organizationid" || name == "void" || StartsWith(name, "_sluice")) continue;
    KeyCandidate candidate;
    candidate.column = name;
    const auto add = [&](int score, std::string reason) {
      candidate.score += score;
      candidate.reasons.push_back(std::move(reason));
    };
    if (Contains(own, name)) add(50, "named after the table");
    if (Contains(dist_key, name)) add(30, "the distkey");
    if (Contains(sort_key, name)) add(sort_key.front() == name ? 20 : 10, "in the sortkey");
    if (i == 0) add(15, "the first column");
    if (EndsWith(name, "id") || EndsWith(name, "pk")) add(10, "an id by its name");
    if (candidate.score > 0) candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const KeyCandidate& a, const KeyCandidate& b) { return a.score > b.score; });
  return candidates;
}

namespace {

// Digits before and behind the point of a plain decimal; nothing for anything else.
std::optional<std::pair<int, int>> DigitsOf(std::string_view text) {
  if (StartsWith(text, "-")) text.remove_prefix(1);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  const auto digits = [](std::string_view part) {
    return part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (whole.empty() || !digits(whole) || !digits(fraction)) return {};
  if (point != std::string_view::npos && fraction.empty()) return {};
  return std::pair<int, int>(static_cast<int>(whole.size()), static_cast<int>(fraction.size()));
}

// A number that would lose something by being one: postal codes, telephone numbers.
bool OnlyLooksLikeNumber(std::string_view text) {
  if (StartsWith(text, "+")) return true;
  if (StartsWith(text, "-")) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] != '.';
}

// A number as its digits without zeros at either end, and the power of ten of the first one.
struct Decimal {
  bool negative = false;
  std::string digits;  // "" for zero
  int64_t exponent = 0;
  bool operator==(const Decimal&) const = default;
};

Decimal DecimalOf(std::string_view text) {
  Decimal number;
  if (StartsWith(text, "-") || StartsWith(text, "+")) {
    number.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    const std::string_view power = text.substr(e + 1);
    const bool down = StartsWith(power, "-");
    constexpr uint64_t kFar = 1'000'000;
    const uint64_t size =
        ParseUnsigned(power.substr(down || StartsWith(power, "+") ? 1 : 0)).value_or(kFar);
    number.exponent = static_cast<int64_t>(std::min(size, kFar)) * (down ? -1 : 1);
    text = text.substr(0, e);
  }
  const size_t point = std::min(text.find('.'), text.size());
  number.exponent += static_cast<int64_t>(point);
  number.digits = ReplaceAll(text, ".", "");
  const size_t first = std::min(number.digits.find_first_not_of('0'), number.digits.size());
  number.digits.erase(0, first);
  number.exponent -= static_cast<int64_t>(first);
  while (EndsWith(number.digits, "0")) number.digits.pop_back();
  if (number.digits.empty()) return {};
  return number;
}

// Whether both are the same number: what was written, and the shortest name of the double it became.
bool NamesTheSame(std::string_view written, std::string_view shortest) {
  return DecimalOf(written) == DecimalOf(shortest);
}

}  // namespace

format::ValueForm FormOf(const config::CsvOptions& csv) {
  format::ValueForm form;
  form.decimal = csv.decimal;
  form.thousands = csv.thousands;
  form.date = csv.date_format;
  return form;
}

std::string_view TypeTrial::Strict(std::string_view text, format::SqlType::Kind kind,
                                   std::string& out) const {
  const format::SqlType type{kind};
  if (!form_.Concerns(type)) return text;
  // Said otherwise it is no such value, and no strict one either.
  if (!format::ToStrict(text, type, form_, out)) return "?";
  return out;
}

namespace {

constexpr uint64_t kMostMisses = 20;
constexpr uint64_t kNever = kMostMisses + 1;

}  // namespace

void TypeTrial::IsQuoted() {
  for (const Kind kind : {kInteger, kDecimal, kReal, kBoolean}) misses_[kind] = kNever;
}

template <typename Fits>
void TypeTrial::Try(Kind kind, const Fits& fits) {
  if (misses_[kind] <= kMostMisses && !fits()) ++misses_[kind];
}

void TypeTrial::Value(const format::CsvCell& cell) {
  using Sql = format::SqlType::Kind;
  if (cell.null) return;
  ++values_;
  const std::string_view text = cell.text;
  std::string real_text;
  std::string other_text;
  const std::string_view real = Strict(text, Sql::kDouble, real_text);
  const auto digits = DigitsOf(real);
  if (OnlyLooksLikeNumber(real)) {
    for (const Kind kind : {kInteger, kDecimal, kReal}) misses_[kind] = kNever;
  }
  Try(kInteger, [&] {
    return format::ParseInteger(Strict(text, Sql::kBigInt, other_text), INT64_MIN, INT64_MAX)
        .has_value();
  });
  Try(kDecimal, [&] { return digits.has_value(); });
  Try(kReal, [&] {
    const auto parsed = format::ParseDouble(real);
    return parsed && NamesTheSame(real, fmt::format("{}", *parsed));
  });
  if (digits) {
    whole_digits_ = std::max(whole_digits_, digits->first);
    fraction_digits_ = std::max(fraction_digits_, digits->second);
  }
  Try(kBoolean, [&] {
    const std::string lower = Lower(text);
    return lower == "true" || lower == "false";
  });
  Try(kDate, [&] { return format::ParseDate(Strict(text, Sql::kDate, other_text)).has_value(); });
  Try(kTimestamp, [&] {
    return format::ParseTimestamp(Strict(text, Sql::kTimestamp, other_text)).has_value();
  });
  Try(kZoned, [&] {
    return format::ParseTimestampTz(Strict(text, Sql::kTimestampTz, other_text)).has_value();
  });
}

void TypeTrial::Merge(const TypeTrial& other) {
  values_ += other.values_;
  for (size_t kind = 0; kind < misses_.size(); ++kind) misses_[kind] += other.misses_[kind];
  whole_digits_ = std::max(whole_digits_, other.whole_digits_);
  fraction_digits_ = std::max(fraction_digits_, other.fraction_digits_);
}

// "" for a decimal of more digits than there can be.
std::string TypeTrial::NameOf(Kind kind, int least_scale) const {
  switch (kind) {
    case kBoolean:
      return "BOOLEAN";
    case kInteger:
      return "BIGINT";
    case kReal:
      return "DOUBLE";
    case kDate:
      return "DATE";
    case kTimestamp:
      return "TIMESTAMP";
    case kZoned:
      return "TIMESTAMPTZ";
    case kDecimal:
    case kKinds:
      break;
  }
  constexpr int kUsual = 18;
  constexpr int kMost = 38;
  if (whole_digits_ + fraction_digits_ > kMost) return {};
  // None behind the point: a whole number of many digits.
  const int wanted = fraction_digits_ == 0 ? 0 : std::max(fraction_digits_, least_scale);
  const int scale = std::min(wanted, kMost - whole_digits_);
  return fmt::format("DECIMAL({},{})", whole_digits_ + scale <= kUsual ? kUsual : kMost, scale);
}

std::string TypeTrial::SqlType(int least_scale) const {
  if (values_ == 0) return "VARCHAR";
  for (int kind = 0; kind < kKinds; ++kind) {
    if (misses_[static_cast<size_t>(kind)] > 0) continue;
    if (std::string name = NameOf(static_cast<Kind>(kind), least_scale); !name.empty()) return name;
  }
  return "VARCHAR";
}

std::string TypeTrial::Nearly(int least_scale) const {
  constexpr uint64_t kFew = 20;  // one value in so many, at most
  if (SqlType() != "VARCHAR") return {};
  uint64_t fewest = std::min(kMostMisses, values_ / kFew);
  std::string found;
  for (int kind = 0; kind < kKinds; ++kind) {
    const uint64_t misses = misses_[static_cast<size_t>(kind)];
    if (misses == 0 || misses > fewest || (misses == fewest && !found.empty())) continue;
    const std::string name = NameOf(static_cast<Kind>(kind), least_scale);
    if (name.empty()) continue;
    fewest = misses;
    found = fmt::format("{} of {} are {}", Thousands(values_ - misses), Counted(values_, "value"),
                        name);
  }
  return found;
}

}  // namespace sluice::cli
