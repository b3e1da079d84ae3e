// What may stand in a project file, as data. One specification drives reading and checking
// (read_options.h), the reference page and the JSON Schema (reference.h), and later the forms of
// the web page; so an option that is not described cannot be read, and what is described is what is
// read.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace sluice::config {

enum class OptionKind {
  kText,
  kRawText,  // text in which `${…}` stays as it is: SQL
  kInteger,
  kBoolean,
  kBytes,     // "4 MB", "1 GiB", a number of bytes
  kDuration,  // "15 minutes", "10s"; in milliseconds
  kPercent,   // "60%"
  kEnum,      // one of `choices`
  kSecret,    // text, or { secret: { file: … } }, or { secret: { command: … } }
  kPath,      // a file or folder; relative to the project's folder, `~/` is the home folder
  kConstant,  // text, number or boolean
  kTextList,  // a list of text; one text stands for a list of one
  kFieldMap,  // destination field → column, the `fields` of a sync
  kList,      // `item` repeated
  kMap,       // names of the user's choice → `item`
  kObject,    // `fields`
  kTagged,    // an object whose field `tag` chooses one of `variants` for the other fields
  kForms,     // one of `variants`, told apart by being text, a list or a map
};

// What a text must look like.
enum class TextFormat {
  kAny,
  kName,         // of things in the project: letters, digits, _ and -; begins with a letter
  kSqlName,      // of tables and models: letters, digits and _; lower-cased
  kColumn,       // any text without control characters; lower-cased
  kSqlType,      // "DECIMAL(12,2)"; upper-cased
  kTimezone,     // "Europe/Berlin"
  kSchedule,     // see schedule.h
  kDelimiter,    // up to eight bytes, or "tab"
  kQuote,        // one printable ASCII character, or "none"
  kAmount,       // "1000" or "10%"
  kMapping,      // a column, or a template with columns in braces
  kTemplate,     // see template_text.h
  kTransform,    // "trim", "lower", "upper"
  kDuplicates,   // "reject", "collapse identical", "newest by COLUMN"; blanks made one
  kTableColumn,  // "orders.email"; lower-cased
};

struct Choice {
  std::string word;
  std::string meaning;
};

// A rule on the fields of an object.
struct Rule {
  enum class Kind { kExactlyOne, kAtLeastOne, kAtMostOne, kAllOrNone } kind = Kind::kExactlyOne;
  std::vector<std::string> names;
};

struct OptionSpec {
  std::string name;
  OptionKind kind = OptionKind::kText;
  std::string description;  // one or two sentences, for the reference
  bool required = false;
  std::string advice;  // required: what helps who does not have it, for messages
  std::optional<std::string> default_text;  // as it would be written in the file
  std::string default_note;  // where the default depends on something: "`warehouse.duckdb`, …"
  std::string example;       // as written in the file, one line
  std::string deprecated;    // what to write instead; empty: not deprecated

  std::vector<Choice> choices;
  int64_t minimum = std::numeric_limits<int64_t>::min();
  int64_t maximum = std::numeric_limits<int64_t>::max();
  TextFormat format = TextFormat::kAny;
  bool allow_empty = false;  // of text and lists
  // Two connections that agree in these are the same place (two environments may not share one).
  bool identity = false;
  // Needed only to connect: an unknown variable here is a warning as long as nothing connects.
  bool credential = false;

  std::vector<OptionSpec> fields;
  std::vector<Rule> rules;
  std::vector<OptionSpec> item;               // of lists and maps: exactly one
  TextFormat key_format = TextFormat::kName;  // of maps
  std::string tag;
  std::vector<OptionSpec> variants;  // of kTagged: objects named after the tag's value
  bool partial = false;              // an override: nothing in it is required
  std::string definition;            // non-empty: a section of its own in the reference and schema

  // The same specification with one thing changed, for writing specifications down.
  OptionSpec Required(std::string advice_text = {}) const;
  OptionSpec Default(std::string text) const;
  OptionSpec DefaultNote(std::string text) const;
  OptionSpec Example(std::string text) const;
  OptionSpec Deprecated(std::string instead) const;
  OptionSpec Range(int64_t low, int64_t high) const;
  OptionSpec Format(TextFormat text_format) const;
  OptionSpec AllowEmpty() const;
  OptionSpec Identity() const;
  OptionSpec Credential() const;
  OptionSpec With(Rule rule) const;
  OptionSpec Defined(std::string definition_name) const;

  const OptionSpec* Field(const std::string& field) const;
  // Names of `fields`, in order.
  std::vector<std::string> FieldNames() const;
};

OptionSpec Option(OptionKind kind, std::string name, std::string description);
OptionSpec EnumOption(std::string name, std::string description, std::vector<Choice> choices);
OptionSpec ObjectOption(std::string name, std::string description, std::vector<OptionSpec> fields);
OptionSpec ListOption(std::string name, std::string description, OptionSpec item);
OptionSpec MapOption(std::string name, std::string description, TextFormat key_format,
                     OptionSpec item);
// `common` are the fields that every variant has beside `tag`.
OptionSpec TaggedOption(std::string name, std::string description, std::string tag,
                        std::vector<OptionSpec> common, std::vector<OptionSpec> variants);
OptionSpec FormsOption(std::string name, std::string description, std::vector<OptionSpec> variants);

// What the option wants, for messages and the reference: "a whole number from 1 to 1,000",
// `"us" or "eu"`, `a duration such as "15 minutes"`.
std::string Expectation(const OptionSpec& spec);

}  // namespace sluice::config
