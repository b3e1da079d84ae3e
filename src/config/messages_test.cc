// One case for every message about a project file: texts that users see, word for word.
#include <gmock/gmock.h>

#include "base/text.h"
#include "config/test_shop.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Messages, NoneForAProjectThatIsRight) {
  TestProject project(kShop);
  EXPECT_EQ(project.Load().name, "shop");
  EXPECT_THAT(project.warnings(), IsEmpty());
}

// ---- shapes and options ----

TEST(Messages, NameTheNearestOptionAndTellOneMistakeOnce) {
  EXPECT_THAT(ErrorsWith("path: drop", "pth: drop"),
              ElementsAre("sluice.yml:3:23: connections.drop: unknown option \"pth\" (did you mean "
                          "\"path\"?)"));
}

TEST(Messages, ListTheOptionsWhereNoneIsNear) {
  EXPECT_THAT(ErrorsWith("path: drop", "path: drop, colour: red"),
              ElementsAre("sluice.yml:3:35: connections.drop: unknown option \"colour\"; known: "
                          "type, shared, path, on_forget"));
}

TEST(Messages, NameTheNearestSection) {
  EXPECT_THAT(ErrorsWith("syncs:", "sync:"),
              ElementsAre("sluice.yml:13:1: unknown option \"sync\" (did you mean \"syncs\"?)"));
}

TEST(Messages, SayWhatIsMissing) {
  EXPECT_THAT(
      ErrorsWith("project: shop\n", ""),
      ElementsAre("sluice.yml:1:1: project: is missing; expected a name of letters, digits, "
                  "_ and - that begins with a letter"));
}

TEST(Messages, SayWhatShapeIsWanted) {
  EXPECT_THAT(ErrorsWith("path: out", "path: [out]"),
              ElementsAre("sluice.yml:4:28: connections.out.path: expected a path, found a list"));
  EXPECT_THAT(ErrorsWith("{ type: file, path: out }", "out"),
              ElementsAre("sluice.yml:4:8: connections.out: expected a map, found \"out\""));
  EXPECT_THAT(
      ErrorsOf("- a\n"),
      ElementsAre("sluice.yml:1:1: expected a map with sections such as connections, found a "
                  "list"));
  EXPECT_THAT(ErrorsWith("    layout: files", "    layout: files\n    checks: { unique: key }"),
              ElementsAre("sluice.yml:9:13: ingests.load.checks: expected a list, found a map"));
  EXPECT_THAT(ErrorsWith("buyers: SELECT * FROM customers", "buyers: [a]"),
              ElementsAre("sluice.yml:12:11: models.buyers: expected text or a map, found a list"));
  EXPECT_THAT(
      ErrorsWith("from: drop", "from: { a: b }"),
      ElementsAre("sluice.yml:7:11: ingests.load.from: expected a list of text, found a map"));
}

TEST(Messages, SayWhatASyncCanWriteAndHow) {
  const std::string iterable = "{ type: iterable, region: us, project_type: userid, api_key: k }";
  const auto project = [&](const std::string& object, const std::string& mode) {
    return ReplaceAll(Shop("{ type: file, path: out }", iterable), "object: buyers",
                      "object: \"" + object + "\", mode: " + mode);
  };
  const auto errors = [&](const std::string& object, const std::string& mode) {
    return ErrorsOf(project(object, mode));
  };
  EXPECT_EQ(TestProject(project("list:VIP guests", "mirror")).Load().syncs[0].mode, "mirror");
  EXPECT_EQ(TestProject(project("list_id:17", "remove")).Load().syncs[0].mode, "remove");
  EXPECT_EQ(TestProject(project("users", "upsert")).Load().syncs[0].object, "users");
  EXPECT_THAT(errors("users", "add"),
              ElementsAre(testing::EndsWith("syncs.send.mode: \"users\" of a connection of type "
                                            "iterable takes no mode add; write upsert, or update, "
                                            "or insert")));
  EXPECT_THAT(errors("list:VIP", "upsert"),
              ElementsAre(testing::EndsWith("takes no mode upsert; write add, or remove, or "
                                            "mirror")));
  EXPECT_THAT(errors("list:", "add"),
              ElementsAre(testing::HasSubstr("a connection of type iterable has no object "
                                             "\"list:\"")));
}

