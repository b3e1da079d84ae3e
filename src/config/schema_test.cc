// What the JSON Schema takes and refuses. The validator below knows the keywords that the schema
// uses, as draft 2020-12 defines them, and fails on any other.
#include <regex.h>

#include <algorithm>
#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/text.h"
#include "config/json_schema.h"
#include "config/test_project.h"
#include "config/test_shop.h"
#include "config/units.h"
#include "config/yaml_tree.h"

namespace sluice::config {
namespace {

using Json = nlohmann::json;

// YAML as editors see it.
Json ToJson(const Node& node) {
  if (node.kind == Node::Kind::kScalar) return Json::parse(ConstantAsJson(node.text, node.quoted));
  if (node.kind == Node::Kind::kNull) return nullptr;
  if (node.kind == Node::Kind::kList) {
    Json list = Json::array();
    for (const NodePtr& item : node.items) list.push_back(ToJson(*item));
    return list;
  }
  Json map = Json::object();
  for (const Entry& entry : node.entries) map[entry.key] = ToJson(*entry.value);
  return map;
}

// The patterns of the schema mean the same to POSIX as to ECMA 262.
bool Matches(const std::string& text, const std::string& pattern) {
  regex_t compiled;
  SLUICE_CHECK(regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) == 0, pattern);
  const bool matches = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return matches;
}

class Validator {
 public:
  explicit Validator(Json schema) : root_(std::move(schema)) {}

  bool Valid(const Json& value) { return Valid(root_, value); }

 private:
  bool Valid(const Json& schema, const Json& value) {
    if (schema.is_boolean()) return schema.get<bool>();
    for (const auto& [keyword, rule] : schema.items()) {
      if (!Holds(keyword, rule, schema, value)) return false;
    }
    return true;
  }

  bool Holds(const std::string& keyword, const Json& rule, const Json& schema, const Json& value) {
    const auto valid = [&](const Json& form) { return Valid(form, value); };
    const auto matching = [&] { return std::count_if(rule.begin(), rule.end(), valid); };
    if (keyword == "$ref") {
      return Valid(root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), value);
    }
    if (keyword == "anyOf") return matching() > 0;
    if (keyword == "oneOf") return matching() == 1;
    if (keyword == "allOf") return matching() == static_cast<long>(rule.size());
    if (keyword == "not") return !valid(rule);
    if (keyword == "if") return !valid(rule) || valid(schema.at("then"));
    if (keyword == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
    if (keyword == "const") return rule == value;
    if (keyword == "type") return HasType(rule, value);
    if (value.is_object()) {
      if (const auto holds = OfObject(keyword, rule, schema, value)) return *holds;
    }
    return OfOthers(keyword, rule, value);
  }

  static bool HasType(const Json& rule, const Json& value) {
    const auto is = [&](const Json& type) {
      if (type == "integer") return value.is_number_integer();
      if (type == "number") return value.is_number();
      return type == value.type_name();
    };
    return rule.is_array() ? std::any_of(rule.begin(), rule.end(), is) : is(rule);
  }

  std::optional<bool> OfObject(const std::string& keyword, const Json& rule, const Json& schema,
                               const Json& value) {
    if (keyword == "required") {
      return std::all_of(rule.begin(), rule.end(),
                         [&](const Json& name) { return value.contains(name.get<std::string>()); });
    }
    for (const auto& [name, member] : value.items()) {
      if (keyword == "properties" && rule.contains(name) && !Valid(rule[name], member))
        return false;
      const bool named = schema.contains("properties") && schema["properties"].contains(name);
      if (keyword == "additionalProperties" && !named && !Valid(rule, member)) return false;
      if (keyword == "propertyNames" && !Valid(rule, name)) return false;
      if (keyword == "dependentRequired" && rule.contains(name)) {
        for (const Json& other : rule[name]) {
          if (!value.contains(other.get<std::string>())) return false;
        }
      }
    }
    if (keyword == "minProperties") return value.size() >= rule;
    if (keyword == "maxProperties") return value.size() <= rule;
    return std::nullopt;
  }

  bool OfOthers(const std::string& keyword, const Json& rule, const Json& value) {
    if (keyword == "pattern") {
      return !value.is_string() || Matches(value.get<std::string>(), rule.get<std::string>());
    }
    if (keyword == "minLength")
      return !value.is_string() || value.get<std::string>().size() >= rule;
    if (keyword == "minimum") return !value.is_number() || value >= rule;
    if (keyword == "maximum") return !value.is_number() || value <= rule;
    if (keyword == "minItems") return !value.is_array() || value.size() >= rule;
    if (keyword == "uniqueItems")
      return !value.is_array() || std::set<Json>(value.begin(), value.end()).size() == value.size();
    if (keyword == "items") {
      return !value.is_array() || std::all_of(value.begin(), value.end(),
                                              [&](const Json& item) { return Valid(rule, item); });
    }
    static const std::set<std::string> kWithoutMeaningHere = {"$schema",
                                                              "$defs",
                                                              "title",
                                                              "description",
                                                              "default",
                                                              "then",
                                                              "required",
                                                              "properties",
                                                              "additionalProperties",
                                                              "propertyNames",
                                                              "dependentRequired",
                                                              "minProperties",
                                                              "maxProperties"};
    EXPECT_EQ(kWithoutMeaningHere.count(keyword), 1u) << "unknown keyword " << keyword;
    return true;
  }

