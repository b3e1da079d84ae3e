#include "config/read_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "config/read_fields.h"
#include "config/read_scalar.h"

namespace sluice::config {
namespace {

bool HasShape(const OptionSpec& spec, Node::Kind kind) {
  switch (spec.kind) {
    case OptionKind::kFieldMap:
    case OptionKind::kMap:
    case OptionKind::kObject:
    case OptionKind::kTagged:
      return kind == Node::Kind::kMap;
    case OptionKind::kList:
      return kind == Node::Kind::kList;
    case OptionKind::kTextList:
      return kind == Node::Kind::kList || kind == Node::Kind::kScalar;
    default:
      return kind == Node::Kind::kScalar;
  }
}

class Reader {
 public:
  explicit Reader(const ReadContext& context)
      : context_(context), diagnostics_(*context.diagnostics) {}

  Value Read(const OptionSpec& spec, const Node& node, const std::string& key) {
    Value value;
    value.spec = &spec;
    value.given = true;
    value.where = value.text_where = node.where;
    switch (spec.kind) {
      case OptionKind::kSecret:
        ReadSecret(spec, node, key, context_, &value);
        break;
      case OptionKind::kTextList:
        ReadTextList(spec, node, key, &value);
        break;
      case OptionKind::kFieldMap:
        ReadFieldMap(spec, node, key, context_, &value);
        break;
      case OptionKind::kList:
        ReadList(spec, node, key, &value);
        break;
      case OptionKind::kMap:
        ReadMap(spec, node, key, &value);
        break;
      case OptionKind::kObject:
        ReadObject(spec, nullptr, node, key, &value);
        break;
      case OptionKind::kTagged:
        ReadTagged(spec, node, key, &value);
        break;
      case OptionKind::kForms:
        return ReadForms(spec, node, key);
      default:
        ReadScalar(spec, node, key, context_, &value);
        break;
    }
    return value;
  }

 private:
  // True when the node is of the shape that the option wants; reports otherwise.
  bool Shaped(const OptionSpec& spec, const Node& node, const std::string& key, Value* value) {
    if (HasShape(spec, node.kind)) return true;
    value->usable = false;
    diagnostics_.Mismatch(node.where, key, Expectation(spec), Found(node));
    return false;
  }

  void ReadTextList(const OptionSpec& spec, const Node& node, const std::string& key,
                    Value* value) {
    if (!Shaped(spec, node, key, value)) return;
    OptionSpec text = Option(OptionKind::kText, spec.name, "").Format(spec.format);
    text.allow_empty = spec.allow_empty;
    if (node.kind == Node::Kind::kScalar) {
      AddText(text, node, key, value);
      value->written = node.text;
      return;
    }
    if (node.items.empty() && !spec.allow_empty) {
      value->usable = false;
      diagnostics_.Error(node.where, key, "the list is empty");
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      AddText(text, *node.items[i], fmt::format("{}[{}]", key, i), value);
    }
  }

  void AddText(const OptionSpec& text, const Node& node, const std::string& key, Value* value) {
    Value item;
    item.given = true;
    Node as_text = node;
    // `NULL` without quotes is a word here, not the absence of one.
    if (node.kind == Node::Kind::kNull && !node.text.empty()) as_text.kind = Node::Kind::kScalar;
    ReadScalar(text, as_text, key, context_, &item);
    value->usable = value->usable && item.usable;
    const bool twice =
        item.usable && std::any_of(value->items.begin(), value->items.end(),
                                   [&](const Value& other) { return other.text == item.text; });
    if (twice) {
      diagnostics_.Error(node.where, key, fmt::format("{} is given twice", Quoted(node.text)));
      return;
    }
    if (item.usable) value->items.push_back(std::move(item));
  }

  void ReadList(const OptionSpec& spec, const Node& node, const std::string& key, Value* value) {
    if (!Shaped(spec, node, key, value)) return;
    for (size_t i = 0; i < node.items.size(); ++i) {
      value->items.push_back(Read(spec.item[0], *node.items[i], fmt::format("{}[{}]", key, i)));
    }
  }

