#include "config/csv_words.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "config/build_project.h"
#include "config/project_spec.h"
#include "config/read_options.h"

namespace sluice::config {
namespace {

NodePtr Scalar(const std::string& text, const Location& where) {
  Node node;
  node.kind = Node::Kind::kScalar;
  node.text = text;
  node.where = node.text_where = where;
  return std::make_shared<const Node>(std::move(node));
}

// The words as what the project file would have under `csv:`.
Node TreeOf(const std::vector<std::string>& words, const OptionSpec& spec, const Location& where,
            Diagnostics* diagnostics) {
  Node tree;
  tree.kind = Node::Kind::kMap;
  tree.where = where;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos) {
      diagnostics->Error(where, "", fmt::format("expected OPTION=VALUE, found {}", Quoted(word)));
      continue;
    }
    const std::string name = word.substr(0, equals);
    const NodePtr value = Scalar(word.substr(equals + 1), where);
    const auto said = std::find_if(tree.entries.begin(), tree.entries.end(),
                                   [&](const Entry& entry) { return entry.key == name; });
    if (said == tree.entries.end()) {
      tree.entries.push_back({name, where, value});
      continue;
    }
    const OptionSpec* option = spec.Field(name);
    if (option == nullptr || option->kind != OptionKind::kTextList) {
      diagnostics->Error(where, name, "is said twice");
      continue;
    }
    Node list;
    list.kind = Node::Kind::kList;
    list.where = where;
    if (said->value->kind == Node::Kind::kList) {
      list.items = said->value->items;
    } else {
      list.items = {said->value};
    }
    list.items.push_back(value);
    said->value = std::make_shared<const Node>(std::move(list));
  }
  return tree;
}

}  // namespace

Result<CsvOptions> CsvFromWords(const std::vector<std::string>& words, const std::string& said_as) {
  const OptionSpec spec = CsvSpec();
  const Location where{said_as, 0, 0};
  Diagnostics diagnostics;
  const Variables none;
  ReadContext context;
  context.variables = &none;
  context.diagnostics = &diagnostics;
  const Node tree = TreeOf(words, spec, where, &diagnostics);
  const Value value = ReadOption(spec, tree, "", context);
  CsvOptions options = BuildCsv(value, {}, "", &diagnostics);
  if (diagnostics.ok()) return options;
  std::string wrong;
  for (const Problem& problem : diagnostics.errors()) {
    wrong += (wrong.empty() ? "" : "; ") + problem.ToString();
  }
  return ConfigError(std::move(wrong), "The options are those of `csv:` in the project file");
}

}  // namespace sluice::config