TEST(Messages, SayWhichWordsThereAre) {
  EXPECT_THAT(ErrorsWith("layout: files", "layout: file"),
              ElementsAre("sluice.yml:8:13: ingests.load.layout: expected \"zenoti\" or \"files\", "
                          "found \"file\" (did you mean \"files\"?)"));
  EXPECT_THAT(
      ErrorsWith("key: id, fields", "mode: miror, key: id, fields"),
      ElementsAre("sluice.yml:14:57: syncs.send.mode: expected \"upsert\", \"update\", \"insert\", "
                  "\"mirror\", \"replace\", "
                  "\"append\", \"add\" or \"remove\", found \"miror\" (did you mean \"mirror\"?)"));
  EXPECT_THAT(ErrorsWith("{ type: file, path: out }", "{ type: iterabel, region: us }"),
              ElementsAre("sluice.yml:4:16: connections.out.type: expected \"file\", \"s3\" or "
                          "\"iterable\", found \"iterabel\" (did you mean \"iterable\"?)"));
  EXPECT_THAT(ErrorsWith("{ type: file, path: out }", "{ path: out }"),
              ElementsAre("sluice.yml:4:8: connections.out.type: is missing; expected \"file\", "
                          "\"s3\" or \"iterable\""));
}

TEST(Messages, SayWhatSingleValuesLookLike) {
  const std::string iterable =
      "{ type: iterable, region: us, project_type: email, api_key: ${KEY:-x}";
  const auto with = [&](const std::string& option) {
    return ErrorsOf(ReplaceAll(Shop("{ type: file, path: out }", iterable + ", " + option + " }"),
                               "object: buyers", "object: users"));
  };
  EXPECT_THAT(with("requests_per_second: many"),
              ElementsAre("sluice.yml:4:100: connections.out.requests_per_second: expected a whole "
                          "number from 1 to 10,000, found \"many\""));
  EXPECT_THAT(with("requests_per_second: 0"),
              ElementsAre("sluice.yml:4:100: connections.out.requests_per_second: expected a whole "
                          "number from 1 to 10,000, found \"0\""));
  EXPECT_THAT(
      with("max_body_bytes: 4 M"),
      ElementsAre("sluice.yml:4:95: connections.out.max_body_bytes: expected a size such as "
                  "\"4 MB\" from 1.0 kB to 100 MB, found \"4 M\""));
  EXPECT_THAT(with("timeout: 60"),
              ElementsAre("sluice.yml:4:88: connections.out.timeout: expected a duration such as "
                          "\"15 minutes\" from 1.0 s to 1 h 0 min, found \"60\""));
  EXPECT_THAT(with("shared: perhaps"),
              ElementsAre("sluice.yml:4:87: connections.out.shared: expected true or false, found "
                          "\"perhaps\""));
  EXPECT_THAT(with("endpoint: ''"),
              ElementsAre("sluice.yml:4:89: connections.out.endpoint: is empty"));
}

TEST(Messages, SayHowPercentagesAreWritten) {
  EXPECT_THAT(
      ErrorsWith("    layout: files", "    layout: files\n    bad_rows: { percent: 0.01 }"),
      ElementsAre("sluice.yml:9:26: ingests.load.bad_rows.percent: expected a percentage such "
                  "as \"60%\", found \"0.01\""));
}

TEST(Messages, SayHowNamesAreMade) {
  EXPECT_THAT(
      ErrorsWith("  out: {", "  2nd out: {"),
      ElementsAre("sluice.yml:4:3: connections: expected a name of letters, digits, _ and - "
                  "that begins with a letter, found \"2nd out\"",
                  "sluice.yml:14:30: syncs.send.to: no connection \"out\"; known: drop"));
  EXPECT_THAT(ErrorsWith("  buyers: SELECT", "  buyers: SELECT 1\n  top-buyers: SELECT"),
              ElementsAre("sluice.yml:13:3: models: expected a name of letters, digits and _ that "
                          "begins with a letter or _, at most 63 long, found \"top-buyers\""));
  EXPECT_THAT(
      ErrorsWith("  buyers: SELECT", "  buyers: SELECT 1\n  _sluice_x: SELECT"),
      ElementsAre("sluice.yml:13:3: models: names that begin with _sluice are Sluice's own"));
  EXPECT_THAT(
      ErrorsWith("project: shop", "project: my shop"),
      ElementsAre("sluice.yml:1:10: project: expected a name of letters, digits, _ and - that "
                  "begins with a letter, found \"my shop\""));
}

