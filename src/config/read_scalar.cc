#include "config/read_scalar.h"

#include <fmt/format.h>

#include "base/text.h"
#include "config/secret.h"
#include "config/units.h"
#include "env/file.h"

namespace sluice::config {
namespace {

void ReportMissing(const Expansion& expansion, const OptionSpec& spec, const Node& node,
                   const std::string& key, const ReadContext& context) {
  const bool later = spec.credential && !Connects(context, key);
  const std::vector<std::string> names = context.variables->Names();
  for (size_t i = 0; i < expansion.missing.size(); ++i) {
    const std::string& name = expansion.missing[i];
    Problem problem;
    // The offset counts bytes of the text; up to a variable that is nearly always plain ASCII.
    problem.where = node.text_where.Inside(1, static_cast<int>(expansion.missing_at[i]) + 1);
    problem.key = key;
    problem.nearest = Nearest(name, names).value_or("");
    problem.message =
        fmt::format("the variable {} is not set, neither in the environment nor in .env{}", name,
                    DidYouMean(name, names));
    if (later) {
      problem.message += "; it is needed to connect";
      context.diagnostics->Warn(std::move(problem));
    } else {
      context.diagnostics->Error(std::move(problem));
    }
  }
}

// The text with its variables replaced; nothing when that cannot be done, which is then reported
// unless the options are only looked at.
std::optional<Expansion> Expanded(const OptionSpec& spec, const Node& node, const std::string& key,
                                  const ReadContext& context) {
  Expansion expansion = Expand(node.text, *context.variables);
  if (expansion.malformed_at) {
    context.diagnostics->Error(
        node.text_where.Inside(1, static_cast<int>(*expansion.malformed_at) + 1), key,
        "expected ${NAME} or ${NAME:-default}, with letters, digits and _ (write $${ for the "
        "characters themselves)");
    return std::nullopt;
  }
  if (expansion.missing.empty()) return expansion;
  if (!context.lenient) ReportMissing(expansion, spec, node, key, context);
  return std::nullopt;
}

// What was found, for messages: never the value of a variable.
std::string FoundText(const Node& node, const Expansion& expansion) {
  if (!expansion.has_variables) return Quoted(node.text);
  return fmt::format("the value of {}", Quoted(node.text));
}

std::string AbsoluteIn(const std::string& text, const ReadContext& context) {
  if (StartsWith(text, "~/") && !context.home.empty()) {
    return env::AbsolutePath(env::JoinPath(context.home, text.substr(2)));
  }
  return env::AbsolutePath(env::JoinPath(context.project_folder, text));
}

struct Converted {
  bool ok = false;
  std::string why;  // instead of "expected …, found …"
  std::string nearest;
};

Converted Refused(std::string why = "", std::string nearest = "") {
  return {false, std::move(why), std::move(nearest)};
}

Converted ToInteger(const OptionSpec& spec, std::optional<int64_t> number, Value* value) {
  if (!number || *number < spec.minimum || *number > spec.maximum) return Refused();
  value->number = *number;
  return {true, "", ""};
}

Converted ToWord(const OptionSpec& spec, const std::string& text, Value* value) {
  std::vector<std::string> words;
  for (const Choice& choice : spec.choices) {
    words.push_back(choice.word);
    if (choice.word != text) continue;
    value->text = text;
    return {true, "", ""};
  }
  return Refused("", Nearest(text, words).value_or(""));
}

Converted ToText(const OptionSpec& spec, const std::string& text, const ReadContext& context,
                 Value* value) {
  if (text.empty() && spec.format == TextFormat::kAny && !spec.allow_empty) {
    return Refused("is empty");
  }
  FormattedText formatted = FormatText(spec.format, text, context.rules);
  value->text = std::move(formatted.text);
  return {formatted.ok, std::move(formatted.why), std::move(formatted.nearest)};
}

Converted Convert(const OptionSpec& spec, const std::string& text, bool quoted,
                  const ReadContext& context, Value* value) {
  switch (spec.kind) {
    case OptionKind::kText:
      return ToText(spec, text, context, value);
    case OptionKind::kInteger:
      return ToInteger(spec, ParseWhole(text), value);
    case OptionKind::kBytes:
      return ToInteger(spec, ParseBytes(text), value);
    case OptionKind::kDuration:
      return ToInteger(spec, ParseDuration(text), value);
    case OptionKind::kEnum:
      return ToWord(spec, text, value);
    case OptionKind::kBoolean: {
      const auto flag = ParseYamlBoolean(text);
      value->flag = flag.value_or(false);
      return {flag.has_value(), "", ""};
    }
    case OptionKind::kPercent: {
      const auto percent = ParsePercent(text);
      value->real = percent.value_or(0);
      return {percent.has_value(), "", ""};
    }
    case OptionKind::kPath:
      if (text.empty()) return Refused("is empty");
      value->text = AbsoluteIn(text, context);
      return {true, "", ""};
    case OptionKind::kConstant:
      value->text = ConstantAsJson(text, quoted);
      return {true, "", ""};
    default:
      value->text = text;
      return {true, "", ""};
  }
}

void ReportRefused(const Converted& converted, const std::string& expected,
                   const std::string& found, bool show_reason, const Node& node,
                   const std::string& key, Diagnostics* diagnostics) {
  Problem problem;
  problem.where = node.where;
  problem.key = key;
  if (!converted.why.empty() && show_reason) {
    problem.message = converted.why;
  } else {
    problem.expected = expected;
    problem.found = found;
    problem.message = fmt::format("expected {}, found {}", expected, found);
  }
  if (!converted.nearest.empty() && show_reason) {
    problem.nearest = converted.nearest;
    problem.message += fmt::format(" (did you mean \"{}\"?)", converted.nearest);
  }
  diagnostics->Error(std::move(problem));
}

void ReadReferredSecret(const Node& reference, const std::string& key, const ReadContext& context,
                        Value* value) {
  const Entry& entry = reference.entries.front();
  const std::string child = key + ".secret." + entry.key;
  OptionSpec text = Option(OptionKind::kText, entry.key, "").Credential();
  if (entry.key == "file") text.kind = OptionKind::kPath;
  Value source;
  ReadScalar(text, *entry.value, child, context, &source);
  value->usable = source.usable;
  value->written = entry.key + " " + entry.value->text;
  if (!source.usable || !Connects(context, child)) return;
  const bool is_file = entry.key == "file";
  if (is_file && OthersMayRead(source.text)) {
    context.diagnostics->Warn(entry.value->where, child,
                              fmt::format("others may read this file; chmod 600 {}", source.text));
  }
  const Result<std::string> content =
      is_file ? env::ReadFile(source.text, 64 << 10) : context.run_command(source.text);
  const Result<Secret> secret =
      content.ok() ? SecretFromText(*content) : Result<Secret>(content.status());
  if (!secret.ok()) {
    value->usable = false;
    context.diagnostics->Error(entry.value->where, child,
                               "cannot get the secret: " + secret.status().message());
    return;
  }
  value->secret = *secret;
}

}  // namespace

void ReadScalar(const OptionSpec& spec, const Node& node, const std::string& key,
                const ReadContext& context, Value* value) {
  value->where = node.where;
  value->text_where = node.text_where;
  value->written = node.text;
  value->usable = false;
  if (node.kind != Node::Kind::kScalar) {
    context.diagnostics->Mismatch(node.where, key, Expectation(spec), Found(node));
    return;
  }
  if (spec.kind == OptionKind::kRawText) {
    value->text = node.text;
    value->usable = true;
    return;
  }
  const std::optional<Expansion> expansion = Expanded(spec, node, key, context);
  if (!expansion) return;
  const Converted converted = Convert(spec, expansion->text, node.quoted, context, value);
  value->usable = converted.ok;
  if (converted.ok) return;
  ReportRefused(converted, Expectation(spec), FoundText(node, *expansion),
                !expansion->has_variables, node, key, context.diagnostics);
}

void ReadSecret(const OptionSpec& spec, const Node& node, const std::string& key,
                const ReadContext& context, Value* value) {
  value->where = value->text_where = node.where;
  value->usable = false;
  if (node.kind == Node::Kind::kMap) {
    const Entry* secret = node.Find("secret");
    const Node* reference = secret != nullptr ? secret->value.get() : nullptr;
    const bool proper =
        reference != nullptr && node.entries.size() == 1 && reference->kind == Node::Kind::kMap &&
        reference->entries.size() == 1 &&
        (reference->Find("file") != nullptr || reference->Find("command") != nullptr);
    if (!proper) {
      context.diagnostics->Error(node.where, key,
                                 "expected { secret: { file: … } } or { secret: { command: … } }");
      return;
    }
    ReadReferredSecret(*reference, key, context, value);
    return;
  }
  if (node.kind != Node::Kind::kScalar) {
    context.diagnostics->Mismatch(node.where, key, Expectation(spec), Found(node));
    return;
  }
  value->written = node.text;
  const std::optional<Expansion> expansion = Expanded(spec, node, key, context);
  if (!expansion) return;
  if (expansion->text.empty()) {
    context.diagnostics->Error(node.where, key, "the secret is empty");
    return;
  }
  if (!expansion->has_variables) {
    context.diagnostics->Warn(node.where, key,
                              "a secret stands in the project file; write ${NAME} and put it into "
                              ".env or the environment, or { secret: { file: … } }");
  }
  value->secret = Secret(expansion->text);
  value->usable = true;
}

}  // namespace sluice::config
