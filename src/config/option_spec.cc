#include "config/option_spec.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "config/diagnostics.h"

namespace sluice::config {
namespace {

std::string Grouped(int64_t n) {
  return (n < 0 ? "-" : "") +
         Thousands(n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n));
}

// " from LOW to HIGH" as far as there are limits.
template <typename Show>
std::string Limits(const OptionSpec& spec, Show show) {
  const bool low = spec.minimum != std::numeric_limits<int64_t>::min();
  const bool high = spec.maximum != std::numeric_limits<int64_t>::max();
  if (low && high) return fmt::format(" from {} to {}", show(spec.minimum), show(spec.maximum));
  if (low) return fmt::format(", at least {}", show(spec.minimum));
  if (high) return fmt::format(", at most {}", show(spec.maximum));
  return "";
}

std::string ExpectedText(TextFormat format) {
  switch (format) {
    case TextFormat::kAny:
      return "text";
    case TextFormat::kName:
      return "a name of letters, digits, _ and - that begins with a letter";
    case TextFormat::kSqlName:
      return "a name of letters, digits and _ that begins with a letter or _, at most 63 long";
    case TextFormat::kColumn:
      return "the name of a column";
    case TextFormat::kSqlType:
      return "a column type such as BIGINT or DECIMAL(12,2)";
    case TextFormat::kTimezone:
      return "a time zone such as UTC or Europe/Berlin";
    case TextFormat::kSchedule:
      return "a schedule such as \"every 15 minutes\", \"daily at 03:00\" or a cron line";
    case TextFormat::kDelimiter:
      return "up to eight bytes, or \"tab\"";
    case TextFormat::kQuote:
      return "one printable ASCII character or \"none\"";
    case TextFormat::kAmount:
      return "a number of rows such as 1000, or a share such as 10%";
    case TextFormat::kMapping:
      return "the name of a column, or a template such as \"{first} {last}\"";
    case TextFormat::kTransform:
      return "\"trim\", \"lower\" or \"upper\"";
    case TextFormat::kTemplate:
      return "a template such as \"{first} {last}\"";
    case TextFormat::kDuplicates:
      return "\"collapse identical\", \"reject\" or \"newest by COLUMN\"";
    case TextFormat::kTableColumn:
      return "a table and a column of it, such as orders.email";
  }
  return "text";
}

std::string ExpectedForms(const OptionSpec& spec) {
  std::vector<std::string> parts;
  for (const OptionSpec& variant : spec.variants) parts.push_back(Expectation(variant));
  return OneOfWords(parts);
}

}  // namespace

OptionSpec OptionSpec::Required(std::string advice_text) const {
  OptionSpec copy = *this;
  copy.required = true;
  copy.advice = std::move(advice_text);
  return copy;
}

OptionSpec OptionSpec::Default(std::string text) const {
  OptionSpec copy = *this;
  copy.default_text = std::move(text);
  return copy;
}

OptionSpec OptionSpec::DefaultNote(std::string text) const {
  OptionSpec copy = *this;
  copy.default_note = std::move(text);
  return copy;
}

OptionSpec OptionSpec::Example(std::string text) const {
  OptionSpec copy = *this;
  copy.example = std::move(text);
  return copy;
}

OptionSpec OptionSpec::Deprecated(std::string instead) const {
  OptionSpec copy = *this;
  copy.deprecated = std::move(instead);
  return copy;
}

OptionSpec OptionSpec::Range(int64_t low, int64_t high) const {
  OptionSpec copy = *this;
  copy.minimum = low;
  copy.maximum = high;
  return copy;
}

OptionSpec OptionSpec::Format(TextFormat text_format) const {
  OptionSpec copy = *this;
  copy.format = text_format;
  return copy;
}

OptionSpec OptionSpec::AllowEmpty() const {
  OptionSpec copy = *this;
  copy.allow_empty = true;
  return copy;
}

OptionSpec OptionSpec::Identity() const {
  OptionSpec copy = *this;
  copy.identity = true;
  return copy;
}

OptionSpec OptionSpec::Credential() const {
  OptionSpec copy = *this;
  copy.credential = true;
  return copy;
}

