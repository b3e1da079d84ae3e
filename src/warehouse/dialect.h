// How SQL of the warehouse is put together: names quoted, values bound or quoted, never pasted. The
// statements themselves are built in the `sql.cc` of the folder that needs them; what all of them
// share is here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace sluice::warehouse {

// The schema in which users' tables and the stages beside them lie.
inline constexpr std::string_view kMainSchema = "main";

using engine::QuoteName;
using engine::QuoteText;

// "main"."orders"
std::string QualifiedName(std::string_view table);

// `"a", "b"`; with `prefix` "t.": `t."a", t."b"`.
std::string NameList(std::span<const std::string> names, std::string_view prefix = "");

// `s."a" = t."a" AND s."b" = t."b"`.
std::string EqualKeys(std::span<const std::string> keys, std::string_view left,
                      std::string_view right);
// The same where NULL matches NULL.
std::string SameKeys(std::span<const std::string> keys, std::string_view left,
                     std::string_view right);

struct ColumnInfo {
  std::string name;
  std::string sql_type;
  bool operator==(const ColumnInfo&) const = default;
};
// The columns of a table or view in main, in their order; empty when it is not there.
Result<std::vector<ColumnInfo>> ColumnsOf(engine::Connection& connection, std::string_view table);
// "table", "view" or "".
Result<std::string> KindOf(engine::Connection& connection, std::string_view name);

// Versions of tables and models (`_sluice.versions`); 0 when never written. Bump needs a transaction.
Result<int64_t> VersionOf(engine::Connection& connection, std::string_view name);
Status BumpVersion(engine::Connection& connection, std::string_view name);
Status BumpVersions(engine::Connection& connection, std::span<const std::string> names);

}  // namespace sluice::warehouse
