// How the columns of a model get into the payload builder: a cast for each of the warehouse's
// types.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/project.h"
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

// What a sync sends, ready to be built and asked for.
struct FieldPlan {
  std::vector<PayloadField> fields;
  std::vector<std::string> expressions;  // one for each field that is no constant
};
// kConfig with the place of the field, and the nearest column, when a column is not in the model.
Result<FieldPlan> PlanFields(const config::Sync& sync,
                             std::span<const warehouse::ColumnInfo> columns);

}  // namespace sluice::sync
