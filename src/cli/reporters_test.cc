#include "cli/reporters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <thread>

namespace sluice::cli {
namespace {

using report::Level;
using testing::HasSubstr;
using namespace std::chrono_literals;  // NOLINT: durations read better so

constexpr env::Micros kStart = 1'795'269'787'000'000;

TEST(ProgressTest, SaysWhatIsKnown) {
  EXPECT_EQ(DescribeProgress({}, 10), "");
  EXPECT_EQ(DescribeProgress({1, 0, 0, 0}, 1), "1 row");
  EXPECT_EQ(DescribeProgress({45'000, 0, 0, 0}, 10), "45,000 rows, 4,500 rows/s");
  EXPECT_EQ(DescribeProgress({0, 0, 2'000'000, 8'000'000}, 10), "30 s left, 2.0 MB of 8.0 MB");
  EXPECT_EQ(DescribeProgress({500, 1000, 90, 100}, 20),
            "20 s left, 500 of 1,000 rows, 25 rows/s, 90 B of 100 B");
  // Bytes that have all come are no news of the rows in them.
  EXPECT_EQ(DescribeProgress({500, 0, 100, 100}, 20), "500 rows, 25 rows/s");
  EXPECT_EQ(DescribeProgress({0, 0, 100, 100}, 20), "");
  // After the last row there is no rate.
  EXPECT_EQ(DescribeProgress({1000, 1000, 0, 0}, 20), "1,000 rows");
  // A rate after a moment says nothing.
  EXPECT_EQ(DescribeProgress({500, 1000, 0, 0}, 0.5), "500 of 1,000 rows");
}

TEST(ProgressTest, SaysWhatAStepIsAt) {
  using report::Phase;
  EXPECT_EQ(DescribeProgress({0, 0, 2'000'000, 8'000'000, Phase::kDownload}, 10),
            "30 s left, downloading, 2.0 MB of 8.0 MB");
  EXPECT_EQ(DescribeProgress({0, 1000, 100, 100, Phase::kRead}, 1), "reading");
  EXPECT_EQ(DescribeProgress({500, 1000, 100, 100, Phase::kRead}, 20),
            "20 s left, reading, 500 of 1,000 rows, 25 rows/s");
  EXPECT_EQ(DescribeProgress({1000, 1000, 100, 100, Phase::kCheck}, 20), "checking, 1,000 rows");
  EXPECT_EQ(DescribeProgress({1000, 1000, 100, 100, Phase::kPublish}, 20),
            "publishing, 1,000 rows");
}

TEST(JsonReporterTest, EveryPhaseIsTold) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  const auto reporter = MakeJsonReporter(out, clock);
  reporter->StepBegan("load a");
  for (const auto phase : {report::Phase::kRead, report::Phase::kRead, report::Phase::kCheck}) {
    reporter->StepAdvanced("load a", {1, 1, 0, 0, phase});
  }
  const std::string told = out.str();
  const auto count = [&](const std::string& text) {
    size_t n = 0;
    for (size_t at = told.find(text); at != std::string::npos; at = told.find(text, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count("\"phase\":\"read\""), 1U);
  EXPECT_EQ(count("\"phase\":\"check\""), 1U);
}

TEST(TerminalReporterTest, RewritesOneLineAndLeavesAFinalOne) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  {
    TerminalReporter reporter(out, {true, 60, false}, clock, {});
    reporter.StepBegan("load a");
    clock.Advance(4s);
    reporter.StepAdvanced("load a", {8000, 0, 0, 0});
    reporter.Tick();
    clock.Advance(6s);
    reporter.StepEnded("load a", "done", "9,000 rows");
    reporter.Tick();
  }
  EXPECT_EQ(out.str(),
            "\rworking    load a  (0.0 s)\x1b[K"
            "\rworking    load a: 8,000 rows, 2,000 rows/s  (4.0 s)\x1b[K"
            "\r\x1b[Kdone       load a: 9,000 rows  (10 s)\n");
}

TEST(TerminalReporterTest, ALineIsNeverWiderThanTheTerminal) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  TerminalReporter reporter(out, {true, 40, false}, clock, {});
  reporter.StepBegan("load " + std::string(100, 'x'));
  const std::string line = out.str().substr(1, out.str().find('\x1b') - 1);
  EXPECT_EQ(DisplayWidth(line), 39U);
}

TEST(TerminalReporterTest, TheTimeThatIsLeftIsNotCutOff) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  TerminalReporter reporter(out, {true, 80, false}, clock, {});
  reporter.StepBegan("zenoti.bi_factcollections POD1/4711");
  clock.Advance(100s);
  reporter.StepAdvanced("zenoti.bi_factcollections POD1/4711",
                        {1'234'567, 12'345'670, 650'000'000, 650'000'000});
  out.str("");
  reporter.Tick();
  EXPECT_THAT(out.str(), HasSubstr("15 min 0 s left, 1,234,567"));
}

TEST(TerminalReporterTest, NotesStandAboveTheLine) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  TerminalReporter reporter(out, {true, 60, false}, clock, {});
  reporter.StepBegan("load a");
  out.str("");
  reporter.Note(Level::kWarning, "a column\nis new");
  reporter.Tick();
  EXPECT_EQ(out.str(), "\r\x1b[Kwarning: a column\n  is new\n\rworking    load a  (0.0 s)\x1b[K");
}

TEST(TerminalReporterTest, NothingIsLeftOfAnUnfinishedLine) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  { TerminalReporter(out, {true, 60, false}, clock, {}).StepBegan("load a"); }
  EXPECT_TRUE(out.str().ends_with("\r\x1b[K"));
}

TEST(TerminalReporterTest, RowsOfALongStatementAreAskedFor) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  uint64_t rows = 40;  // of the step before
  TerminalReporter reporter(out, {true, 80, false}, clock, [&] { return rows; });
  reporter.StepBegan("load a");
  EXPECT_THAT(out.str(), testing::Not(HasSubstr("rows")));
  rows = 123'456;
  reporter.Tick();
  EXPECT_THAT(out.str(), HasSubstr("123,456 rows"));
}