  static std::string Advice(const OptionSpec& spec) {
    return spec.advice.empty() ? "" : "; " + spec.advice;
  }

  void ReadMap(const OptionSpec& spec, const Node& node, const std::string& key, Value* value) {
    if (!Shaped(spec, node, key, value)) return;
    if (spec.required && node.entries.empty()) {
      value->usable = false;
      diagnostics_.Error(node.where, key, "is empty" + Advice(spec));
    }
    const OptionSpec name_spec = Option(OptionKind::kText, "", "").Format(spec.key_format);
    for (const Entry& entry : node.entries) {
      const std::string child = ChildKey(key, entry.key);
      const FormattedText name = FormatText(spec.key_format, entry.key, context_.rules);
      if (!name.ok) {
        const std::string why =
            !name.why.empty()
                ? name.why
                : fmt::format("expected {}, found {}", Expectation(name_spec), Quoted(entry.key));
        diagnostics_.Error(entry.key_where, key, why);
        continue;
      }
      const auto same =
          std::find_if(value->fields.begin(), value->fields.end(),
                       [&](const auto& field) { return EqualsIgnoreCase(field.name, name.text); });
      if (same != value->fields.end()) {
        const auto at = static_cast<size_t>(same - value->fields.begin());
        diagnostics_.Error(
            entry.key_where, child,
            fmt::format("given twice, as {} at {}: upper and lower case are the same",
                        Quoted(same->name), value->field_keys[at].ToString()));
        continue;
      }
      value->fields.push_back({name.text, Read(spec.item[0], *entry.value, child)});
      value->field_keys.push_back(entry.key_where);
    }
  }

  // `variant` adds its fields to those of `spec`; may be null.
  void ReadObject(const OptionSpec& spec, const OptionSpec* variant, const Node& node,
                  const std::string& key, Value* value) {
    // Nothing but a key (`wide:` with an empty body) is an object whose options are all left out.
    if (node.kind != Node::Kind::kNull && !Shaped(spec, node, key, value)) return;
    std::vector<const OptionSpec*> fields;
    for (const OptionSpec& field : spec.fields) fields.push_back(&field);
    if (variant != nullptr) {
      for (const OptionSpec& field : variant->fields) fields.push_back(&field);
    }
    ReportUnknown(spec, fields, node, key);
    for (const OptionSpec* field : fields) ReadField(*field, node, key, value);
    CheckRules(spec, node, key);
    if (variant != nullptr) CheckRules(*variant, node, key);
  }

  void ReportUnknown(const OptionSpec& spec, const std::vector<const OptionSpec*>& fields,
                     const Node& node, const std::string& key) {
    std::vector<std::string> known;
    if (!spec.tag.empty()) known.push_back(spec.tag);
    for (const OptionSpec* field : fields) known.push_back(field->name);
    for (const Entry& entry : node.entries) {
      if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
      const OptionSpec* owner = VariantWith(spec, entry.key);
      const std::string parted = InParts(fields, entry.key);
      if (!parted.empty()) {
        diagnostics_.Error(
            entry.key_where, key,
            fmt::format("unknown option {} (did you mean {}?)", Quoted(entry.key), parted));
      } else if (owner != nullptr) {
        diagnostics_.Error(entry.key_where, key,
                           fmt::format("unknown option {}; it belongs to {} {}", Quoted(entry.key),
                                       spec.tag, owner->name));
      } else {
        diagnostics_.Unknown(entry.key_where, key, "unknown option", entry.key, known);
      }
    }
  }

  // "batch: { rows: … }" of "batch_rows", where there is such an option; "" where there is none.
  static std::string InParts(const std::vector<const OptionSpec*>& fields,
                             const std::string& option) {
    for (const OptionSpec* field : fields) {
      if (field->kind != OptionKind::kObject || !StartsWith(option, field->name + "_")) continue;
      const std::string part = option.substr(field->name.size() + 1);
      if (field->Field(part) != nullptr) return fmt::format("{}: {{ {}: … }}", field->name, part);
    }
    return {};
  }

