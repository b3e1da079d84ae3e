#include "config/template_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::config {
namespace {

std::string Shown(std::string_view text) {
  const auto parts = ParseTemplate(text);
  if (!parts.ok()) return parts.status().message();
  std::string out;
  for (const TemplatePart& part : *parts) {
    out += part.is_column ? "<" + part.text + ">" : "'" + part.text + "'";
  }
  return out;
}

TEST(Template, IsTextAndColumns) {
  EXPECT_EQ(Shown("{First} {last name}"), "<first>' '<last name>");
  EXPECT_EQ(Shown("Dear { title }{last},"), "'Dear '<title><last>','");
  EXPECT_EQ(Shown("plain"), "'plain'");
}

TEST(Template, DoubledBracesAreCharacters) {
  EXPECT_EQ(Shown("{{{a}}}"), "'{'<a>'}'");
  EXPECT_EQ(Shown("{{a}}"), "'{a}'");
}

TEST(Template, BracesThatDoNotMatchAreToldWithTheWayToWriteThem) {
  EXPECT_EQ(Shown("{a"), "a { without } behind it; write {{ for the character");
  EXPECT_EQ(Shown("{a{b}"), "a { without } behind it; write {{ for the character");
  EXPECT_EQ(Shown("a}"), "a } without { before it; write }} for the character");
  EXPECT_EQ(Shown("{ }"), "{} names no column");
}

}  // namespace
}  // namespace sluice::config