TEST(TerminalReporterTest, OfSeveralStepsTheLastOneIsShown) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  TerminalReporter reporter(out, {true, 80, false}, clock, {});
  reporter.StepBegan("z");
  reporter.StepBegan("a");
  out.str("");
  reporter.Tick();
  EXPECT_THAT(out.str(), HasSubstr("working    a"));
  reporter.StepEnded("a", "done", "");
  out.str("");
  reporter.Tick();
  EXPECT_THAT(out.str(), HasSubstr("working    z"));
}

TEST(PlainReporterTest, ALineForEachStepAndNoEscapes) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  const auto reporter = MakePlainReporter(out, clock);
  reporter->StepBegan("load a");
  reporter->StepAdvanced("load a", {10, 0, 0, 0});
  clock.Advance(61s);
  reporter->StepAdvanced("load a", {6100, 0, 0, 0});
  reporter->StepAdvanced("load a", {6200, 0, 0, 0});
  reporter->Note(Level::kError, "no answer");
  reporter->StepEnded("load a", "held", "too few rows");
  EXPECT_EQ(out.str(),
            "working    load a: 6,100 rows, 100 rows/s\n"
            "error: no answer\n"
            "held       load a: too few rows  (1 min 1 s)\n");
}

TEST(PlainReporterTest, PartsThatAreDoneAreToldWhenAskedFor) {
  env::FakeClock clock(kStart);
  for (const bool verbose : {false, true}) {
    std::ostringstream out;
    const auto reporter = MakePlainReporter(out, clock, verbose);
    reporter->StepBegan("zenoti POD1/8");
    reporter->StepBegan("zenoti.a POD1/8");
    reporter->StepBegan("zenoti.b POD1/8");
    clock.Advance(9s);
    reporter->PartEnded("zenoti.a POD1/8", "done", "2 rows", 0.4);
    reporter->PartEnded("zenoti.b POD1/8", "held", "too few rows", 0.3);
    reporter->StepEnded("zenoti POD1/8", "done", "1 table, 2 rows");
    const std::string part = "done       zenoti.a POD1/8: 2 rows  (0.4 s)\n";
    EXPECT_EQ(out.str(), (verbose ? part : "") +
                             "held       zenoti.b POD1/8: too few rows  (0.3 s)\n"
                             "done       zenoti POD1/8: 1 table, 2 rows  (9.0 s)\n");
  }
}

TEST(TerminalReporterTest, PartsThatAreDoneLeaveNoLine) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  TerminalReporter reporter(out, {true, 60, false}, clock, {});
  reporter.StepBegan("g");
  reporter.StepBegan("part");
  out.str("");
  reporter.PartEnded("part", "done", "2 rows", 1);
  EXPECT_EQ(out.str(), "");
  reporter.Tick();
  EXPECT_THAT(out.str(), HasSubstr("working    g"));
  reporter.PartEnded("other", "failed", "no", 1);
  EXPECT_THAT(out.str(), HasSubstr("failed     other: no  (1.0 s)\n"));
}

TEST(JsonReporterTest, OneEventALine) {
  env::FakeClock clock(kStart);
  std::ostringstream out;
  const auto reporter = MakeJsonReporter(out, clock);
  reporter->StepBegan("load a");
  reporter->StepAdvanced("load a", {1, 0, 0, 0});
  clock.Advance(2s);
  reporter->StepAdvanced("load a", {2, 0, 0, 0});
  reporter->StepEnded("load a", "done", "2 rows");
  EXPECT_EQ(
      out.str(),
      "{\"version\":1,\"event\":\"step_began\",\"at\":\"2026-11-21T14:03:07Z\",\"step\":\"load "
      "a\"}\n"
      "{\"version\":1,\"event\":\"progress\",\"at\":\"2026-11-21T14:03:09Z\",\"step\":\"load "
      "a\",\"rows\":2,\"total_rows\":0,\"bytes\":0,\"total_bytes\":0}\n"
      "{\"version\":1,\"event\":\"step_ended\",\"at\":\"2026-11-21T14:03:09Z\",\"step\":\"load "
      "a\",\"outcome\":\"done\",\"summary\":\"2 rows\"}\n");
}

TEST(QuietReporterTest, OnlyWhatSomebodyMustSee) {
  std::ostringstream err;
  const auto reporter = MakeQuietReporter(err);
  reporter->StepBegan("load a");
  reporter->Note(Level::kInfo, "fine");
  reporter->Note(Level::kWarning, "look");
  reporter->StepEnded("load a", "done", "");
  EXPECT_EQ(err.str(), "warning: look\n");
}

TEST(TickerTest, TicksUntilItGoes) {
  std::atomic<int> ticks = 0;
  {
    const Ticker ticker(1ms, [&] { ++ticks; });
    while (ticks < 3) std::this_thread::yield();
  }
  const int after = ticks;
  std::this_thread::sleep_for(5ms);
  EXPECT_EQ(ticks, after);
}

}  // namespace
}  // namespace sluice::cli
