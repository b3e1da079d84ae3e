#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/help.h"

namespace sluice::cli {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Arguments Parse(const std::vector<std::string>& words) {
  const auto parsed = ParseArguments(words);
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_THAT(parsed->help, IsEmpty());
  return parsed->arguments;
}

Status Refused(const std::vector<std::string>& words) {
  const auto parsed = ParseArguments(words);
  EXPECT_EQ(parsed.status().code(), Code::kConfig);
  return parsed.status();
}

TEST(ArgumentsTest, OptionsOfEveryCommandStandBeforeAndBehindIt) {
  for (const auto& words :
       {std::vector<std::string>{"--project", "shop", "--env", "prod", "--json", "status"},
        {"status", "--json", "--env", "prod", "--project", "shop"}}) {
    const Arguments arguments = Parse(words);
    EXPECT_EQ(arguments.command, Command::kStatus);
    EXPECT_EQ(arguments.project, "shop");
    EXPECT_EQ(arguments.env, "prod");
    EXPECT_TRUE(arguments.json);
  }
  EXPECT_EQ(Parse({"status"}).env, "dev");
}

TEST(ArgumentsTest, TheListOfCommandsHasEveryOne) {
  for (const CommandHelp& help : AllCommands()) {
    EXPECT_THAT(TopLevelHelp(), HasSubstr("\n  " + std::string(help.name) + " ")) << help.name;
  }
}

TEST(ArgumentsTest, EveryCommandIsThere) {
  for (const CommandHelp& help : AllCommands()) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : std::string(help.name) + " ") {
      if (c != ' ') {
        word += c;
        continue;
      }
      words.push_back(std::move(word));
      word.clear();
    }
    words.emplace_back("--help");
    const auto parsed = ParseArguments(words);
    ASSERT_TRUE(parsed.ok()) << help.name << ": " << parsed.status().ToString();
    EXPECT_THAT(parsed->help, HasSubstr("--project")) << help.name;
    EXPECT_EQ(NameOf(help.command), help.name);
  }
}

TEST(ArgumentsTest, TheHelpOfACommandGivesItsWholeName) {
  const std::string help = ParseArguments({"gate", "accept", "--help"})->help;
  EXPECT_THAT(help, HasSubstr("\nUsage: sluice gate accept ID [options]\n"));
  EXPECT_THAT(help, HasSubstr("--reason TEXT (required)"));
  EXPECT_THAT(ParseArguments({"run", "-h"})->help,
              HasSubstr("\nUsage: sluice run [SELECTOR...] [options]\n"));
}

TEST(ArgumentsTest, TheHelpLeadsWithTheWay) {
  const auto parsed = ParseArguments({"--help"});
  ASSERT_TRUE(parsed.ok());
  const std::string& help = parsed->help;
  size_t at = 0;
  for (const char* name :
       {"  init ", "  validate ", "  plan ", "  run ", "  status ", "  tables "}) {
    const size_t found = help.find(name);
    ASSERT_NE(found, std::string::npos) << name;
    EXPECT_GT(found, at);
    at = found;
  }
  EXPECT_EQ(ParseArguments({})->help, help);
}

TEST(ArgumentsTest, ACommandThatIsNotThereNamesTheNearest) {
  const Status status = Refused({"rnu"});
  EXPECT_EQ(status.message(), "there is no command \"rnu\" (did you mean \"run\"?)");
  EXPECT_EQ(status.next(), "sluice run");
  EXPECT_THAT(Refused({"--env", "prod", "statsu"}).message(), HasSubstr("\"status\""));
  EXPECT_EQ(Refused({"gate", "acept"}).message(),
            "there is no command \"gate acept\" (did you mean \"accept\"?)");
  EXPECT_THAT(Refused({"xyzzy"}).message(), Not(HasSubstr("did you mean")));
}

TEST(ArgumentsTest, AGroupAloneSaysWhatItNeeds) {
  EXPECT_EQ(Refused({"gate"}).message(), "sluice gate needs one of: list, accept, reject, skip");
  EXPECT_EQ(Refused({"gate"}).next(), "sluice gate --help");
}

TEST(ArgumentsTest, AnOptionThatIsNotThereNamesTheNearest) {
  EXPECT_EQ(Refused({"run", "--dry-rn"}).message(),
            "there is no option --dry-rn (did you mean \"--dry-run\"?)");
  EXPECT_EQ(Refused({"run", "--dry-rn"}).next(), "sluice run --help");
  EXPECT_EQ(Refused({"status", "more"}).message(), "\"more\" was not expected");
}

