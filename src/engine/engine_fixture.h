// A database in a folder of its own, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "engine/engine.h"
#include "env/file.h"

namespace sluice::engine {

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_engine_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    path_ = env::JoinPath(dir_, "w.duckdb");
    Open();
  }
  void TearDown() override {
    connection_.reset();
    database_.reset();
    EXPECT_TRUE(env::RemoveTree(dir_).ok());
  }
  void Open() {
    connection_.reset();
    database_.reset();
    auto database = Database::Open(path_, {});
    ASSERT_TRUE(database.ok()) << database.status().ToString();
    database_ = std::move(database).value();
    auto connection = database_->Connect();
    ASSERT_TRUE(connection.ok()) << connection.status().ToString();
    connection_ = std::move(connection).value();
  }
  std::string Text(const std::string& sql) {
    if (connection_ == nullptr) return "not open";
    auto value = connection_->Scalar(sql);
    return value.ok() ? ToText(value.value()) : value.status().ToString();
  }
  void Do(const std::string& sql) {
    ASSERT_NE(connection_, nullptr);
    const auto done = connection_->Execute(sql);
    ASSERT_TRUE(done.ok()) << done.status().ToString();
  }
  std::string dir_;
  std::string path_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace sluice::engine