  // The other form of a tagged object that has the option; null when none has.
  static const OptionSpec* VariantWith(const OptionSpec& spec, const std::string& option) {
    if (spec.kind != OptionKind::kTagged) return nullptr;
    const auto it = std::find_if(spec.variants.begin(), spec.variants.end(),
                                 [&](const OptionSpec& v) { return v.Field(option) != nullptr; });
    return it == spec.variants.end() ? nullptr : &*it;
  }

  // Whether an option stands there whose name is a slip of `name`: one mistake, told once.
  static bool IsMisspelt(const std::string& name, const Node& node) {
    const std::vector<std::string> meant = {name};
    return std::any_of(node.entries.begin(), node.entries.end(), [&](const Entry& entry) {
      return entry.key != name && Nearest(entry.key, meant).has_value();
    });
  }

  void ReadField(const OptionSpec& field, const Node& node, const std::string& key, Value* value) {
    const Entry* entry = node.Find(field.name);
    const std::string child = ChildKey(key, field.name);
    const bool absent = entry == nullptr || IsAbsence(field, *entry->value);
    if (!absent) {
      if (!field.deprecated.empty()) {
        diagnostics_.Warn(entry->key_where, child, "is deprecated; write " + field.deprecated);
      }
      Node node_of_word = *entry->value;
      if (IsWordOf(field, node_of_word)) node_of_word.kind = Node::Kind::kScalar;
      value->fields.push_back({field.name, Read(field, node_of_word, child)});
      return;
    }
    if (field.required) {
      if (entry == nullptr && IsMisspelt(field.name, node)) return;  // told as unknown
      diagnostics_.Error(
          entry != nullptr ? entry->key_where : node.where, child,
          fmt::format("is missing; expected {}{}", Expectation(field), Advice(field)));
      return;
    }
    if (field.default_text) value->fields.push_back({field.name, DefaultOf(field, node, child)});
  }

  // Null stands for an option that is left out, but for an object (whose options are left out), a
  // constant (for which it is an error) and an enumeration that has it as a word.
  static bool IsAbsence(const OptionSpec& field, const Node& node) {
    if (node.kind != Node::Kind::kNull) return false;
    return field.kind != OptionKind::kObject && field.kind != OptionKind::kConstant &&
           !IsWordOf(field, node);
  }

  static bool IsWordOf(const OptionSpec& field, const Node& node) {
    return field.kind == OptionKind::kEnum &&
           std::any_of(field.choices.begin(), field.choices.end(),
                       [&](const Choice& choice) { return choice.word == node.text; });
  }

  // Defaults go the way of written values, so that a default that does not fit cannot exist.
  Value DefaultOf(const OptionSpec& field, const Node& parent, const std::string& key) {
    Node node;
    node.kind = Node::Kind::kScalar;
    node.text = *field.default_text;
    node.where = node.text_where = parent.where;
    const size_t errors = diagnostics_.error_count();
    Value value = Read(field, node, key);
    SLUICE_CHECK(diagnostics_.error_count() == errors, "the default of " + key + " is not valid");
    value.given = false;
    return value;
  }

  void CheckRules(const OptionSpec& spec, const Node& node, const std::string& key) {
    for (const Rule& rule : spec.rules) {
      std::vector<const Entry*> given;
      for (const std::string& name : rule.names) {
        const Entry* entry = node.Find(name);
        const OptionSpec* field = spec.Field(name);
        const bool constant = field != nullptr && field->kind == OptionKind::kConstant;
        if (entry != nullptr && (entry->value->kind != Node::Kind::kNull || constant)) {
          given.push_back(entry);
        }
      }
      CheckRule(rule, given, node, key);
    }
  }

