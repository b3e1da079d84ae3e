// What commands get from outside: the effects, where output goes, and which program this is.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "cli/terminal.h"
#include "env/clock.h"
#include "env/random.h"
#include "pipeline/runtime.h"

namespace sluice::cli {

struct World {
  pipeline::Factories factories;
  env::Clock& clock;
  env::Random& random;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Terminal terminal;
  std::string program;                  // how to start this program again: "sluice" or a path
  std::string current_folder;           // absolute
  const env::Cancel* cancel = nullptr;  // Ctrl-C
  const env::Cancel* abort = nullptr;   // a second one
  // In the process of a run that answers others: its project, already brought to life. Else null.
  pipeline::Runtime* living = nullptr;
};

}  // namespace sluice::cli
