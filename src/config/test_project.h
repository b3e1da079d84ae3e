// A project in a folder of its own for the tests of this library: files in, project or messages
// out.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/check.h"
#include "base/text.h"
#include "config/load.h"
#include "env/file.h"

namespace sluice::config {

class TestProject {
 public:
  TestProject() {
    std::string pattern = ::testing::TempDir() + "config_test.XXXXXX";
    SLUICE_CHECK(mkdtemp(pattern.data()) != nullptr, "no folder for the test");
    folder_ = pattern;
    options_.environment = std::map<std::string, std::string>{{"HOME", "/home/ada"}};
    options_.current_folder = folder_;
    Write("zoneinfo/Europe/Berlin", "TZif");
    Write("zoneinfo/America/New_York", "TZif");
    options_.rules.zoneinfo_folder = folder_ + "/zoneinfo";
    options_.run_secret_command = [this](const std::string& command) -> Result<std::string> {
      commands_.push_back(command);
      return command_output_;
    };
  }
  explicit TestProject(const std::string& yaml) : TestProject() { Write("sluice.yml", yaml); }
  ~TestProject() { EXPECT_TRUE(env::RemoveTree(folder_).ok()); }
  TestProject(const TestProject&) = delete;
  TestProject& operator=(const TestProject&) = delete;

  TestProject& Write(const std::string& name, const std::string& content, unsigned mode = 0600) {
    const std::string path = env::JoinPath(folder_, name);
    EXPECT_TRUE(env::CreateDirectories(env::Dirname(path)).ok());
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return *this;
  }
  TestProject& Set(const std::string& variable, const std::string& value) {
    (*options_.environment)[variable] = value;
    return *this;
  }
  TestProject& Env(const std::string& env) {
    options_.env = env;
    return *this;
  }
  TestProject& ResolveSecrets() {
    options_.resolve_secrets = true;
    return *this;
  }
  TestProject& CommandGives(Result<std::string> output) {
    command_output_ = std::move(output);
    return *this;
  }

  // The project, which must load. Warnings are in `warnings()`.
  Project Load(const std::string& path = "") {
    diagnostics_ = Diagnostics();
    Result<Project> project = LoadProject(path, options_, &diagnostics_);
    EXPECT_TRUE(project.ok()) << project.status().ToString();
    return project.ok() ? *project : Project();
  }
  // The errors of a project that must not load, one text each; `FOLDER` stands for its folder.
  std::vector<std::string> Errors(const std::string& path = "") {
    diagnostics_ = Diagnostics();
    const Result<Project> project = LoadProject(path, options_, &diagnostics_);
    EXPECT_FALSE(project.ok());
    EXPECT_EQ(project.status().code(), Code::kConfig);
    status_ = project.status();
    return Texts(diagnostics_.errors());
  }
  std::vector<std::string> warnings() const { return Texts(diagnostics_.warnings()); }

  const std::string& folder() const { return folder_; }
  const Status& status() const { return status_; }
  const Diagnostics& diagnostics() const { return diagnostics_; }
  LoadOptions& options() { return options_; }
  const std::vector<std::string>& commands() const { return commands_; }

 private:
  std::vector<std::string> Texts(const std::vector<Problem>& problems) const {
    std::vector<std::string> texts;
    for (const Problem& problem : problems) {
      texts.push_back(ReplaceAll(problem.ToString(), folder_, "FOLDER"));
    }
    return texts;
  }

  std::string folder_;
  LoadOptions options_;
  Diagnostics diagnostics_;
  Status status_;
  std::vector<std::string> commands_;
  Result<std::string> command_output_ = std::string("from-command\n");
};

}  // namespace sluice::config
