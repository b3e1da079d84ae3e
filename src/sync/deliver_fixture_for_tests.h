// A delivery of people into a destination in memory, from a spool that is made for it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>

#include "connector/memory_destination.h"
#include "env/file.h"
#include "sync/deliver.h"

namespace sluice::sync {

class DeliverTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_deliver_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    memory_.fault = [this] {
      if (faults_.empty()) return connector::MemoryFault::kNone;
      const auto fault = faults_.front();
      faults_.pop_front();
      return fault;
    };
  }
  void TearDown() override { EXPECT_TRUE(env::RemoveTree(folder_).ok()); }

  std::string LogPath() const { return env::JoinPath(folder_, "1.log"); }

  DeliverReport Deliver(uint64_t rows) {
    connector::MemoryDestination destination(world_, memory_);
    return DeliverTo(destination, rows);
  }
  DeliverReport DeliverTo(connector::Destination& destination, uint64_t rows) {
    RateLimiter limiter(clock_, per_second_);
    return DeliverTo(destination, rows, limiter);
  }
  DeliverReport DeliverTo(connector::Destination& destination, uint64_t rows,
                          RateLimiter& limiter) {
    const std::string spool_path = env::JoinPath(folder_, "1.spool");
    auto writer = SpoolWriter::Create(spool_path);
    for (uint64_t n = 0; n < rows; ++n) {
      SpoolRow row;
      row.key = std::to_string(n);
      row.identity = "p" + row.key + "@x";
      row.payload = row.sent = "{\"email\":\"" + row.identity + "\"}";
      if (n >= removed_from_) row.change = Change::kRemoved;
      EXPECT_TRUE(writer->Add(row).ok());
    }
    LogHeader header;
    header.sync = "people";
    header.spool = writer->Finish().value();
    auto log = DeliveryLog::Create(LogPath(), header);
    auto spool = SpoolReader::Open(spool_path);
    env::SeededRandom random(1);
    Deliverer deliverer(destination, limiter, clock_, random, options_);
    auto report = deliverer.Run(spool.value(), rows, log.value());
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    if (!report.ok()) return {};
    EXPECT_EQ(report->acknowledged + report->rejected + report->deferred + report->unknown +
                  report->waiting,
              rows);
    return report.value();
  }
  std::string Log() {
    std::string out;
    const auto extent = ReadLog(LogPath(), [&](uint64_t offset, const LogEntry& entry) {
      out += DescribeEntry(offset, entry).substr(12) + "\n";
      return Status::Ok();
    });
    EXPECT_TRUE(extent.ok());
    return out;
  }
  // "3 acknowledged, 1 rejected": what is not 0.
  static std::string Text(const DeliverReport& report) {
    std::string out;
    const auto add = [&](uint64_t n, const std::string& what) {
      if (n > 0) out += (out.empty() ? "" : ", ") + std::to_string(n) + " " + what;
    };
    add(report.acknowledged, "acknowledged");
    add(report.rejected, "rejected");
    add(report.deferred, "deferred");
    add(report.unknown, "unknown");
    add(report.waiting, "waiting");
    return out;
  }

  std::string folder_;
  env::FakeClock clock_;
  double per_second_ = 0;
  uint64_t removed_from_ = UINT64_MAX;  // rows from here on are removals
  connector::MemoryWorld world_;
  connector::MemoryOptions memory_;
  DeliverOptions options_;
  std::deque<connector::MemoryFault> faults_;  // of the next requests
};

}  // namespace sluice::sync
