#include "connectors/file/file_destination.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/json_text.h"
#include "base/text.h"
#include "connector/destination_conformance.h"
#include "env/file.h"

namespace sluice::connectors::file {
namespace {

using connector::Destination;
using connector::DestinationConformance;
using connector::Operation;
using connector::OperationKind;
using connector::RowState;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "sluice_file_destination_XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { (void)env::RemoveTree(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::unique_ptr<Destination> Make(const std::string& folder) {
  return MakeFileDestination(folder, "guests").value();
}

// Applies the lines, as whoever reads the file does.
class FileFixture : public connector::DestinationFixture {
 public:
  std::unique_ptr<Destination> Open() override { return Make(Out()); }
  std::string Payload(int n, const std::string& note) const override {
    std::string payload = "{\"id\":" + std::to_string(n);
    if (!note.empty()) {
      payload += ",\"note\":";
      AppendJsonString(payload, note);
    }
    return payload + '}';
  }
  std::string NoteField() const override { return "note"; }
  std::optional<std::string> NoteOf(int n) override {
    std::optional<std::string> note;
    const auto text = env::ReadFile(env::JoinPath(Out(), "guests.jsonl"));
    if (!text.ok()) return note;
    for (const std::string& line : Split(text.value(), '\n')) {
      if (line.empty()) continue;
      const std::string object = CanonicalJson(line).value();
      if (JsonMemberValue(object, "key") != "\"key-" + std::to_string(n) + "\"") continue;
      if (JsonMemberValue(object, "kind") == "\"remove\"") {
        note.reset();
        continue;
      }
      EXPECT_EQ(JsonMemberValue(object, "kind"), "\"upsert\"");
      const auto value = JsonMemberValue(JsonMemberValue(object, "payload"), "note");
      if (value == "null") note.reset();
      if (!value.empty() && value != "null") note = value;
    }
    return note;
  }

 private:
  std::string Out() const { return env::JoinPath(folder_.path(), "out"); }
  TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(File, DestinationConformance,
                         testing::Values(connector::DestinationFixtureFactory{
                             "file", [] { return std::make_unique<FileFixture>(); }}));

class FileDestinationTest : public testing::Test {
 protected:
  void SetUp() override { destination_ = Make(folder_.path()); }
  std::string File() const { return env::JoinPath(folder_.path(), "guests.jsonl"); }
  std::string Content() const { return env::ReadFile(File()).value(); }
  void Put(const std::string& content) {
    ASSERT_TRUE(env::WriteFileAtomically(File(), content).ok());
  }
  void Reopen() {
    destination_.reset();
    destination_ = Make(folder_.path());
  }
  // The mark of a request with two rows, and its lines.
  std::string Send(bool really) {
    const std::vector<Operation> operations = {{OperationKind::kUpsert, "1", "1", R"({"a":1})"},
                                               {OperationKind::kUpsert, "2", "2", R"({"a":2})"}};
    const auto request = destination_->Prepare(operations, {}).value();
    lines_ = request.body;
    const std::string mark = destination_->settling()->Mark(request).value();
    if (really) {
      const auto result = destination_->Send(request, operations, nullptr);
      EXPECT_EQ(result.outcomes[1].state, RowState::kAcknowledged);
    }
    return mark;
  }
  TemporaryFolder folder_;
  std::unique_ptr<Destination> destination_;
  std::string lines_;
};

TEST_F(FileDestinationTest, OneLineForEachOperation) {
  Send(true);
  EXPECT_EQ(Content(),
            "{\"kind\":\"upsert\",\"key\":\"1\",\"payload\":{\"a\":1}}\n"
            "{\"kind\":\"upsert\",\"key\":\"2\",\"payload\":{\"a\":2}}\n");
}

TEST_F(FileDestinationTest, AGroupTornAnywhereIsCutAndOneThatIsWholeStays) {
  Send(true);
  const std::string mark = Send(false);
  const std::string before = Content();
  for (size_t written = 0; written <= lines_.size(); ++written) {
    Put(before + lines_.substr(0, written));
    Reopen();
    const bool whole = written == lines_.size();
    EXPECT_EQ(destination_->settling()->Settle(mark).value(), whole) << written;
    EXPECT_EQ(Content(), whole ? before + lines_ : before) << written;
  }
  // The file system had made room, and the bytes did not come any more.
  Put(before + std::string(lines_.size(), '\0'));
  EXPECT_FALSE(destination_->settling()->Settle(mark).value());
  EXPECT_EQ(Content(), before);
}

TEST_F(FileDestinationTest, WhatOthersDidToTheFileIsNotUndone) {
  const std::string mark = Send(false);
  Put("somebody else's line, longer than what we meant to write, so that it cannot be ours at all, "
      "whatever happened to it; and still a little longer than that\n");
  Reopen();
  EXPECT_FALSE(destination_->settling()->Settle(mark).ok());
  EXPECT_EQ(Content().substr(0, 8), "somebody");
  Send(true);
  const std::string later = Send(false);
  Put("short\n");
  EXPECT_FALSE(destination_->settling()->Settle(later).ok());
}

TEST_F(FileDestinationTest, ATornLastLineThatNobodyKnowsIsCutAndAWholeOneIsEnded) {
  Put("{\"a\":1}\n{\"b\":");
  Send(true);
  EXPECT_EQ(Content(), "{\"a\":1}\n" + lines_);
  Put("{\"a\":1}\n{\"b\":2}");
  Reopen();
  Send(true);
  EXPECT_EQ(Content(), "{\"a\":1}\n{\"b\":2}\n" + lines_);
}

TEST_F(FileDestinationTest, TwoAtOnceAreKeptApart) {
  Send(true);
  const auto other = Make(folder_.path());
  const Operation operation{OperationKind::kUpsert, "1", "1", "{}"};
  const auto request = other->Prepare(std::span(&operation, 1), {}).value();
  EXPECT_EQ(other->settling()->Mark(request).status().code(), Code::kBusy);
  const auto result = other->Send(request, std::span(&operation, 1), nullptr);
  EXPECT_EQ(result.stop.code(), Code::kBusy);
  EXPECT_EQ(result.outcomes[0].state, RowState::kDeferred);
}

TEST_F(FileDestinationTest, AFileThatCannotBeWrittenStopsTheSync) {
  Put("");
  destination_ = MakeFileDestination(File(), "guests").value();  // its folder is a file
  const Operation operation{OperationKind::kUpsert, "1", "1", "{}"};
  const auto request = destination_->Prepare(std::span(&operation, 1), {}).value();
  const auto result = destination_->Send(request, std::span(&operation, 1), nullptr);
  EXPECT_FALSE(result.stop.ok());
  EXPECT_EQ(result.outcomes[0].state, RowState::kDeferred);
  EXPECT_FALSE(destination_->Probe(nullptr).ok());
}

TEST_F(FileDestinationTest, AProbeMakesNoFolder) {
  const std::string missing = env::JoinPath(folder_.path(), "not/there");
  EXPECT_TRUE(Make(missing)->Probe(nullptr).ok());
  EXPECT_FALSE(env::Exists(env::JoinPath(folder_.path(), "not")));
  Put("");
  EXPECT_FALSE(Make(File() + "/below/a/file")->Probe(nullptr).ok());
}

TEST_F(FileDestinationTest, ImpossibleNamesAreRefused) {
  for (const char* name : {"", ".hidden", "a/b", ".."}) {
    EXPECT_EQ(MakeFileDestination(folder_.path(), name).status().code(), Code::kConfig) << name;
  }
}

}  // namespace
}  // namespace sluice::connectors::file
