// The connections that this version knows: their roles and options. Names only; what speaks to the
// systems lies in connectors/.
#pragma once

#include <string>
#include <vector>

#include "config/option_spec.h"

namespace sluice::config {

struct ConnectionType {
  std::string type;          // as in `type:`
  std::string description;   // one sentence
  bool store = false;        // holds files that an ingest loads
  bool destination = false;  // takes the rows of a sync
  bool mirrors = false;      // a sync can remove what is not in its model any more
  // What a sync can write there (`object:`); empty: any name.
  std::vector<std::string> objects;
  std::vector<OptionSpec> options;
  std::vector<Rule> rules;
};

ConnectionType FileConnection();
ConnectionType S3Connection();
ConnectionType IterableConnection();

// Those of a build of Sluice, in the order of the reference.
std::vector<ConnectionType> AllConnectionTypes();

}  // namespace sluice::config
