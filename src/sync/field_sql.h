// What the fields of a sync are in SQL: the one place where mappings become expressions over the
// columns of a model, with a cast for each of the warehouse's types. Names and texts are quoted;
// only `sql:` of the project file is taken as it stands, as a model is.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "sync/payload.h"
#include "warehouse/dialect.h"

namespace sluice::sync {

struct FieldSql {
  FieldKind kind = FieldKind::kText;
  std::string expression;  // over the column, of the type that `kind` names
};

// `column` is quoted SQL; `sql_type` as the engine prints it; `timezone` (an IANA name) says what a
// naive timestamp means.
FieldSql SqlOfColumn(std::string_view column, std::string_view sql_type, std::string_view timezone);

// The columns of what stands after FROM.
Result<std::vector<warehouse::ColumnInfo>> ColumnsOfRelation(engine::Connection& connection,
                                                             const std::string& relation);

// The quoted name of a column that `option` of the sync names, at `where`. kConfig with the nearest one.
Result<std::string> FindColumn(const config::Sync& sync, const config::Location& where,
                               std::string_view option, const std::string& wanted,
                               const std::vector<warehouse::ColumnInfo>& columns);

// The type of an expression over `relation AS src`, as the engine prints it. kConfig when it is not
// one expression of a row; the message is the engine's.
Result<std::string> TypeOfExpression(engine::Connection& connection, const std::string& relation,
                                     const std::string& expression);

// What a sync sends, ready to be built and asked for.
struct FieldPlan {
  std::vector<PayloadField> fields;
  // The inputs of PayloadBuilder: for each field that is no constant its value, and behind it, when
  // it can fail to be cast, whether it does.
  std::vector<std::string> expressions;
};
// kConfig with the place of the field: a column that is not in the model, with the nearest one; an
// expression, cast or format that does not fit.
Result<FieldPlan> PlanFields(
    const config::Sync& sync, std::span<const warehouse::ColumnInfo> columns,
    const std::function<Result<std::string>(const std::string& expression)>& type_of);

// `sync` with what `map: auto` adds to its fields: each column that no field names as it stands,
// under its own name, or under that of the identifier of the destination that is written alike
// (user_id for userId). Names that begin with `_sluice` are left out.
config::Sync WithAutoFields(const config::Sync& sync,
                            std::span<const warehouse::ColumnInfo> columns,
                            std::span<const std::string> identifiers);

}  // namespace sluice::sync