  void CheckRule(const Rule& rule, const std::vector<const Entry*>& given, const Node& node,
                 const std::string& key) {
    const bool one_at_most =
        rule.kind == Rule::Kind::kExactlyOne || rule.kind == Rule::Kind::kAtMostOne;
    if (one_at_most && given.size() > 1) {
      diagnostics_.Error(
          given[1]->key_where, key,
          fmt::format("\"{}\" and \"{}\" exclude each other", given[0]->key, given[1]->key));
    }
    const bool one_at_least =
        rule.kind == Rule::Kind::kExactlyOne || rule.kind == Rule::Kind::kAtLeastOne;
    if (one_at_least && given.empty()) {
      diagnostics_.Error(node.where, key,
                         fmt::format("expected {}{}", rule.names.size() > 2 ? "one of " : "",
                                     OneOfWords(rule.names)));
    }
    if (rule.kind == Rule::Kind::kAllOrNone && !given.empty() && given.size() < rule.names.size()) {
      for (const std::string& name : rule.names) {
        if (node.Find(name) != nullptr) continue;
        diagnostics_.Error(given[0]->key_where, key,
                           fmt::format("\"{}\" needs \"{}\" beside it", given[0]->key, name));
      }
    }
  }

  void ReadTagged(const OptionSpec& spec, const Node& node, const std::string& key, Value* value) {
    if (!Shaped(spec, node, key, value)) return;
    OptionSpec tag = Option(OptionKind::kEnum, spec.tag, "");
    for (const OptionSpec& variant : spec.variants) {
      tag.choices.push_back({variant.name, variant.description});
    }
    const std::string tag_key = ChildKey(key, spec.tag);
    const Entry* entry = node.Find(spec.tag);
    if (entry == nullptr || entry->value->kind == Node::Kind::kNull) {
      value->usable = false;
      // A slip of its name is one mistake, told once.
      for (const Entry& other : node.entries) {
        if (entry != nullptr || !Nearest(other.key, std::vector<std::string>{spec.tag})) continue;
        diagnostics_.Unknown(other.key_where, key, "unknown option", other.key, {spec.tag});
        return;
      }
      diagnostics_.Error(node.where, tag_key,
                         fmt::format("is missing; expected {}", Expectation(tag)));
      return;
    }
    Value chosen;
    ReadScalar(tag, *entry->value, tag_key, context_, &chosen);
    value->text = chosen.text;
    value->usable = chosen.usable;
    if (!chosen.usable) return;  // which options are known depends on it
    const auto variant =
        std::find_if(spec.variants.begin(), spec.variants.end(),
                     [&](const OptionSpec& candidate) { return candidate.name == chosen.text; });
    value->spec = &*variant;
    ReadObject(spec, value->spec, node, key, value);
  }

  Value ReadForms(const OptionSpec& spec, const Node& node, const std::string& key) {
    for (const OptionSpec& variant : spec.variants) {
      if (HasShape(variant, node.kind)) return Read(variant, node, key);
    }
    Value value;
    value.spec = &spec.variants[0];
    value.where = node.where;
    value.usable = false;
    diagnostics_.Mismatch(node.where, key, Expectation(spec), Found(node));
    return value;
  }

  const ReadContext& context_;
  Diagnostics& diagnostics_;
};

}  // namespace

const Value* Value::Find(const std::string& name) const {
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const NamedValue& field) { return field.name == name; });
  return it == fields.end() ? nullptr : &it->value;
}

int64_t Value::NumberOf(const std::string& name) const {
  const Value* value = Find(name);
  return value == nullptr ? 0 : value->number;
}

bool Value::FlagOf(const std::string& name) const {
  const Value* value = Find(name);
  return value != nullptr && value->flag;
}

std::string Value::TextOf(const std::string& name) const {
  const Value* value = Find(name);
  return value == nullptr ? "" : value->text;
}

std::vector<std::string> Value::TextsOf(const std::string& name) const {
  std::vector<std::string> texts;
  if (const Value* value = Find(name)) {
    for (const Value& item : value->items) texts.push_back(item.text);
  }
  return texts;
}

Value ReadOption(const OptionSpec& spec, const Node& node, const std::string& key,
                 const ReadContext& context) {
  return Reader(context).Read(spec, node, key);
}

bool Connects(const ReadContext& context, const std::string& key) {
  if (!context.resolve_secrets || !context.only_connections) return context.resolve_secrets;
  const auto parts = Split(key, '.');
  return parts.size() < 2 || parts[0] != "connections" ||
         context.only_connections->count(parts[1]) > 0;
}

std::string ChildKey(const std::string& key, const std::string& child) {
  return key.empty() ? child : key + "." + child;
}

}  // namespace sluice::config
