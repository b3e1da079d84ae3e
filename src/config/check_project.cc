#include "config/check_project.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "config/sync_objects.h"

namespace sluice::config {
namespace {

template <typename T>
std::vector<std::string> NamesOf(const std::vector<T>& things) {
  std::vector<std::string> names;
  for (const T& thing : things) names.push_back(thing.name);
  return names;
}

class Checker {
 public:
  Checker(const Node& root, const std::vector<ConnectionType>& types, Project* project,
          Diagnostics* diagnostics)
      : root_(root), types_(types), project_(*project), diagnostics_(*diagnostics) {}

  void Run() {
    CheckNames();
    CheckTables();
    for (Ingest& ingest : project_.ingests) CheckIngest(&ingest);
    for (const Model& model : project_.models) CheckModel(model);
    for (const Sync& sync : project_.syncs) CheckSync(sync);
    for (const Person& person : project_.persons) CheckPerson(person);
  }

 private:
  struct Named {
    std::string kind;
    std::string name;
    Location where;
  };

  // The place of an option, or of the nearest thing above it that is written down.
  Location Place(const std::vector<std::string>& path, size_t index = 0) const {
    const Node* node = &root_;
    Location where = root_.where;
    for (const std::string& key : path) {
      const auto entry = std::find_if(node->entries.begin(), node->entries.end(),
                                      [&](const Entry& e) { return EqualsIgnoreCase(e.key, key); });
      if (entry == node->entries.end()) return where;
      node = entry->value.get();
      where = node->kind == Node::Kind::kMap ? entry->key_where : node->where;
    }
    return index < node->items.size() ? node->items[index]->where : where;
  }

  // Selectors of the command line name ingests, models and syncs by one word.
  void CheckNames() {
    std::vector<Named> all;
    for (const Ingest& ingest : project_.ingests)
      all.push_back({"ingests", ingest.name, ingest.where});
    for (const Model& model : project_.models) all.push_back({"models", model.name, model.where});
    for (const Sync& sync : project_.syncs) all.push_back({"syncs", sync.name, sync.where});
    std::map<std::string, Named> seen;
    for (const Named& named : all) {
      const auto [it, first] = seen.try_emplace(Lower(named.name), named);
      if (first) continue;
      diagnostics_.Error(
          named.where, named.kind + "." + named.name,
          fmt::format("the name is taken by {}.{} at {}; names are unique over "
                      "ingests, models and syncs",
                      it->second.kind, it->second.name, it->second.where.ToString()));
    }
  }

  // One schema holds the tables of all ingests and what the models make.
  void CheckTables() {
    std::map<std::string, Named> seen;
    const auto add = [&](const Named& named) {
      const auto [it, first] = seen.try_emplace(named.name, named);
      if (first) return;
      diagnostics_.Error(named.where, named.kind,
                         fmt::format("the table {} is made by {} too, at {}", named.name,
                                     it->second.kind, it->second.where.ToString()));
    };
    for (const Ingest& ingest : project_.ingests) {
      for (const Table& table : ingest.tables) {
        add({fmt::format("ingests.{}.tables.{}", ingest.name, table.name), table.name,
             table.where});
      }
    }
    for (const Model& model : project_.models) {
      if (model.kind == Model::Kind::kSql) add({"models." + model.name, model.name, model.where});
    }
  }

  const ConnectionType* TypeOf(const Connection& connection) const {
    const auto it = std::find_if(types_.begin(), types_.end(), [&](const ConnectionType& type) {
      return type.type == connection.type;
    });
    return it == types_.end() ? nullptr : &*it;
  }

  // The type of a connection that plays the role asked for; null when not, which is reported.
  const ConnectionType* InRole(const std::string& name, bool ConnectionType::*role,
                               const std::string& role_words, const Location& where,
                               const std::string& key) {
    const Connection* connection = project_.FindConnection(name);
    if (connection == nullptr) {
      diagnostics_.Unknown(where, key, "no connection", name, NamesOf(project_.connections));
      return nullptr;
    }
    const ConnectionType* type = TypeOf(*connection);
    if (type == nullptr) return nullptr;  // reported where the type stands
    if (type->*role) return type;
    std::vector<std::string> able;
    for (const ConnectionType& other : types_) {
      if (other.*role) able.push_back(other.type);
    }
    diagnostics_.Error(where, key,
                       fmt::format("the connection {} is of type {}, which {}; expected {}", name,
                                   type->type, role_words, OneOfWords(able)));
    return nullptr;
  }

