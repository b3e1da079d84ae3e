// Runtimes that can connect, for what looks into several stores: what one connection lacks is no matter of the others.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/status.h"
#include "cli/open_project.h"

namespace sluice::cli {

class Connected {
 public:
  explicit Connected(const ReadContext& context) : context_(context) {}
  // With the secrets of these connections; in the process of a run it is the run's own. Lives as long as this object.
  Result<pipeline::Runtime*> To(const std::set<std::string>& connections);

 private:
  const ReadContext& context_;
  std::map<std::set<std::string>, Result<std::unique_ptr<pipeline::Runtime>>> known_;
};

}  // namespace sluice::cli
