// A small project and what goes wrong when a piece of it is replaced. For the tests of messages.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "config/reference.h"
#include "config/test_project.h"

namespace sluice::config {

inline constexpr const char* kShop = R"(project: shop
connections:
  drop: { type: file, path: drop }
  out: { type: file, path: out }
ingests:
  load:
    from: drop
    layout: files
    tables:
      customers: { pattern: "customers/*.csv", columns: { id: BIGINT, email: VARCHAR }, key: id }
models:
  buyers: SELECT * FROM customers
syncs:
  send: { model: buyers, to: out, object: buyers, key: id, fields: { email: email } }
)";

// The shop with one piece replaced.
inline std::string Shop(const std::string& from, const std::string& to) {
  const std::string text = ReplaceAll(kShop, from, to);
  EXPECT_NE(text, kShop) << from;
  return text;
}

inline std::vector<std::string> ErrorsOf(const std::string& yaml) {
  return TestProject(yaml).Errors();
}

inline std::vector<std::string> ErrorsWith(const std::string& from, const std::string& to) {
  return ErrorsOf(Shop(from, to));
}

inline std::vector<std::string> WarningsWith(const std::string& from, const std::string& to) {
  TestProject project(Shop(from, to));
  project.Load();
  return project.warnings();
}

// The projects that the reference page shows.
inline std::vector<std::string> ExampleProjects() {
  std::vector<std::string> examples;
  const std::string page = ProjectReference(AllConnectionTypes());
  const std::string fence = "```yaml\n";
  for (size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at)) {
    at += fence.size();
    examples.push_back(page.substr(at, page.find("```", at) - at));
  }
  return examples;
}

}  // namespace sluice::config