TEST(Messages, SayThatNamesDifferInMoreThanCase) {
  EXPECT_THAT(ErrorsWith("  buyers: SELECT", "  Buyers: SELECT 1\n  buyers: SELECT"),
              ElementsAre("sluice.yml:13:3: models.buyers: given twice, as \"buyers\" at "
                          "sluice.yml:12:3: upper and lower case are the same"));
}

TEST(Messages, SayThatPodsDifferInMoreThanCase) {
  TestProject twice(
      "project: shop\nconnections:\n  drop: { type: file, path: in }\ningests:\n  load:\n    from: "
      "drop\n    layout: zenoti\n    start_after: { POD1: 4, pod1: 5 }\n    tables: { bi_dimuser: "
      "{ "
      "key: userid } }\n");
  EXPECT_THAT(twice.Errors(),
              ElementsAre("sluice.yml:8:29: ingests.load.start_after.pod1: given twice, as "
                          "\"POD1\" at sluice.yml:8:20: upper and lower case are the same"));
  TestProject adopted(
      "project: shop\nconnections:\n  drop: { type: file, path: in }\ningests:\n  load:\n    from: "
      "drop\n    layout: zenoti\n    start_after: { POD1: 4 }\n    adopt: { pod: pod1 }\n    "
      "tables: "
      "{ bi_dimuser: { key: userid } }\n");
  EXPECT_THAT(adopted.Errors(),
              ElementsAre("sluice.yml:9:19: ingests.load.adopt.pod: the pod is \"POD1\" in "
                          "start_after: write it as the drop does"));
}

TEST(Messages, FindRepeatedKeys) {
  EXPECT_THAT(ErrorsWith("path: out }", "path: out, path: out2 }"),
              ElementsAre("sluice.yml:4:33: path: given twice; first at sluice.yml:4:22"));
}

TEST(Messages, FindRepeatedItemsAndEmptyLists) {
  EXPECT_THAT(ErrorsWith("key: id }", "key: [id, ID] }"),
              ElementsAre("sluice.yml:10:99: ingests.load.tables.customers.key[1]: \"ID\" is given "
                          "twice"));
  EXPECT_THAT(ErrorsWith("from: drop", "from: []"),
              ElementsAre("sluice.yml:7:11: ingests.load.from: the list is empty"));
}

TEST(Messages, ShowAllErrorsUpToTwenty) {
  std::string many = kShop;
  for (int i = 0; i < 30; ++i) many += "option" + std::to_string(i) + ": 1\n";
  TestProject project(many);
  EXPECT_EQ(project.Errors().size(), 20u);
  EXPECT_EQ(project.diagnostics().error_count(), 30u);
  EXPECT_TRUE(
      StartsWith(project.status().message(), "the project has 30 errors:\n  sluice.yml:15:1: "));
  EXPECT_TRUE(EndsWith(project.status().message(), "\n  … and 10 more"));
}

TEST(Messages, OfASingleErrorStandAlone) {
  TestProject project(Shop("from: drop", "from: drpo"));
  project.Errors();
  EXPECT_EQ(project.status().ToString(),
            "sluice.yml:7:11: ingests.load.from: no connection \"drpo\" (did you mean \"drop\"?)");
  const Problem& problem = project.diagnostics().errors()[0];
  EXPECT_EQ(problem.key, "ingests.load.from");
  EXPECT_EQ(problem.nearest, "drop");
  EXPECT_EQ(problem.where.line, 7);
}

