// Proposals for what a project does not say yet: tables, their keys, their columns. Made from names,
// schema files and samples; never taken over without somebody's word.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "env/clock.h"
#include "env/random.h"
#include "format/csv_reader.h"
#include "format/value_form.h"
#include "ingest/ddl.h"
#include "pipeline/runtime.h"

namespace sluice::cli {

struct Proposal {
  std::string table;
  std::vector<std::string> key;                              // empty: none was found
  std::vector<std::string> evidence;                         // why this key, in words
  std::string pattern;                                       // layout files
  std::vector<std::pair<std::string, std::string>> columns;  // layout files: name, type
  int64_t files = 0;
  std::string problem;  // why nothing can be proposed
  std::string undecided =
      {};  // layout files: what has to be said before the project would take it as it is
  // Layout files: captures of the pattern that could be columns, name and type.
  std::vector<std::pair<std::string, std::string>> captures = {};
  // Layout files: how its files are written, where the ingest says otherwise: options of `csv:`.
  std::vector<std::pair<std::string, std::string>> csv = {};
};

struct Proposals {
  std::string ingest;
  std::string layout;
  std::vector<Proposal> tables;
  std::vector<std::string> notes;
  size_t files = 0;  // layout files: with a name of data, whether a table takes them or not
};

struct DiscoverContext {
  pipeline::Runtime& runtime;
  const config::Ingest& ingest;
  env::Random& random;
  const env::Cancel* cancel;
};

Result<Proposals> DiscoverZenoti(const DiscoverContext& context);
// No table is called like one of `taken`, to which the proposed ones are added.
Result<Proposals> DiscoverFiles(const DiscoverContext& context, std::set<std::string>& taken);

// As an include file: the tables with a proposed key active, each with its evidence as a comment; the
// others as comments only.
std::string ProposalsAsYaml(const Proposals& proposals);

// A sample of a store on this machine, removed with this object where it was copied.
class Sample {
 public:
  static Result<Sample> Fetch(const DiscoverContext& context, connector::Store& store,
                              const connector::StoredFile& file);
  Sample(Sample&& other) noexcept;
  Sample& operator=(Sample&&) = delete;
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;
  ~Sample();
  const std::string& path() const { return path_; }

 private:
  Sample(std::string path, std::string copy) : path_(std::move(path)), copy_(std::move(copy)) {}
  std::string path_;
  std::string copy_;  // "" when the store gave the file itself
};

// Which sets of columns are unique over rows that are shown one after the other. What turned out not to
// be is forgotten at once, so memory is that of the few that are.
class KeyTrial {
 public:
  // Each candidate: positions of its columns, from 0.
  explicit KeyTrial(std::vector<std::vector<size_t>> candidates);

  void Row(std::span<const format::CsvCell> cells);
  uint64_t rows() const { return rows_; }
  // No two rows without a NULL agree.
  bool IsUnique(size_t candidate) const { return trials_[candidate].unique; }
  // Rows with a NULL in one of the columns, while the candidate was unique.
  uint64_t Nulls(size_t candidate) const { return trials_[candidate].nulls; }
  // Unique, and NULL in so few rows (1 %) that they may be bad ones.
  bool MayBeKey(size_t candidate) const;
  bool AnyMayBeKey() const;

 private:
  struct Trial {
    std::vector<size_t> columns;
    bool unique = true;
    uint64_t nulls = 0;
    std::unordered_set<uint64_t> seen;
  };
  std::vector<Trial> trials_;
  uint64_t rows_ = 0;
};

// Columns of a table that may be its key, best first, each with the reasons for it.
struct KeyCandidate {
  std::string column;
  int score = 0;
  std::vector<std::string> reasons;
};
std::vector<KeyCandidate> RankColumns(const std::string& table,
                                      const std::vector<std::string>& columns,
                                      const std::vector<std::string>& dist_key,
                                      const std::vector<std::string>& sort_key);

// How numbers and dates are written in such files.
format::ValueForm FormOf(const config::CsvOptions& csv);

// What is proposed from one file is for others too, which may have more digits behind the point than it
// has: prices of other currencies, shares that were computed.
inline constexpr int kSafeScale = 4;

// The narrowest type that every value which was shown fits exactly; text when nothing else does, for
// what only looks like a number ("007", "+49 30"), and for numbers that DOUBLE would make others of.
class TypeTrial {
 public:
  TypeTrial() = default;
  // Of values that are written so.
  explicit TypeTrial(format::ValueForm form) : form_(std::move(form)) {}
  void Value(const format::CsvCell& cell);
  // The last value was written as a text by a format that tells numbers from texts: none is meant.
  void IsQuoted();
  // What `other` was shown, as if it had been shown to this one.
  void Merge(const TypeTrial& other);
  // A decimal has at least `least_scale` digits behind the point.
  std::string SqlType(int least_scale = 0) const;
  // Where SqlType is text because of a few values: the type of all others ("39 of 40 values are TIMESTAMP"), else "". Of
  // numbers none that has values which only look like one.
  std::string Nearly(int least_scale = 0) const;

 private:
  enum Kind { kBoolean, kInteger, kDecimal, kReal, kDate, kTimestamp, kZoned, kKinds };
  // The value as strict.h reads it, were it a `kind`; what is written in no such way is as it is.
  std::string_view Strict(std::string_view text, format::SqlType::Kind kind,
                          std::string& out) const;
  template <typename Fits>
  void Try(Kind kind, const Fits& fits);
  std::string NameOf(Kind kind, int least_scale) const;

  format::ValueForm form_;
  uint64_t values_ = 0;
  std::array<uint64_t, kKinds> misses_{};  // no longer counted when they are too many
  int whole_digits_ = 0;
  int fraction_digits_ = 0;
};

}  // namespace sluice::cli
