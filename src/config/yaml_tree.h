// YAML text as a tree in which everything knows where it stands. The only place that sees yaml-cpp:
// its own tree merges repeated keys in silence, forgets whether text was quoted, and lets a few
// hundred bytes of aliases unfold into gigabytes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/project.h"

namespace sluice::config {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Entry {
  std::string key;
  Location key_where;
  NodePtr value;
};

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap } kind = Kind::kNull;
  // A scalar's text; of a null the word that was written ("~", "NULL") or "".
  std::string text;
  bool quoted = false;  // in quotes or a block: never a number or a boolean
  Location where;       // the node
  Location text_where;  // the first character of a scalar's text: behind the quote, below the `|`
  std::vector<NodePtr> items;
  std::vector<Entry> entries;  // in the order of the file
  // Nodes in this tree, those reached by aliases counted each time.
  size_t weight = 1;

  const Entry* Find(std::string_view key) const;
};

struct YamlLimits {
  size_t bytes = 1 << 20;  // of one file
  size_t depth = 40;       // of nesting
  size_t keys = 10'000;    // of one map
  size_t nodes = 100'000;  // of one file, aliases unfolded
};

// Parses one document. Null when there were errors, which are then in `diagnostics`; an empty
// document is a node of kind kNull. Anchors, aliases and merge keys (`<<: *base`) are resolved;
// repeated keys, keys that are no text, a second document are errors. `${…}` may stand unquoted in
// flow maps, where YAML itself would refuse the braces.
NodePtr ParseYaml(std::string_view text, const std::string& file, Diagnostics* diagnostics,
                  const YamlLimits& limits = {});

// What a node is, for messages: `"us-eest-1"`, `a list`, `a map`, `nothing`.
std::string Found(const Node& node);

}  // namespace sluice::config
