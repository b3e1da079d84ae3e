#include "connectors/s3/s3_listing.h"

#include <gtest/gtest.h>

namespace sluice::connectors::s3 {
namespace {

std::string Page(const std::string& inside,
                 const std::string& end = "<IsTruncated>false</IsTruncated>") {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
         inside + end + "</ListBucketResult>";
}

std::string Object(const std::string& key, const std::string& more = "<Size>5</Size>") {
  return "<Contents><Key>" + key +
         "</Key><LastModified>2026-11-21T14:03:07.250Z</LastModified>"
         "<ETag>&quot;abc&quot;</ETag>" +
         more + "</Contents>";
}

TEST(S3Listing, ReadsObjects) {
  const auto page = ParseListPage(Page(Object("a/b.csv") + Object("c")));
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].key, "a/b.csv");
  EXPECT_EQ(page->objects[0].size, 5U);
  EXPECT_EQ(page->objects[0].modified, 1'795'269'787'250'000);
  EXPECT_EQ(page->objects[0].etag, "abc");
  EXPECT_FALSE(page->truncated);
}

TEST(S3Listing, DecodesKeysOnlyWhenTheServerSaysThatItEncodedThem) {
  const std::string url = "<EncodingType>url</EncodingType>";
  const auto key = [&](const std::string& text, const std::string& before) {
    const auto page = ParseListPage(Page(before + Object(text)));
    return page.ok() ? page->objects[0].key : page.status().ToString();
  };
  EXPECT_EQ(key("a+b%2Bc%20d%25/%C3%A4%0D", url), "a b+c d%/\xc3\xa4\r");
  EXPECT_EQ(key("a+b%2Bc", ""), "a+b%2Bc");
  EXPECT_EQ(key("a+b%2Bc", "<EncodingType></EncodingType>"), "a+b%2Bc");
  EXPECT_NE(key("a%2", url).find("percent-encoded"), std::string::npos);
  EXPECT_NE(key("a%zz", url).find("percent-encoded"), std::string::npos);
}

TEST(S3Listing, KeysKeepTheirBlanksAndOddCharacters) {
  for (const auto& [xml, expected] : {std::pair<std::string, std::string>{" ", " "},
                                      {"  a  ", "  a  "},
                                      {"&#x9;tab&#xD;&amp;&lt;&#39;", "\ttab\r&<'"},
                                      {"\xc3\xa4\xf0\x9f\x8c\x8a", "\xc3\xa4\xf0\x9f\x8c\x8a"}}) {
    const auto page = ParseListPage(Page(Object(xml)));
    ASSERT_TRUE(page.ok()) << page.status().ToString();
    EXPECT_EQ(page->objects[0].key, expected);
  }
}

TEST(S3Listing, SaysWhereItGoesOn) {
  const auto page =
      ParseListPage(Page(Object("a"),
                         "<IsTruncated>true</IsTruncated>"
                         "<NextContinuationToken>x/+=&amp;y</NextContinuationToken>"));
  EXPECT_TRUE(page->truncated);
  EXPECT_EQ(page->next_token, "x/+=&y");
}

TEST(S3Listing, WhatCannotBeReadIsAnErrorNotAGap) {
  const std::string whole = Page(Object("a") + Object("b"));
  for (const std::string& xml :
       {std::string(), std::string("<html>hello</html>"), std::string("{}"),
        whole.substr(0, whole.size() / 2), Page(Object("a"), ""), Page(Object("")),
        Page(Object("a", "")), Page(Object("a", "<Size>-1</Size>")),
        Page(Object("a", "<Size>5x</Size>")),
        Page("<Contents><Key>a</Key><Size>1</Size><ETag>e</ETag></Contents>"),
        Page("", "<IsTruncated>true</IsTruncated>"),
        Page("", "<IsTruncated>perhaps</IsTruncated>")}) {
    EXPECT_EQ(ParseListPage(xml).status().code(), Code::kFailed) << xml;
  }
}

TEST(IsoTime, WithAndWithoutFractions) {
  EXPECT_EQ(ParseIsoTime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseIsoTime("2026-11-21T14:03:07.123456789Z"), 1'795'269'787'123'456);
  for (const char* bad : {"", "2026-11-21", "2026-11-21T14:03:07", "2026-11-21T14:03:07.5",
                          "2026-11-21T14:03:07+01:00", "2026-13-21T14:03:07Z"}) {
    EXPECT_EQ(ParseIsoTime(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace sluice::connectors::s3
