#include "config/yaml_tree.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"
#include "config/yaml_mistake.h"
#include "config/yaml_variables.h"

namespace sluice::config {
namespace {

// Ends the parse from inside a callback; the error is in the diagnostics already.
struct Stop {};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, std::string file, Diagnostics* diagnostics,
              const YamlLimits& limits)
      : text_(text), file_(std::move(file)), diagnostics_(diagnostics), limits_(limits) {
    for (size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '\n') line_starts_.push_back(i + 1);
    }
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Fail(At(mark), "a second YAML document starts here; one is expected");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = std::make_shared<Node>();
    node->where = node->text_where = At(mark);
    const std::string_view rest = text_.substr(std::min(Offset(mark), text_.size()));
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r\n,:]}#"));
    for (const std::string_view null_word : {"~", "null", "Null", "NULL"}) {
      if (word == null_word) node->text = word;
    }
    // A value that was left out is marked where the next thing stands; its key is the better place.
    if (node->text.empty() && !open_.empty() && open_.back().has_key) {
      node->where = node->text_where = open_.back().key_where;
    }
    Add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) Fail(At(mark), "this alias refers to what it is a part of");
    Place(it->second, At(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kScalar;
    node->text = ShowVariables(value);
    node->quoted = tag != "?";
    node->where = At(mark);
    node->text_where = TextStart(mark, node->where);
    Add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Node::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Node::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { Close(); }

  NodePtr root() const { return root_; }

  Location At(const YAML::Mark& mark) const {
    if (mark.is_null()) return {file_, 1, 1};
    return At(static_cast<size_t>(mark.line), static_cast<size_t>(mark.column));
  }

  // From 0.
  Location At(size_t line, size_t column) const {
    const size_t start = line < line_starts_.size() ? line_starts_[line] : text_.size();
    // yaml-cpp counts bytes; people and editors count characters.
    const auto bytes = text_.substr(start, column);
    const auto characters = std::count_if(bytes.begin(), bytes.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
    });
    return {file_, static_cast<int>(line) + 1, static_cast<int>(characters) + 1};
  }

 private:
  // A list or a map whose end has not come yet.
  struct Level {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Location key_where;
    std::vector<std::pair<NodePtr, Location>> merged;  // values of `<<`
  };

  [[noreturn]] void Fail(const Location& where, std::string message) {
    diagnostics_->Error(where, "", std::move(message));
    throw Stop{};
  }

  size_t Offset(const YAML::Mark& mark) const {
    const auto line = static_cast<size_t>(mark.line);
    if (line >= line_starts_.size()) return text_.size();
    return line_starts_[line] + static_cast<size_t>(mark.column);
  }

  // Behind the quote, or at the first character of a block's first line.
  Location TextStart(const YAML::Mark& mark, const Location& where) const {
    const size_t offset = Offset(mark);
    if (offset >= text_.size()) return where;
    const char first = text_[offset];
    if (first == '"' || first == '\'') return where.Inside(1, 2);
    if (first != '|' && first != '>') return where;
    for (auto line = static_cast<size_t>(mark.line) + 1; line < line_starts_.size(); ++line) {
      const size_t begin = line_starts_[line];
      const size_t content = text_.find_first_not_of(" \r", begin);
      if (content == std::string_view::npos) break;
      if (text_[content] == '\n') continue;  // empty lines at the top are part of the text
      return {file_, mark.line + 2, static_cast<int>(content - begin) + 1};
    }
    return {file_, mark.line + 2, 1};
  }

  void Open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (!open_.empty() && open_.back().node->kind == Node::Kind::kMap && !open_.back().has_key) {
      Fail(At(mark), "a key must be text, found " +
                         std::string(kind == Node::Kind::kMap ? "a map" : "a list"));
    }
    if (open_.size() >= limits_.depth) {
      Fail(At(mark), fmt::format("nested deeper than {} levels", limits_.depth));
    }
    Level level;
    level.node = std::make_shared<Node>();
    level.node->kind = kind;
    level.node->where = level.node->text_where = At(mark);
    level.anchor = anchor;
    open_.push_back(std::move(level));
  }

  void Close() {
    Level level = std::move(open_.back());
    open_.pop_back();
    for (const auto& [value, where] : level.merged) Merge(*value, where, level.node.get());
    size_t weight = 1;
    for (const NodePtr& item : level.node->items) weight += item->weight;
    for (const Entry& entry : level.node->entries) weight += entry.value->weight;
    level.node->weight = weight;
    const Location where = level.node->where;
    const YAML::anchor_t anchor = level.anchor;
    if (anchor != 0) anchors_[anchor] = level.node;
    Place(std::move(level.node), where);
  }

  void Add(std::shared_ptr<Node> node, YAML::anchor_t anchor) {
    const Location where = node->where;
    if (anchor != 0) anchors_[anchor] = node;
    Place(std::move(node), where);
  }

  // Puts a finished node where it belongs: key, value, item or root.
  void Place(NodePtr node, const Location& where) {
    Count(1, node->weight, where);
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = open_.back();
    if (level.node->kind == Node::Kind::kList) {
      level.node->items.push_back(std::move(node));
    } else if (!level.has_key) {
      // `null` without quotes is a word where a name stands.
      const bool word =
          node->kind == Node::Kind::kScalar ||
          (node->kind == Node::Kind::kNull && !node->text.empty() && node->text != "~");
      if (!word) Fail(where, "a key must be text, found " + Found(*node));
      level.has_key = true;
      level.key = node->text;
      level.key_where = where;
    } else {
      level.has_key = false;
      AddEntry(&level, std::move(node));
    }
  }

  // `placed` more nodes were made or shared; `weight` is the size of what they unfold to.
  void Count(size_t placed, size_t weight, const Location& where) {
    placed_ += placed;
    if (placed_ > limits_.nodes || weight > limits_.nodes) {
      Fail(where,
           fmt::format("more than {} values, with aliases unfolded", Thousands(limits_.nodes)));
    }
  }

  void AddEntry(Level* level, NodePtr value) {
    if (level->node->entries.size() >= limits_.keys) {
      Fail(level->key_where, fmt::format("more than {} keys in one map", Thousands(limits_.keys)));
    }
    if (level->key == "<<") {
      level->merged.emplace_back(std::move(value), level->key_where);
      return;
    }
    if (const Entry* first = level->node->Find(level->key)) {
      diagnostics_->Error(level->key_where, level->key,
                          fmt::format("given twice; first at {}", first->key_where.ToString()));
      return;
    }
    level->node->entries.push_back({level->key, level->key_where, std::move(value)});
  }

  // `<<: *base`: entries of the base that the map does not have itself.
  void Merge(const Node& base, const Location& where, Node* into) {
    if (base.kind == Node::Kind::kList) {
      for (const NodePtr& item : base.items) Merge(*item, where, into);
      return;
    }
    if (base.kind != Node::Kind::kMap) {
      Fail(where, "`<<` merges a map or a list of maps, found " + Found(base));
    }
    Count(base.entries.size(), base.weight, where);
    for (const Entry& entry : base.entries) {
      if (into->Find(entry.key) == nullptr) into->entries.push_back(entry);
    }
  }

  std::string_view text_;
  std::string file_;
  Diagnostics* diagnostics_;
  YamlLimits limits_;
  std::vector<size_t> line_starts_ = {0};
  std::vector<Level> open_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
  NodePtr root_;
  size_t placed_ = 0;
  int documents_ = 0;
};

}  // namespace

