#include "config/read_fields.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::config {
namespace {

class FieldReader {
 public:
  FieldReader(const OptionSpec& spec, const ReadContext& context, Value* value)
      : column_(spec.item[0].variants[0]),
        object_(spec.item[0].variants[1]),
        context_(context),
        diagnostics_(*context.diagnostics),
        value_(*value) {}

  // `prefix` is the destination's object that the map describes; "" at the top.
  void Read(const Node& node, const std::string& key, const std::string& prefix) {
    if (node.entries.empty()) diagnostics_.Error(node.where, key, "maps no field");
    for (const Entry& entry : node.entries) {
      const std::string to = ChildKey(prefix, entry.key);
      const std::vector<std::string> parts = Split(to, '.');
      if (std::find(parts.begin(), parts.end(), "") != parts.end()) {
        diagnostics_.Error(entry.key_where, key,
                           fmt::format("{} is not the name of a field", Quoted(entry.key)));
        continue;
      }
      ReadEntry(entry, ChildKey(key, entry.key), to);
    }
  }

 private:
  void ReadEntry(const Entry& entry, const std::string& key, const std::string& to) {
    const Node& target = *entry.value;
    if (target.kind != Node::Kind::kMap) {
      Add(column_, entry, key, to);
      return;
    }
    const auto is_option = [&](const Entry& e) { return object_.Field(e.key) != nullptr; };
    if (std::none_of(target.entries.begin(), target.entries.end(), is_option)) {
      Read(target, key, to);
      return;
    }
    const auto other = std::find_if_not(target.entries.begin(), target.entries.end(), is_option);
    if (other != target.entries.end()) {
      diagnostics_.Error(other->key_where, key,
                         fmt::format("\"{0}\" is no option of a field ({1}); for a nested field "
                                     "write \"{2}.{0}\"",
                                     other->key, Join(object_.FieldNames(), ", "), to));
      return;
    }
    Add(object_, entry, key, to);
  }

  void Add(const OptionSpec& form, const Entry& entry, const std::string& key,
           const std::string& to) {
    for (size_t i = 0; i < value_.fields.size(); ++i) {
      const std::string& other = value_.fields[i].name;
      const bool clash = other == to || StartsWith(other, to + ".") || StartsWith(to, other + ".");
      if (!clash) continue;
      diagnostics_.Error(entry.key_where, key,
                         fmt::format("is mapped twice; \"{}\" is mapped at {}", other,
                                     value_.field_keys[i].ToString()));
      return;
    }
    value_.fields.push_back({to, ReadOption(form, *entry.value, key, context_)});
    value_.field_keys.push_back(entry.key_where);
  }

  const OptionSpec& column_;
  const OptionSpec& object_;
  const ReadContext& context_;
  Diagnostics& diagnostics_;
  Value& value_;
};

}  // namespace

void ReadFieldMap(const OptionSpec& spec, const Node& node, const std::string& key,
                  const ReadContext& context, Value* value) {
  if (node.kind != Node::Kind::kMap) {
    value->usable = false;
    context.diagnostics->Mismatch(node.where, key, Expectation(spec), Found(node));
    return;
  }
  FieldReader(spec, context, value).Read(node, key, "");
}

}  // namespace sluice::config