OptionSpec OptionSpec::With(Rule rule) const {
  OptionSpec copy = *this;
  copy.rules.push_back(std::move(rule));
  return copy;
}

OptionSpec OptionSpec::Defined(std::string definition_name) const {
  OptionSpec copy = *this;
  copy.definition = std::move(definition_name);
  return copy;
}

const OptionSpec* OptionSpec::Field(const std::string& field) const {
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const OptionSpec& spec) { return spec.name == field; });
  return it == fields.end() ? nullptr : &*it;
}

std::vector<std::string> OptionSpec::FieldNames() const {
  std::vector<std::string> names;
  for (const OptionSpec& field : fields) names.push_back(field.name);
  return names;
}

OptionSpec Option(OptionKind kind, std::string name, std::string description) {
  OptionSpec spec;
  spec.kind = kind;
  spec.name = std::move(name);
  spec.description = std::move(description);
  spec.credential = kind == OptionKind::kSecret;
  return spec;
}

OptionSpec EnumOption(std::string name, std::string description, std::vector<Choice> choices) {
  OptionSpec spec = Option(OptionKind::kEnum, std::move(name), std::move(description));
  spec.choices = std::move(choices);
  return spec;
}

OptionSpec ObjectOption(std::string name, std::string description, std::vector<OptionSpec> fields) {
  OptionSpec spec = Option(OptionKind::kObject, std::move(name), std::move(description));
  spec.fields = std::move(fields);
  return spec;
}

OptionSpec ListOption(std::string name, std::string description, OptionSpec item) {
  OptionSpec spec = Option(OptionKind::kList, std::move(name), std::move(description));
  spec.item.push_back(std::move(item));
  return spec;
}

OptionSpec MapOption(std::string name, std::string description, TextFormat key_format,
                     OptionSpec item) {
  OptionSpec spec = Option(OptionKind::kMap, std::move(name), std::move(description));
  spec.key_format = key_format;
  spec.item.push_back(std::move(item));
  return spec;
}

OptionSpec TaggedOption(std::string name, std::string description, std::string tag,
                        std::vector<OptionSpec> common, std::vector<OptionSpec> variants) {
  OptionSpec spec = Option(OptionKind::kTagged, std::move(name), std::move(description));
  spec.tag = std::move(tag);
  spec.fields = std::move(common);
  spec.variants = std::move(variants);
  return spec;
}

OptionSpec FormsOption(std::string name, std::string description,
                       std::vector<OptionSpec> variants) {
  OptionSpec spec = Option(OptionKind::kForms, std::move(name), std::move(description));
  spec.variants = std::move(variants);
  return spec;
}

std::string Expectation(const OptionSpec& spec) {
  switch (spec.kind) {
    case OptionKind::kText:
      return ExpectedText(spec.format);
    case OptionKind::kRawText:
      return "text";
    case OptionKind::kInteger:
      return "a whole number" + Limits(spec, Grouped);
    case OptionKind::kBoolean:
      return "true or false";
    case OptionKind::kBytes:
      return "a size such as \"4 MB\"" +
             Limits(spec, [](int64_t n) { return HumanBytes(static_cast<uint64_t>(n)); });
    case OptionKind::kDuration:
      return "a duration such as \"15 minutes\"" +
             Limits(spec, [](int64_t n) { return HumanSeconds(static_cast<double>(n) / 1000); });
    case OptionKind::kPercent:
      return "a percentage such as \"60%\"";
    case OptionKind::kSecret:
      return "a secret: \"${NAME}\" or { secret: { file: … } }";
    case OptionKind::kPath:
      return "a path";
    case OptionKind::kConstant:
      return "text, a number or a boolean";
    case OptionKind::kTextList:
      return "a list of text";
    case OptionKind::kList:
      return "a list";
    case OptionKind::kFieldMap:
    case OptionKind::kMap:
    case OptionKind::kObject:
    case OptionKind::kTagged:
      return "a map";
    case OptionKind::kForms:
      return ExpectedForms(spec);
    case OptionKind::kEnum:
      break;
  }
  std::vector<std::string> words;
  for (const Choice& choice : spec.choices) words.push_back("\"" + choice.word + "\"");
  return OneOfWords(words) + (words.size() == 1 ? " (all that this version knows)" : "");
}

}  // namespace sluice::config
