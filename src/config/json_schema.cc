#include "config/json_schema.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "config/project_spec.h"
#include "config/text_format.h"
#include "config/units.h"

namespace sluice::config {
namespace {

using Json = nlohmann::ordered_json;

Json Ref(const std::string& definition) {
  return {{"$ref", "#/$defs/" + definition}};
}

Json AnyOf(std::vector<Json> forms) {
  return {{"anyOf", std::move(forms)}};
}

Json Pattern(const std::string& pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

Json Scalar() {
  return {{"type", {"string", "number", "boolean"}}};
}

Json WithLimits(Json schema, const OptionSpec& spec) {
  if (spec.minimum != std::numeric_limits<int64_t>::min()) schema["minimum"] = spec.minimum;
  if (spec.maximum != std::numeric_limits<int64_t>::max()) schema["maximum"] = spec.maximum;
  return schema;
}

// "true" and "false" among the words of an enumeration are booleans to YAML.
Json Word(const std::string& word) {
  if (word == "true" || word == "false") return word == "true";
  return word;
}

class SchemaWriter {
 public:
  Json Write(const OptionSpec& root) {
    Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "Project file of Sluice (sluice.yml)"}};
    // Included files have the same sections, without the name of the project.
    schema.update(Object(root, {}, false));
    schema.erase("required");
    defs_["variable"] = Pattern("\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}");
    defs_["variable"]["description"] = "A variable of the environment or of .env.";
    defs_["secret"] = Secret();
    schema["$defs"] = defs_;
    return schema;
  }

 private:
  static Json Secret() {
    Json reference = {
        {"type", "object"},
        {"properties", {{"file", {{"type", "string"}}}, {"command", {{"type", "string"}}}}},
        {"additionalProperties", false},
        {"minProperties", 1},
        {"maxProperties", 1}};
    Json object = {{"type", "object"},
                   {"properties", {{"secret", std::move(reference)}}},
                   {"required", {"secret"}},
                   {"additionalProperties", false}};
    return AnyOf({{{"type", {"string", "number"}}, {"minLength", 1}}, std::move(object)});
  }

  // The schema of an option, with its description and default.
  Json Option(const OptionSpec& spec, bool partial) {
    Json schema = Defined(spec, partial || spec.partial);
    if (!spec.description.empty() && spec.definition.empty())
      schema["description"] = Describe(spec);
    if (!spec.deprecated.empty()) schema["deprecated"] = true;
    if (spec.default_text) schema["default"] = Default(spec);
    return schema;
  }

  static std::string Describe(const OptionSpec& spec) {
    std::string text = spec.description;
    for (const Choice& choice : spec.choices) text += "\n" + choice.word + ": " + choice.meaning;
    return text;
  }

  static Json Default(const OptionSpec& spec) {
    const bool typed = spec.kind == OptionKind::kInteger || spec.kind == OptionKind::kBoolean;
    return Json::parse(ConstantAsJson(*spec.default_text, !typed));
  }

  Json Defined(const OptionSpec& spec, bool partial) {
    if (spec.definition.empty()) return Schema(spec, partial);
    const std::string name = spec.definition + (partial ? "_override" : "");
    if (!defs_.contains(name)) {
      defs_[name] = nullptr;  // keeps the place, and ends recursion
      Json schema = Schema(spec, partial);
      schema["description"] = spec.description;
      defs_[name] = std::move(schema);
    }
    return Ref(name);
  }

