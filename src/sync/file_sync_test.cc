// A sync into a file, killed at every step and at every byte that it writes: in the end the file is
// what an undisturbed run makes of it.
#include <gtest/gtest.h>

#include "connectors/file/file_destination.h"
#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

struct Killed {};

// Ends the process while its `request` is written, with `bytes` of it in the file.
class DyingFile : public connector::Destination {
 public:
  DyingFile(std::unique_ptr<connector::Destination> inner, std::string path, int request,
            size_t bytes)
      : inner_(std::move(inner)), path_(std::move(path)), request_(request), bytes_(bytes) {}
  std::string Describe() const override { return inner_->Describe(); }
  const connector::Capabilities& capabilities() const override { return inner_->capabilities(); }
  Status CheckFields(std::span<const std::string> fields) const override {
    return inner_->CheckFields(fields);
  }
  Result<std::string> IdentityOf(std::string_view key, std::string_view payload) const override {
    return inner_->IdentityOf(key, payload);
  }
  std::span<const std::string> identifiers() const override { return inner_->identifiers(); }
  Result<connector::PreparedRequest> Prepare(std::span<const connector::Operation> operations,
                                             const connector::RequestLimit& limit) const override {
    return inner_->Prepare(operations, limit);
  }
  connector::SendResult Send(const connector::PreparedRequest& request,
                             std::span<const connector::Operation> operations,
                             const env::Cancel* cancel) override {
    if (++sent_ == request_) {
      auto file = env::AppendFile::Open(path_);
      const size_t written = std::min(bytes_, request.body.size());
      SLUICE_CHECK(file.ok() && file->Append(request.body.substr(0, written)).ok(), "no file");
      throw Killed();
    }
    return inner_->Send(request, operations, cancel);
  }
  connector::Settling* settling() override { return inner_->settling(); }
  Status Probe(const env::Cancel* cancel) override { return inner_->Probe(cancel); }

 private:
  std::unique_ptr<connector::Destination> inner_;
  std::string path_;
  int request_;
  size_t bytes_;
  int sent_ = 0;
};

class FileSyncTest : public testing::Test, public SyncWorld {
 protected:
  void SetUp() override {
    sync_.batch.rows = 3;
    Do("INSERT INTO people SELECT 10 + range, range || '@x', 'Ulm', range FROM range(8)");
  }
  std::string Folder() const { return env::JoinPath(folder_, "out"); }
  std::string Path() const { return env::JoinPath(Folder(), "people.jsonl"); }
  std::unique_ptr<connector::Destination> MakeFile() const {
    return connectors::file::MakeFileDestination(Folder(), "people").value();
  }
  SyncJob FileJob(connector::Destination& destination) {
    const SyncJob job = Job();
    return {.sync = sync_,
            .destination = destination,
            .relation = job.relation,
            .inputs = "",
            .state_folder = job.state_folder,
            .warehouse_path = job.warehouse_path,
            .host = job.host,
            .run_id = job.run_id,
            .fence = {},
            .limit = 0};
  }
  // A whole run into the file.
  void RunInto(connector::Destination& destination) {
    const SyncJob job = FileJob(destination);
    const auto recovered = engine_->Recover(*connection_, job);
    ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
    const auto delivery = engine_->Prepare(*connection_, job);
    ASSERT_TRUE(delivery.ok()) << delivery.status().ToString();
    if (delivery->id == 0) return;
    const auto report = engine_->Deliver(delivery.value(), job, limiter_, {});
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    const auto summary = engine_->Fold(*connection_, job, delivery.value());
    ASSERT_TRUE(summary.ok()) << summary.status().ToString();
    EXPECT_EQ(summary->outcome, "done") << summary->message;
  }
  void RunUndisturbed() {
    const auto destination = MakeFile();
    RunInto(*destination);
  }
  std::string Content() const { return env::ReadFile(Path()).value(); }
  void Forget() {
    for (const char* table : {"sync_delivered", "syncs", "deliveries", "sync_runs"}) {
      Do(std::string("DELETE FROM _sluice.") + table);
    }
    ASSERT_TRUE(env::RemoveTree(Folder()).ok());
    ASSERT_TRUE(env::RemoveTree(env::JoinPath(folder_, ".sluice")).ok());
  }
};

TEST_F(FileSyncTest, OneLineForEachRowInTheOrderOfKeysAndChangesBehind) {
  RunUndisturbed();
  Put("12", "2@x", "NULL", 2);
  RunUndisturbed();
  const std::string content = Content();
  EXPECT_EQ(std::count(content.begin(), content.end(), '\n'), 9);
  EXPECT_EQ(content.substr(0, content.find('\n')),
            "{\"kind\":\"upsert\",\"key\":\"10\",\"payload\":{\"city\":\"Ulm\",\"email\":\"0@x\","
            "\"visits\":0}}");
  EXPECT_EQ(content.substr(content.rfind('\n', content.size() - 2) + 1),
            "{\"kind\":\"upsert\",\"key\":\"12\",\"payload\":{\"city\":null}}\n");
}

TEST_F(FileSyncTest, KilledAtEveryStepTheFileIsAsWithoutAKill) {
  RunUndisturbed();
  const std::string undisturbed = Content();
  for (const std::string step : {"spool", "log", "opened", "delivered", "folded"}) {
    Forget();
    engine_->on_step = [&](std::string_view done) {
      if (done == step) throw Killed();
    };
    EXPECT_THROW(RunUndisturbed(), Killed);
    engine_->on_step = nullptr;
    RunUndisturbed();
    EXPECT_EQ(Content(), undisturbed) << step;
  }
}

TEST_F(FileSyncTest, KilledAtAnyByteOfARequestTheFileIsAsWithoutAKill) {
  RunUndisturbed();
  const std::string undisturbed = Content();
  const std::string first =
      undisturbed.substr(0, undisturbed.find("{\"kind\":\"upsert\",\"key\":\"13\""));
  for (int request = 1; request <= 3; ++request) {
    for (const size_t bytes : {size_t{0}, size_t{1}, first.size() / 2, first.find('\n'),
                               first.find('\n') + 1, first.size() - 1, first.size()}) {
      Forget();
      {
        DyingFile dying(MakeFile(), Path(), request, bytes);
        EXPECT_THROW(RunInto(dying), Killed);
      }
      RunUndisturbed();
      EXPECT_EQ(Content(), undisturbed) << "request " << request << ", " << bytes << " bytes";
    }
  }
}

TEST_F(FileSyncTest, AFileThatAnotherHoldsLeavesTheRowsWaiting) {
  const auto holder = MakeFile();
  const connector::Operation operation{connector::OperationKind::kUpsert, "1", "1", "{}"};
  const auto request = holder->Prepare(std::span(&operation, 1), {}).value();
  ASSERT_TRUE(holder->settling()->Mark(request).ok());
  const auto second = MakeFile();
  const SyncJob job = FileJob(*second);
  const auto delivery = engine_->Prepare(*connection_, job);
  const auto report = engine_->Deliver(delivery.value(), job, limiter_, {});
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_EQ(report->stopped.code(), Code::kBusy);
  EXPECT_EQ(report->waiting, 8U);
  EXPECT_EQ(engine_->Fold(*connection_, job, delivery.value())->waiting, 8U);
}

}  // namespace
}  // namespace sluice::sync
