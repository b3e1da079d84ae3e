#include "cli/connected.h"

namespace sluice::cli {
namespace {

Result<std::unique_ptr<pipeline::Runtime>> Connect(const ReadContext& context,
                                                   const std::set<std::string>& connections) {
  SLUICE_ASSIGN(config::Project project,
                OpenForConnections(context.arguments, context.world, connections));
  return MakeRuntime(std::move(project), context.arguments, context.world);
}

}  // namespace

Result<pipeline::Runtime*> Connected::To(const std::set<std::string>& connections) {
  if (context_.world.living != nullptr) return context_.world.living;
  auto known = known_.find(connections);
  if (known == known_.end()) {
    known = known_.emplace(connections, Connect(context_, connections)).first;
  }
  SLUICE_TRY(known->second.status());
  return known->second.value().get();
}

}  // namespace sluice::cli