  Json Schema(const OptionSpec& spec, bool partial) {
    switch (spec.kind) {
      case OptionKind::kText:
        return Text(spec);
      case OptionKind::kRawText:
      case OptionKind::kPath:
        return {{"type", "string"}, {"minLength", 1}};
      case OptionKind::kInteger:
        return AnyOf({WithLimits({{"type", "integer"}}, spec), Ref("variable")});
      case OptionKind::kBoolean:
        return AnyOf(
            {{{"type", "boolean"}}, Pattern("^([Yy]es|[Nn]o|[Oo]n|[Oo]ff)$"), Ref("variable")});
      case OptionKind::kBytes:
        return AnyOf({WithLimits({{"type", "integer"}}, spec),
                      Pattern("^[0-9]+(\\.[0-9]+)? *([kKmMgGtT]?[iI]?[bB]|[bB]ytes?)?$"),
                      Ref("variable")});
      case OptionKind::kDuration:
        return AnyOf({{{"const", 0}}, Pattern("^( *[0-9]+ *[A-Za-z]+)+ *$"), Ref("variable")});
      case OptionKind::kPercent:
        return AnyOf({Pattern("^[0-9]+(\\.[0-9]+)? *%$"), Ref("variable")});
      case OptionKind::kEnum:
        return Enumeration(spec.choices);
      case OptionKind::kSecret:
        return Ref("secret");
      case OptionKind::kConstant:
        return Scalar();
      case OptionKind::kTextList:
        return TextList(spec);
      case OptionKind::kFieldMap:
        return FieldMap(spec);
      case OptionKind::kList:
        return {{"type", "array"}, {"items", Option(spec.item[0], partial)}};
      case OptionKind::kMap:
        return Map(spec, partial);
      case OptionKind::kObject:
        return Object(spec, {}, partial);
      case OptionKind::kTagged:
        return partial ? Partial(spec) : Tagged(spec);
      case OptionKind::kForms:
        return Forms(spec, partial);
    }
    return {};
  }

  static Json Enumeration(const std::vector<Choice>& choices) {
    Json words = Json::array();
    for (const Choice& choice : choices) {
      words.push_back(Word(choice.word));
      if (choice.word == "null") words.push_back(nullptr);
    }
    return AnyOf({{{"enum", std::move(words)}}, Ref("variable")});
  }

  static Json Text(const OptionSpec& spec) {
    const std::string pattern = PatternOf(spec.format);
    if (spec.format == TextFormat::kAmount) {
      return AnyOf({{{"type", "integer"}, {"minimum", 0}}, Pattern(pattern), Ref("variable")});
    }
    if (!pattern.empty()) return AnyOf({Pattern(pattern), Ref("variable")});
    Json schema = Scalar();
    if (!spec.allow_empty) schema["minLength"] = 1;
    return schema;
  }

  static Json TextList(const OptionSpec& spec) {
    Json text = Text(spec);
    // `NULL` without quotes is a word for the reader and null for an editor.
    Json item = spec.format == TextFormat::kAny ? AnyOf({text, {{"type", "null"}}}) : text;
    Json list = {{"type", "array"}, {"items", std::move(item)}, {"uniqueItems", true}};
    if (!spec.allow_empty) list["minItems"] = 1;
    return AnyOf({std::move(text), std::move(list)});
  }

  Json Map(const OptionSpec& spec, bool partial) {
    Json schema = {{"type", {"object", "null"}}};
    const std::string pattern = PatternOf(spec.key_format);
    if (!pattern.empty()) schema["propertyNames"] = {{"pattern", pattern}};
    schema["additionalProperties"] = Option(spec.item[0], partial);
    if (spec.required) {
      schema["type"] = "object";
      schema["minProperties"] = 1;
    }
    return schema;
  }

  // `extra` are properties besides those of the specification.
  Json Object(const OptionSpec& spec, const std::vector<OptionSpec>& extra, bool partial) {
    Json properties = Json::object();
    Json required = Json::array();
    const auto add = [&](const OptionSpec& field) {
      properties[field.name] = Option(field, partial);
      if (field.required && !partial) required.push_back(field.name);
    };
    for (const OptionSpec& field : extra) add(field);
    for (const OptionSpec& field : spec.fields) add(field);
    Json schema = {{"type", required.empty() ? Json({"object", "null"}) : Json("object")},
                   {"properties", std::move(properties)},
                   {"additionalProperties", false}};
    if (!required.empty()) schema["required"] = std::move(required);
    if (!partial && !spec.rules.empty()) schema["allOf"] = Rules(spec.rules);
    return schema;
  }

