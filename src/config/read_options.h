// A tree of YAML and a specification become typed values, or errors with their places.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/option_spec.h"
#include "config/project.h"
#include "config/text_format.h"
#include "config/variables.h"
#include "config/yaml_tree.h"

namespace sluice::config {

struct NamedValue;

// An option after reading. Which members count depends on the kind of its specification.
struct Value {
  const OptionSpec* spec = nullptr;  // of kForms and kTagged: of the variant that was chosen
  bool given = false;                // false: the default
  bool usable = true;                // false: an error was reported; the members are empty
  Location where;
  Location text_where;  // where the text itself begins
  std::string text;     // text, word of an enumeration, absolute path, JSON of a constant
  std::string written;  // as in the file; paths and secrets for messages and comparisons
  Secret secret;
  int64_t number = 0;  // integer, bytes, milliseconds
  double real = 0;     // percent
  bool flag = false;
  std::vector<Value> items;          // lists
  std::vector<NamedValue> fields;    // objects and maps; defaults included
  std::vector<Location> field_keys;  // of kMap and kFieldMap: where the key of fields[i] stands

  const Value* Find(const std::string& name) const;  // null: absent, without default
  // "", 0, false when absent.
  int64_t NumberOf(const std::string& name) const;
  bool FlagOf(const std::string& name) const;
  std::string TextOf(const std::string& name) const;
  std::vector<std::string> TextsOf(const std::string& name) const;  // of a kTextList
};

struct NamedValue {
  std::string name;
  Value value;
};

struct ReadContext {
  const Variables* variables = nullptr;
  Diagnostics* diagnostics = nullptr;
  TextRules rules;
  std::string project_folder;  // absolute; paths are relative to it
  std::string home;            // for "~/"; "" when not known
  // Secrets are read from files and commands; else they stay empty, and a variable without a value
  // in what only connecting needs is a warning.
  bool resolve_secrets = false;
  // Of these connections only; nothing: of all.
  std::optional<std::set<std::string>> only_connections;
  // Variables without a value are no errors: the options of an environment that is not run.
  bool lenient = false;
  std::function<Result<std::string>(const std::string& command)> run_command;
};

// `key` is the path of the option for messages ("connections.drop"); "" for the whole file.
Value ReadOption(const OptionSpec& spec, const Node& node, const std::string& key,
                 const ReadContext& context);

// Whether what connecting needs is read for the option at `key`.
bool Connects(const ReadContext& context, const std::string& key);

std::string ChildKey(const std::string& key, const std::string& child);

}  // namespace sluice::config