  void CheckIngest(Ingest* ingest) {
    const std::string key = "ingests." + ingest->name;
    for (size_t i = 0; i < ingest->from.size(); ++i) {
      InRole(ingest->from[i], &ConnectionType::store, "holds no files",
             Place({"ingests", ingest->name, "from"}, i), key + ".from");
    }
    if (ingest->layout == "files" && ingest->from.size() > 1) {
      diagnostics_.Error(Place({"ingests", ingest->name, "from"}, 1), key + ".from",
                         "layout files reads from one connection");
    }
    for (const auto& [pod, group] : ingest->start_after) {
      if (pod == ingest->adopt_pod || !EqualsIgnoreCase(pod, ingest->adopt_pod)) continue;
      diagnostics_.Error(
          Place({"ingests", ingest->name, "adopt", "pod"}), key + ".adopt.pod",
          fmt::format("the pod is {} in start_after: write it as the drop does", Quoted(pod)));
    }
    const std::vector<std::string> tables = NamesOf(ingest->tables);
    for (size_t i = 0; i < ingest->checks.size(); ++i) {
      const Check& check = ingest->checks[i];
      for (const std::string& table : check.tables) {
        if (std::find(tables.begin(), tables.end(), table) != tables.end()) continue;
        diagnostics_.Unknown(check.where, fmt::format("{}.checks[{}].tables", key, i),
                             "the ingest has no table", table, tables);
      }
      const bool needs_columns = check.kind != Check::Kind::kVolume && check.tables.empty();
      for (const Table& table : ingest->tables) {
        const bool meant = needs_columns || std::find(check.tables.begin(), check.tables.end(),
                                                      table.name) != check.tables.end();
        if (meant) CheckColumns(table, check, fmt::format("{}.checks[{}]", key, i));
      }
    }
    for (Table& table : ingest->tables) CheckTable(key + ".tables." + table.name, &table);
  }

  void CheckTable(const std::string& key, Table* table) {
    for (size_t i = 0; i < table->checks.size(); ++i) {
      Check& check = table->checks[i];
      const std::string check_key = fmt::format("{}.checks[{}]", key, i);
      CheckColumns(*table, check, check_key);
      if (check.kind == Check::Kind::kUnique && check.columns.empty()) check.columns = table->key;
    }
    KnownColumns(*table, table->key, table->where, key + ".key");
    KnownColumns(*table, {table->version}, table->where, key + ".version");
    KnownColumns(*table, {table->delete_when.column}, table->where, key + ".delete_when.column");
    CheckNamesInFiles(*table, key);
  }

  // One name of a file is one column.
  void CheckNamesInFiles(const Table& table, const std::string& key) {
    std::map<std::string, std::string> owners;
    for (const Column& column : table.columns) {
      const std::string column_key = fmt::format("{}.columns.{}", key, column.name);
      for (const std::string& name :
           column.from.empty() ? std::vector<std::string>{column.name} : column.from) {
        const auto [owner, first] = owners.try_emplace(Lower(name), column.name);
        if (first) continue;
        diagnostics_.Error(column.where, column_key,
                           fmt::format("{} is what the column {} is called in the files",
                                       Quoted(name), owner->second));
      }
      if (column.renamed_from.empty()) continue;
      const std::vector<std::string> names = NamesOf(table.columns);
      if (std::find(names.begin(), names.end(), column.renamed_from) == names.end()) continue;
      diagnostics_.Error(column.where, column_key + ".renamed_from",
                         fmt::format("{} is a column of its own here", column.renamed_from));
    }
  }

  void CheckColumns(const Table& table, const Check& check, const std::string& key) {
    if (check.kind == Check::Kind::kVolume) return;
    if (check.kind == Check::Kind::kUnique && check.columns.empty()) {
      if (!table.key.empty()) return;
      diagnostics_.Error(check.where, key + ".unique",
                         fmt::format("the table {} has no `key`", table.name));
      return;
    }
    KnownColumns(table, check.columns, check.where, key);
  }

  // Only where the project itself says which columns there are.
  void KnownColumns(const Table& table, const std::vector<std::string>& columns,
                    const Location& where, const std::string& key) {
    const std::vector<std::string> known = NamesOf(table.columns);
    if (known.empty()) return;
    for (const std::string& column : columns) {
      if (column.empty() || std::find(known.begin(), known.end(), column) != known.end()) continue;
      diagnostics_.Unknown(where, key, fmt::format("the table {} has no column", table.name),
                           column, known);
    }
  }

  void CheckModel(const Model& model) {
    for (size_t i = 0; i < model.checks.size(); ++i) {
      const Check& check = model.checks[i];
      if (check.kind != Check::Kind::kUnique || !check.columns.empty()) continue;
      diagnostics_.Error(check.where, fmt::format("models.{}.checks[{}].unique", model.name, i),
                         "a model has no `key`; name the columns");
    }
  }

  bool IsLoaded(const std::string& name) const {
    for (const Ingest& ingest : project_.ingests) {
      for (const Table& table : ingest.tables) {
        if (EqualsIgnoreCase(table.name, name)) return true;
      }
    }
    return false;
  }