  Json root_;
};

bool Takes(const std::string& yaml) {
  static Validator* validator = new Validator(Json::parse(ProjectJsonSchema(AllConnectionTypes())));
  Diagnostics diagnostics;
  const NodePtr node = ParseYaml(yaml, "x.yml", &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus().ToString();
  return node != nullptr && validator->Valid(ToJson(*node));
}

bool TakesWith(const std::string& from, const std::string& to) {
  return Takes(Shop(from, to));
}

TEST(JsonSchema, TakesTheExamplesOfTheReference) {
  const std::vector<std::string> examples = ExampleProjects();
  ASSERT_EQ(examples.size(), 2u);
  for (const std::string& example : examples) EXPECT_TRUE(Takes(example)) << example;
  EXPECT_TRUE(Takes(kShop));
}

TEST(JsonSchema, TakesEveryFormOfAnOption) {
  EXPECT_TRUE(TakesWith("from: drop",
                        "from: [drop]\n    csv: { header: true, delimiter: tab, "
                        "null_words: [NULL, 5] }\n    empty_string: null\n    settle: 0"));
  EXPECT_TRUE(TakesWith("from: drop",
                        "from: drop\n    settle: ${SETTLE:-1 h}\n    bad_rows: { percent: "
                        "0.5%, always_allowed: ${N} }"));
  EXPECT_TRUE(TakesWith("email: VARCHAR", "email: { type: VARCHAR, from: [e_mail, mail] }"));
  EXPECT_TRUE(TakesWith(
      "key: id }", "key: id, mode: delete-insert, delete_when: { column: email, values: x } }"));
  EXPECT_TRUE(TakesWith("buyers: SELECT * FROM customers",
                        "buyers: { sql: SELECT 1, as: table, checks: [ { unique: id } ] }"));
  EXPECT_TRUE(
      TakesWith("{ email: email }", "{ a: { b: { c: x } }, d: { value: 5 }, e: { column: y } }"));
  EXPECT_TRUE(
      TakesWith("{ type: file, path: out }",
                "{ type: iterable, region: us, project_type: email, timeout: 10s, max_body_bytes: "
                "1 MiB, api_key: { secret: { command: pass } } }"));
  EXPECT_TRUE(TakesWith("project: shop",
                        "project: shop\nenvironments:\n  prod: { warehouse: { path: x }, "
                        "connections: { out: { region: eu } } }\n  test:"));
}

TEST(JsonSchema, TakesAnIncludedFileWithoutAName) {
  EXPECT_TRUE(Takes("connections: { d: { type: file, path: d } }\n"));
}

TEST(JsonSchema, RefusesWhatTheReaderRefuses) {
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"project: shop", "project: my shop"},
      {"syncs:", "sync:"},
      {"path: out }", "pth: out }"},
      {"path: out }", "path: [out] }"},
      {"type: file, path: out", "path: out"},
      {"type: file, path: out", "type: ftp, path: out"},
      {"type: file, path: out", "type: s3, path: out"},
      {"type: file, path: out", "type: s3, bucket: b, access_key_id: x"},
      {"type: file, path: out",
       "type: s3, bucket: b, access_key_id: x, secret_access_key: y, profile: z"},
      {"type: file, path: out", "type: iterable, region: asia, project_type: email, api_key: x"},
      {"type: file, path: out",
       "type: iterable, region: us, project_type: email, api_key: { file: x }"},
      {"path: out }", "path: out, shared: perhaps }"},
      {"layout: files", "layout: file"},
      {"layout: files", "layout: files\n    shared_keys: true"},
      {"layout: files", "layout: files\n    settle: 15"},
      {"layout: files", "layout: files\n    bad_rows: { percent: 1 }"},
      {"layout: files", "layout: files\n    bad_rows: { always_allowed: -1 }"},
      {"layout: files", "layout: files\n    checks: [ { on_failure: warn } ]"},
      {"layout: files", "layout: files\n    checks: [ { unique: a, not_null: a } ]"},
      {"layout: files", "layout: files\n    checks: [ { volume: { per: day } } ]"},
      {"pattern: \"customers/*.csv\", ", ""},
      {"columns: { id: BIGINT, email: VARCHAR }", "columns: {}"},
      {"email: VARCHAR", "email: { from: x }"},
      {"email: VARCHAR", "email: { type: VARCHAR, form: x }"},
      {"email: VARCHAR", "email: [VARCHAR]"},
      {"layout: files", "layout: files\n    schema_changes: add"},
      {"layout: files", "layout: files\n    schema_changes: evolve\n    on_new_column: add"},
      {"key: id }", "key: id, mode: delete-insert, delete_when: { column: email } }"},
      {"key: id }", "key: [] }"},
      {"key: id }", "key: [id, id] }"},
      {"  buyers: SELECT", "  top-buyers: SELECT"},
      {"buyers: SELECT * FROM customers", "buyers: { sql: a, file: b }"},
      {"buyers: SELECT * FROM customers", "buyers: { as: table }"},
      {"key: id, fields", "mode: renew, key: id, fields"},
      {", fields: { email: email }", ""},
      {"{ email: email }", "{}"},
      {"{ email: email }", "{ a: { value: x, timezone: UTC } }"},
      {"{ email: email }", "{ price: { value: 1, currency: x } }"},
      {"{ email: email }", "{ a: [x] }"},
      {"project: shop", "project: shop\nenvironments: { prod: { models: { m: SELECT 1 } } }"},
      {"project: shop",
       "project: shop\nenvironments: { prod: { connections: { out: { pth: x } } } }"},
  };
  for (const auto& [from, to] : changes) {
    EXPECT_FALSE(TakesWith(from, to)) << to;
    EXPECT_FALSE(ErrorsWith(from, to).empty()) << to;
  }
}

}  // namespace
}  // namespace sluice::config