  static Json Requires(const std::string& name) { return {{"required", {name}}}; }

  static Json Rules(const std::vector<Rule>& rules) {
    Json all = Json::array();
    for (const Rule& rule : rules) {
      Json each = Json::array();
      for (const std::string& name : rule.names) each.push_back(Requires(name));
      if (rule.kind == Rule::Kind::kExactlyOne) all.push_back({{"oneOf", each}});
      if (rule.kind == Rule::Kind::kAtLeastOne) all.push_back({{"anyOf", each}});
      if (rule.kind == Rule::Kind::kAtMostOne) all.push_back({{"not", {{"required", rule.names}}}});
      if (rule.kind == Rule::Kind::kAllOrNone) {
        Json together = Json::object();
        for (const std::string& name : rule.names) together[name] = rule.names;
        all.push_back({{"dependentRequired", std::move(together)}});
      }
    }
    return all;
  }

  // What `then` says is complete, common options included, so that it can close the list of names.
  Json Tagged(const OptionSpec& spec) {
    Json words = Json::array();
    Json cases = Json::array();
    for (const OptionSpec& variant : spec.variants) {
      words.push_back(variant.name);
      Json then = Object(variant, spec.fields, false);
      then["properties"][spec.tag] = {{"const", variant.name},
                                      {"description", variant.description}};
      then["type"] = "object";
      Json condition = {{"properties", {{spec.tag, {{"const", variant.name}}}}},
                        {"required", {spec.tag}}};
      cases.push_back({{"if", std::move(condition)}, {"then", std::move(then)}});
    }
    return {{"type", "object"},
            {"properties", {{spec.tag, {{"enum", std::move(words)}}}}},
            {"required", {spec.tag}},
            {"allOf", std::move(cases)}};
  }

  // An override may give any option of any variant: which one it changes is not known here.
  Json Partial(const OptionSpec& spec) {
    Json words = Json::array();
    Json properties = Json::object();
    const auto add = [&](const OptionSpec& field) {
      Json schema = Option(field, true);
      schema.erase("default");
      Json& there = properties[field.name];
      if (there.is_null()) {
        there = std::move(schema);
      } else if (there != schema) {
        there = AnyOf({there, std::move(schema)});
      }
    };
    for (const OptionSpec& field : spec.fields) add(field);
    for (const OptionSpec& variant : spec.variants) {
      words.push_back(variant.name);
      for (const OptionSpec& field : variant.fields) add(field);
    }
    properties[spec.tag] = {{"enum", std::move(words)}};
    return {{"type", {"object", "null"}},
            {"properties", std::move(properties)},
            {"additionalProperties", false}};
  }

  Json Forms(const OptionSpec& spec, bool partial) {
    std::vector<Json> forms;
    for (const OptionSpec& variant : spec.variants) forms.push_back(Option(variant, partial));
    return AnyOf(std::move(forms));
  }

  // Nested maps are fields in their turn, as long as none of their names is an option of a field.
  Json FieldMap(const OptionSpec& spec) {
    if (defs_.contains("fields")) return Ref("fields");
    defs_["fields"] = nullptr;
    std::vector<Json> forms;
    Json options = Json::array();
    for (const OptionSpec& variant : spec.item[0].variants) {
      Json form = Option(variant, false);
      if (variant.kind == OptionKind::kObject) form["type"] = "object";
      forms.push_back(std::move(form));
      for (const OptionSpec& field : variant.fields) options.push_back(Requires(field.name));
    }
    forms.push_back({{"$ref", "#/$defs/fields"}, {"not", {{"anyOf", std::move(options)}}}});
    defs_["fields"] = {{"type", "object"},
                       {"minProperties", 1},
                       {"additionalProperties", AnyOf(std::move(forms))}};
    return Ref("fields");
  }

  Json defs_ = Json::object();
};

}  // namespace

std::string ProjectJsonSchema(const std::vector<ConnectionType>& connection_types) {
  return SchemaWriter().Write(ProjectSpec(connection_types)).dump(2) + "\n";
}

}  // namespace sluice::config