const Entry* Node::Find(std::string_view key) const {
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [&](const Entry& entry) { return entry.key == key; });
  return it == entries.end() ? nullptr : &*it;
}

NodePtr ParseYaml(std::string_view text, const std::string& file, Diagnostics* diagnostics,
                  const YamlLimits& limits) {
  if (text.size() > limits.bytes) {
    diagnostics->Error(
        {file, 0, 0}, "",
        fmt::format("larger than the {} allowed for a project file", HumanBytes(limits.bytes)));
    return nullptr;
  }
  if (!IsValidUtf8(text)) {
    diagnostics->Error({file, 0, 0}, "", "is not UTF-8 text");
    return nullptr;
  }
  if (StartsWith(text, "\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::string hidden = HideVariables(text);
  const size_t errors_before = diagnostics->error_count();
  TreeBuilder builder(hidden, file, diagnostics, limits);
  try {
    std::istringstream stream(hidden);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return nullptr;
  } catch (const YAML::Exception& error) {
    const YAML::Mark& at = error.mark;
    const YamlMistake mistake =
        at.is_null() ? YamlMistake{0, 0, "not valid YAML: " + error.msg}
                     : ExplainYaml(hidden, {static_cast<size_t>(at.line),
                                            static_cast<size_t>(at.column), error.msg});
    diagnostics->Error(builder.At(mistake.line, mistake.column), "", mistake.message);
    return nullptr;
  }
  if (diagnostics->error_count() > errors_before) return nullptr;
  if (builder.root() != nullptr) return builder.root();
  auto empty = std::make_shared<Node>();
  empty->where = empty->text_where = {file, 1, 1};
  return empty;
}

std::string Found(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return Quoted(node.text);
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

}  // namespace sluice::config
