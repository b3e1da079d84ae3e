#include "ingest/zenoti_drop.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/ddl.h"

namespace sluice::ingest {
namespace {

std::optional<int64_t> Number(std::string_view text) {
  const auto n = ParseUnsigned(text);
  if (!n || *n > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return static_cast<int64_t>(*n);
}

std::string WithoutSuffix(std::string_view name, std::string_view suffix) {
  return std::string(name.substr(0, name.size() - suffix.size()));
}

bool IsData(std::string_view name) {
  const std::string lower = Lower(name);
  return EndsWith(lower, ".csv") || EndsWith(lower, ".csv.gz");
}

void ReadSchemaFile(const connector::StoredFile& file, const std::vector<std::string>& parts,
                    bool upgrade, ZenotiDrop& drop) {
  const size_t depth = upgrade ? 3 : 2;
  const std::string& name = parts.back();
  if (parts.size() != depth || !EndsWith(Lower(name), ".txt")) {
    drop.strays.push_back({file.path, upgrade ? "expected SchemaUpgrade/<release>/<table>.txt"
                                              : "expected SchemaFull/<table>.txt"});
    return;
  }
  SchemaFile schema;
  schema.file = file;
  schema.upgrade = upgrade;
  if (upgrade) schema.release = parts[1];
  schema.table = CanonicalTableName(WithoutSuffix(name, ".txt"));
  drop.schema_files.push_back(std::move(schema));
}

void ReadDataFile(const connector::StoredFile& file, const std::vector<std::string>& parts,
                  ZenotiDrop& drop) {
  constexpr std::string_view kExpected = "expected <POD>/<group>/<table>/<log id>/<file>.csv";
  if (parts.size() != 5) {
    drop.strays.push_back({file.path, std::string(kExpected)});
    return;
  }
  const auto group = Number(parts[1]);
  const auto log_id = Number(parts[3]);
  if (!group || !log_id) {
    drop.strays.push_back({file.path, fmt::format("{}, where {} is no number", kExpected,
                                                  group ? "the log id \"" + parts[3] + "\""
                                                        : "the group \"" + parts[1] + "\"")});
    return;
  }
  if (!IsData(parts[4])) {
    drop.strays.push_back({file.path, "expected a name that ends with .csv or .csv.gz"});
    return;
  }
  drop.data_files.push_back(
      {file, parts[0], *group, CanonicalTableName(parts[2]), *log_id, parts[4]});
}

}  // namespace

ZenotiDrop ReadDrop(const connector::Listing& listing, std::string_view prefix) {
  ZenotiDrop drop;
  for (const connector::StoredFile& file : listing.files) {
    if (!StartsWith(file.path, prefix)) continue;
    const std::string_view path = std::string_view(file.path).substr(prefix.size());
    if (path.empty() || path.back() == '/') continue;  // the marker object of an empty folder
    const std::vector<std::string> parts = Split(path, '/');
    if (EqualsIgnoreCase(parts[0], "SchemaFull")) {
      ReadSchemaFile(file, parts, false, drop);
    } else if (EqualsIgnoreCase(parts[0], "SchemaUpgrade")) {
      ReadSchemaFile(file, parts, true, drop);
    } else if (!EqualsIgnoreCase(parts[0], "MonthlySnapshot")) {
      ReadDataFile(file, parts, drop);
    }
  }
  std::sort(drop.schema_files.begin(), drop.schema_files.end(),
            [](const SchemaFile& a, const SchemaFile& b) {
              if (a.upgrade != b.upgrade) return b.upgrade;
              const int release = NaturalCompare(a.release, b.release);
              if (release != 0) return release < 0;
              return std::tie(a.table, a.file.path) < std::tie(b.table, b.file.path);
            });
  std::sort(drop.data_files.begin(), drop.data_files.end(),
            [](const DataFile& a, const DataFile& b) {
              return std::tie(a.pod, a.group, a.table, a.log_id, a.name, a.file.path) <
                     std::tie(b.pod, b.group, b.table, b.log_id, b.name, b.file.path);
            });
  return drop;
}

const std::vector<std::string>& OrganizationTables() {
  static const std::vector<std::string> tables = {
      "bi_factfeedbackv2",
      "bi_factitemcommissiondeductions",
      "bi_dimagent",
      "bi_dimappointmentcategories",
      "bi_dimcampaign",
      "bi_dimcategoryproducts",
      "bi_dimcategoryservices",
      "bi_dimcustomforms",
      "bi_dimdiscount",
      "bi_dimdonations",
      "bi_dimemployeebreakcategories",
      "bi_dimemployeeschedulestatus",
      "bi_dimfactchanges",
      "bi_dimgiftcard",
      "bi_dimissuecategories",
      "bi_dimissuesource",
      "bi_dimissuesubcategories",
      "bi_dimissuetreatment",
      "bi_dimitems",
      "bi_dimloyaltypointprograms",
  };
  return tables;
}

Semantics SemanticsOf(std::string_view table) {
  if (table == "bi_factfeedbackv2" || table == "bi_factitemcommissiondeductions") {
    return Semantics::kInsertNonVoid;
  }
  if (table == "bi_dimusermembership" || StartsWith(table, "bi_fact")) {
    return Semantics::kDeleteInsert;
  }
  return Semantics::kUpdateInsert;
}

}  // namespace sluice::ingest