TEST(Messages, CarryWhatWasExpectedAndFoundForMachines) {
  TestProject project(Shop("path: out", "path: [out]"));
  project.Errors();
  const Problem& problem = project.diagnostics().errors()[0];
  EXPECT_EQ(problem.expected, "a path");
  EXPECT_EQ(problem.found, "a list");
}

// ---- files ----

TEST(Messages, SayThatThereIsNoProject) {
  TestProject project;
  EXPECT_THAT(project.Errors(),
              ElementsAre("there is no sluice.yml in FOLDER or a folder above it"));
  EXPECT_EQ(ReplaceAll(project.status().ToString(), project.folder(), "FOLDER"),
            "there is no sluice.yml in FOLDER or a folder above it. `sluice init` makes a project");
  project.Errors("elsewhere");
  EXPECT_EQ(project.status().ToString(), "there is no project at elsewhere");
  project.Errors("zoneinfo");
  EXPECT_EQ(project.status().ToString(),
            "there is no sluice.yml in zoneinfo. `sluice init` makes a project");
}

TEST(Messages, OfAnEmptyFileAskForTheProjectsName) {
  EXPECT_THAT(
      ErrorsOf(""),
      ElementsAre("sluice.yml:1:1: project: is missing; expected a name of letters, digits, "
                  "_ and - that begins with a letter"));
}

TEST(Messages, SayThatAnIncludedFileIsNotThere) {
  EXPECT_THAT(
      ErrorsWith("project: shop", "project: shop\ninclude: tables.yml"),
      ElementsAre("sluice.yml:2:10: include: cannot open FOLDER/tables.yml: No such file or "
                  "directory"));
}

TEST(Messages, WarnThatAPatternMatchesNothing) {
  EXPECT_THAT(WarningsWith("project: shop", "project: shop\ninclude: [ more/*.yml ]"),
              ElementsAre("sluice.yml:2:12: include: no file matches \"more/*.yml\""));
}

TEST(Messages, SayWhatAnIncludeIs) {
  EXPECT_THAT(
      ErrorsWith("project: shop", "project: shop\ninclude: [ { a: b }, '*/x.yml' ]"),
      ElementsAre("sluice.yml:2:12: include: expected the name of a file, found a map",
                  "sluice.yml:2:22: include: * and ? may only stand in the last part of the "
                  "path"));
  EXPECT_THAT(ErrorsWith("project: shop", "project: shop\ninclude: { a: b }"),
              ElementsAre("sluice.yml:2:10: include: expected a list of files, found a map"));
}

TEST(Messages, FindIncludesThatGoInCircles) {
  TestProject project("project: p\ninclude: a.yml\n");
  project.Write("a.yml", "include: b.yml\n").Write("b.yml", "include: a.yml\n");
  EXPECT_THAT(project.Errors(),
              ElementsAre("b.yml:1:10: include: a.yml includes itself, directly or "
                          "by way of other files"));
}

TEST(Messages, FindFilesThatAreIncludedTwice) {
  TestProject project("project: p\ninclude: [a.yml, b.yml]\n");
  project.Write("a.yml", "include: b.yml\n").Write("b.yml", "");
  EXPECT_THAT(
      project.Errors(),
      ElementsAre("sluice.yml:2:18: include: b.yml is included twice; first at a.yml:1:10"));
}

TEST(Messages, NameBothPlacesOfWhatStandsInTwoFiles) {
  TestProject project(Shop("project: shop", "project: shop\ninclude: more/a.yml"));
  project.Write("more/a.yml",
                "project: other\nconnections:\n  out: { type: file, path: x }\n"
                "ingests: { load: { from: drop, tables: { customers: { mode: replace } } } }\n");
  EXPECT_THAT(
      project.Errors(),
      ElementsAre("more/a.yml:1:1: project: given twice; first at sluice.yml:1:1",
                  "more/a.yml:3:3: connections.out: given twice; first at sluice.yml:5:3",
                  "more/a.yml:4:20: ingests.load.from: given twice; first at sluice.yml:8:5",
                  "more/a.yml:4:42: ingests.load.tables.customers: given twice; first at "
                  "sluice.yml:11:7"));
}

}  // namespace
}  // namespace sluice::config
