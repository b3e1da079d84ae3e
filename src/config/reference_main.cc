// sluice-reference FOLDER: writes project-file.md and project.schema.json there. Part of the build
// of the documentation, not of the product.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "config/connection_types.h"
#include "config/json_schema.h"
#include "config/reference.h"
#include "env/file.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: sluice-reference FOLDER\n", stderr);
    return 2;
  }
  const std::vector<sluice::config::ConnectionType> types = sluice::config::AllConnectionTypes();
  const std::vector<std::pair<std::string, std::string>> files = {
      {"project-file.md", sluice::config::ProjectReference(types)},
      {"project.schema.json", sluice::config::ProjectJsonSchema(types)},
  };
  for (const auto& [name, text] : files) {
    const std::string path = sluice::env::JoinPath(argv[1], name);
    const sluice::Status status = sluice::env::WriteFileAtomically(path, text);
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.ToString().c_str());
      return 1;
    }
  }
  return 0;
}