TEST(ArgumentsTest, ARunTakesSelectorsAndOptions) {
  const Arguments arguments =
      Parse({"run", "zenoti+", "+guests", "--dry-run", "--limit", "10", "--strict"});
  EXPECT_THAT(arguments.names, ElementsAre("zenoti+", "+guests"));
  EXPECT_TRUE(arguments.dry_run);
  EXPECT_TRUE(arguments.strict);
  EXPECT_EQ(arguments.limit, 10);
  EXPECT_FALSE(arguments.wait);
  EXPECT_FALSE(Refused({"run", "--limit", "0"}).ok());
  EXPECT_FALSE(Refused({"run", "--limit", "many"}).ok());
}

TEST(ArgumentsTest, WaitTakesADurationOnlyWhenOneFollows) {
  EXPECT_EQ(Parse({"run", "--wait", "10m"}).wait, milliseconds(600'000));
  EXPECT_EQ(Parse({"run", "--wait=90s", "shop"}).wait, milliseconds(90'000));
  const Arguments alone = Parse({"run", "--wait", "shop"});
  EXPECT_THAT(alone.names, ElementsAre("shop"));
  EXPECT_GT(alone.wait, milliseconds(1'000'000'000));
  EXPECT_GT(Parse({"run", "shop", "--wait"}).wait, milliseconds(1'000'000'000));
  EXPECT_THAT(Refused({"run", "--wait=soon"}).message(), HasSubstr("no duration"));
}

TEST(ArgumentsTest, ADecisionNeedsAReason) {
  const Arguments arguments = Parse({"gate", "accept", "3fa9", "--reason", "it is right"});
  EXPECT_EQ(arguments.command, Command::kGateAccept);
  EXPECT_EQ(arguments.subject, "3fa9");
  EXPECT_EQ(arguments.reason, "it is right");
  EXPECT_THAT(Refused({"gate", "accept", "3fa9"}).message(), HasSubstr("--reason"));
  EXPECT_THAT(Refused({"gate", "skip", "3fa9", "--reason", " "}).message(), HasSubstr("--reason"));
  EXPECT_FALSE(Refused({"gate", "reject", "--reason", "x"}).ok());
}

TEST(ArgumentsTest, StatesOfRowsAreAFixedList) {
  const Arguments arguments = Parse({"sync", "rows", "guests", "--state", "left_out", "--csv"});
  EXPECT_EQ(arguments.subject, "guests");
  EXPECT_EQ(arguments.state, "left_out");
  EXPECT_TRUE(arguments.csv);
  EXPECT_THAT(Refused({"sync", "rows", "guests", "--state", "odd"}).message(), HasSubstr("odd"));
  EXPECT_FALSE(Refused({"sync", "rows", "guests"}).ok());
  EXPECT_FALSE(Refused({"sync", "rows", "guests", "--state", "all", "--csv", "--json"}).ok());
}

TEST(ArgumentsTest, AKeyMayBeginWithAMinus) {
  EXPECT_EQ(Parse({"trace", "--", "-5"}).subject, "-5");
  EXPECT_EQ(Parse({"trace", "4711,12", "--in", "orders"}).in, "orders");
}

TEST(ArgumentsTest, ANameMayBeThatOfACommand) {
  EXPECT_THAT(Parse({"plan", "run", "status"}).names, ElementsAre("run", "status"));
}

TEST(ArgumentsTest, HelpIsACommandToo) {
  EXPECT_EQ(ParseArguments({"help"})->help, ParseArguments({"--help"})->help);
  EXPECT_EQ(ParseArguments({"help", "gate", "accept"})->help,
            ParseArguments({"gate", "accept", "--help"})->help);
  EXPECT_THAT(ParseArguments({"help", "rnu"}).status().message(), testing::HasSubstr("\"run\""));
}

TEST(ArgumentsTest, WrongValuesAreToldInPlainWords) {
  const auto message = [](const std::vector<std::string>& words) {
    return ParseArguments(words).status().message();
  };
  EXPECT_EQ(message({"run", "--limit"}), "--limit needs a value");
  EXPECT_EQ(message({"run", "--limit", "0"}),
            "--limit must be a whole number from 1 to 1,000,000,000");
  EXPECT_EQ(message({"run", "--limit", "ten"}),
            "--limit must be a whole number from 1 to 1,000,000,000");
  EXPECT_EQ(message({"gate", "accept", "3f"}), "--reason is missing");
  EXPECT_THAT(message({"sync", "rows", "s", "--state", "rejectd"}),
              testing::StartsWith(
                  "--state: there is no \"rejectd\" (did you mean \"rejected\"?); known: "));
}

TEST(ArgumentsTest, LogsIsOfTheLatestRunWithoutAName) {
  EXPECT_TRUE(ParseArguments({"logs"}).ok());
}

}  // namespace
}  // namespace sluice::cli