  void CheckField(const Sync& sync, const Field& field) {
    using Cast = Field::Cast;
    const std::string key = fmt::format("syncs.{}.fields.{}", sync.name, field.to);
    const bool nested = field.to.find('.') != std::string::npos;
    if (nested && field.null.value_or(sync.null) == NullPolicy::kSkip) {
      diagnostics_.Error(field.where, key,
                         "`null: skip` cannot hold inside an object, which is sent whole; give the "
                         "field `null: clear` or `null: send`");
    }
    const bool formats =
        field.cast == Cast::kText || field.cast == Cast::kDate || field.cast == Cast::kTimestamp;
    if (!field.format.empty() && !formats) {
      diagnostics_.Error(field.where, key,
                         "`format` says how a date is read or written, and needs `cast: date`, "
                         "`timestamp` or `text`");
    }
  }

  void CheckSync(const Sync& sync) {
    const std::string key = "syncs." + sync.name;
    if (!sync.model.empty() && project_.FindModel(sync.model) == nullptr && IsLoaded(sync.model)) {
      diagnostics_.Error(Place({"syncs", sync.name, "model"}), key + ".model",
                         fmt::format("{0} is a loaded table and no model; make a model of it: "
                                     "models: {{ NAME: {0} }}, and name that one here",
                                     sync.model));
    } else if (!sync.model.empty() && project_.FindModel(sync.model) == nullptr) {
      diagnostics_.Unknown(Place({"syncs", sync.name, "model"}), key + ".model", "no model",
                           sync.model, NamesOf(project_.models));
    }
    for (const Field& field : sync.fields) CheckField(sync, field);
    if (sync.mode == "update" && sync.first_run == FirstRun::kFromNowOn) {
      diagnostics_.Error(
          Place({"syncs", sync.name, "first_run"}), key + ".first_run",
          "mode update has to know what is there: from_now_on would take for granted "
          "that all of it is; leave it out");
    }
    if (sync.to.empty()) return;
    const ConnectionType* type = InRole(sync.to, &ConnectionType::destination, "takes no rows",
                                        Place({"syncs", sync.name, "to"}), key + ".to");
    if (type != nullptr && !sync.object.empty()) CheckObject(sync, *type, key);
  }

  void CheckObject(const Sync& sync, const ConnectionType& type, const std::string& key) {
    if (!type.objects.empty() && FindObject(type, sync.object) == nullptr) {
      diagnostics_.Unknown(Place({"syncs", sync.name, "object"}), key + ".object",
                           fmt::format("a connection of type {} has no object", type.type),
                           sync.object, type.objects);
      return;
    }
    if (sync.mode.empty()) return;  // a word that is none was reported
    const std::vector<std::string> modes = ModesOf(type, sync.object);
    if (std::find(modes.begin(), modes.end(), sync.mode) != modes.end()) return;
    diagnostics_.Error(Place({"syncs", sync.name, "mode"}), key + ".mode",
                       fmt::format("\"{}\" of a connection of type {} takes no mode {}; write {}",
                                   sync.object, type.type, sync.mode, Join(modes, ", or ")));
  }

  void CheckPerson(const Person& person) {
    const std::string key = "persons." + person.name;
    for (const PersonColumn& table : person.tables) CheckPersonColumn(table, key + ".tables");
    for (const Person::Identifier& identifier : person.identifiers) {
      for (const PersonColumn& column : identifier.columns) {
        CheckPersonColumn(column, fmt::format("{}.identifiers.{}", key, identifier.name));
      }
    }
  }

  // A table that was loaded by hand is known to the warehouse alone, so that an unknown name is told, and
  // `forget` looks again.
  void CheckPersonColumn(const PersonColumn& column, const std::string& key) {
    std::vector<std::string> known;
    for (const Ingest& ingest : project_.ingests) {
      for (const Table& table : ingest.tables) {
        if (EqualsIgnoreCase(table.name, column.table)) {
          KnownColumns(table, column.columns, column.where, key);
          return;
        }
        known.push_back(table.name);
      }
    }
    for (const Model& model : project_.models) {
      if (EqualsIgnoreCase(model.name, column.table)) return;
      known.push_back(model.name);
    }
    diagnostics_.Warn(column.where, key,
                      fmt::format("no ingest and no model makes a table {}{}; that is right only "
                                  "of one loaded by hand",
                                  column.table, DidYouMean(column.table, known)));
  }

  const Node& root_;
  const std::vector<ConnectionType>& types_;
  Project& project_;
  Diagnostics& diagnostics_;
};

}  // namespace

void CheckProject(const Node& root, const std::vector<ConnectionType>& connection_types,
                  Project* project, Diagnostics* diagnostics) {
  Checker(root, connection_types, project, diagnostics).Run();
}

}  // namespace sluice::config
