#include "config/reference.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/json_schema.h"
#include "config/project_spec.h"
#include "config/test_shop.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kRegenerate =
    "the committed page is not the one that the specification makes; run\n"
    "  cmake --build BUILD --target reference";

std::string Committed(const std::string& name) {
  const std::string path = env::JoinPath(SLUICE_SOURCE_DIR "/docs/reference", name);
  const Result<std::string> text = env::ReadFile(path);
  return text.ok() ? *text : text.status().ToString();
}

TEST(Reference, IsTheOneThatIsCommitted) {
  EXPECT_TRUE(Committed("project-file.md") == ProjectReference(AllConnectionTypes()))
      << kRegenerate;
}

TEST(JsonSchema, IsTheOneThatIsCommitted) {
  EXPECT_TRUE(Committed("project.schema.json") == ProjectJsonSchema(AllConnectionTypes()))
      << kRegenerate;
}

TEST(Reference, HasExamplesThatLoadInEveryEnvironment) {
  const std::vector<std::string> examples = ExampleProjects();
  ASSERT_EQ(examples.size(), 2u);
  for (const std::string& example : examples) {
    TestProject project(example);
    project.Write("models/active_guests.sql", "SELECT * FROM bi_dimuser");
    project.Set("DROP_KEY_ID", "a").Set("DROP_SECRET", "b").Set("ITERABLE_API_KEY", "c");
    EXPECT_FALSE(project.Load().name.empty());
    EXPECT_THAT(project.warnings(), IsEmpty());
    if (example.find("prod:") == std::string::npos) continue;
    EXPECT_EQ(project.Env("prod").Load().FindConnection("inbox")->type, "s3");
  }
}

// Calls `visit` for an option and everything below it.
template <typename Visit>
void Walk(const OptionSpec& spec, const std::string& path, Visit visit) {
  visit(spec, path);
  for (const auto& parts : {spec.fields, spec.item, spec.variants}) {
    for (const OptionSpec& part : parts) Walk(part, path + "." + part.name, visit);
  }
}

TEST(Specification, DescribesEveryOption) {
  const OptionSpec root = ProjectSpec(AllConnectionTypes());
  Walk(root, "", [](const OptionSpec& spec, const std::string& path) {
    if (path.empty()) return;
    EXPECT_FALSE(spec.name.empty()) << path;
    EXPECT_THAT(spec.description, ::testing::MatchesRegex(".*[.]")) << path;
    for (const Choice& choice : spec.choices) EXPECT_FALSE(choice.meaning.empty()) << path;
  });
}

TEST(Reference, NamesEveryOption) {
  const std::string page = ProjectReference(AllConnectionTypes());
  Walk(ProjectSpec(AllConnectionTypes()), "", [&](const OptionSpec& spec, const std::string& path) {
    for (const OptionSpec& field : spec.fields) {
      EXPECT_TRUE(page.find("`" + field.name + "`") != std::string::npos ||
                  page.find("." + field.name + "`") != std::string::npos)
          << path << "." << field.name;
    }
  });
}

nlohmann::json Schema() {
  return nlohmann::json::parse(ProjectJsonSchema(AllConnectionTypes()));
}

// Every "$ref" of a schema.
void CollectRefs(const nlohmann::json& json, std::vector<std::string>* refs) {
  for (const auto& [key, value] : json.items()) {
    if (json.is_object() && key == "$ref") refs->push_back(value.get<std::string>());
    if (value.is_structured()) CollectRefs(value, refs);
  }
}

TEST(JsonSchema, RefersOnlyToWhatItDefines) {
  const nlohmann::json schema = Schema();
  std::vector<std::string> refs;
  CollectRefs(schema, &refs);
  EXPECT_GT(refs.size(), 20u);
  for (const std::string& ref : refs) {
    ASSERT_TRUE(StartsWith(ref, "#/$defs/"));
    EXPECT_TRUE(schema["$defs"][ref.substr(8)].is_object()) << ref;
  }
}

TEST(JsonSchema, ClosesObjectsAndAsksForWhatIsRequired) {
  const nlohmann::json schema = Schema();
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema["additionalProperties"], false);
  const nlohmann::json& sync = schema["$defs"]["sync"];
  EXPECT_EQ(sync["additionalProperties"], false);
  EXPECT_THAT(sync["required"], ElementsAre("model", "to", "object", "key"));
  EXPECT_EQ(sync["properties"]["prefer_user_id"]["default"], true);
  EXPECT_EQ(sync["properties"]["fields"]["$ref"], "#/$defs/fields");
}

TEST(JsonSchema, TellsConnectionsApartByTheirType) {
  const nlohmann::json connection = Schema()["$defs"]["connection"];
  EXPECT_THAT(connection["properties"]["type"]["enum"], ElementsAre("file", "s3", "iterable"));
  const nlohmann::json& s3 = connection["allOf"][1];
  EXPECT_EQ(s3["if"]["properties"]["type"]["const"], "s3");
  EXPECT_TRUE(s3["then"]["properties"].contains("bucket"));
  EXPECT_TRUE(s3["then"]["properties"].contains("shared"));
  EXPECT_FALSE(s3["then"]["properties"].contains("path"));
}

TEST(JsonSchema, AsksNothingOfAnOverride) {
  const nlohmann::json schema = Schema();
  const nlohmann::json& over = schema["$defs"]["connection_override"];
  EXPECT_FALSE(over.contains("required"));
  EXPECT_TRUE(over["properties"].contains("bucket"));
  EXPECT_TRUE(over["properties"].contains("api_key"));
}

}  // namespace
}  // namespace sluice::config
