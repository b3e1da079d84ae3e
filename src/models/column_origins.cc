#include "models/column_origins.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "warehouse/dialect.h"

namespace sluice::models {
namespace {

using Json = nlohmann::json;
using Columns = std::vector<ColumnOrigin>;  // of a step of the plan; names stay empty

// Deeper is no statement that people write; steps are followed by recursion.
constexpr int kDeepest = 500;

template <size_t n>
bool IsOneOf(std::string_view name, const std::array<std::string_view, n>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& PartOf(const Json& object, const char* name) {
  static const Json none = Json::array();
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

size_t IndexOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<size_t>() : SIZE_MAX;
}

// Both at the same place: the rows of either come out there.
void Merge(ColumnOrigin& to, const ColumnOrigin& from) {
  to.same.insert(from.same.begin(), from.same.end());
  to.made_of.insert(from.made_of.begin(), from.made_of.end());
}

void Derive(ColumnOrigin& to, const ColumnOrigin& from) {
  to.made_of.insert(from.same.begin(), from.same.end());
  to.made_of.insert(from.made_of.begin(), from.made_of.end());
}

constexpr std::array<std::string_view, 8> kKeepValue = {"lower", "upper", "lcase", "ucase",
                                                        "trim",  "ltrim", "rtrim", "nullif"};
constexpr std::array<std::string_view, 12> kPickValue = {
    "any_value", "arbitrary", "first",  "last",   "max",  "min",
    "arg_max",   "arg_min",   "max_by", "min_by", "mode", "argmax"};
constexpr std::array<std::string_view, 8> kTellNumber = {
    "count", "count_star", "sum", "avg", "approx_count_distinct", "bool_or", "bool_and", "countif"};
constexpr std::array<std::string_view, 5> kPickWindow = {
    "WINDOW_FIRST_VALUE", "WINDOW_LAST_VALUE", "WINDOW_NTH_VALUE", "WINDOW_LEAD", "WINDOW_LAG"};

// What an expression over the columns of a step shows.
ColumnOrigin Shown(const Json& expression, const Columns& in, int depth = 0);

ColumnOrigin MadeOfAll(const Json& expression, const Columns& in, int depth) {
  ColumnOrigin origin;
  if (depth > kDeepest) return origin;
  if (expression.is_object() && expression.contains("expression_class")) {
    Derive(origin, Shown(expression, in, depth + 1));
  } else if (expression.is_structured()) {
    for (const Json& part : expression) Derive(origin, MadeOfAll(part, in, depth + 1));
  }
  return origin;
}

ColumnOrigin MadeOfParts(const Json& expression, const Columns& in, int depth) {
  ColumnOrigin origin;
  for (const Json& part : expression) Derive(origin, MadeOfAll(part, in, depth + 1));
  return origin;
}

ColumnOrigin FirstOf(const Json& expression, const Columns& in, int depth) {
  const Json& children = PartOf(expression, "children");
  return children.empty() ? ColumnOrigin() : Shown(children[0], in, depth + 1);
}

ColumnOrigin ShownByCase(const Json& expression, const Columns& in, int depth) {
  ColumnOrigin origin;
  for (const Json& check : PartOf(expression, "case_checks")) {
    Merge(origin, Shown(PartOf(check, "then_expr"), in, depth + 1));
  }
  Merge(origin, Shown(PartOf(expression, "else_expr"), in, depth + 1));
  return origin;
}

ColumnOrigin Shown(const Json& expression, const Columns& in, int depth) {
  const std::string kind = TextOf(expression, "expression_class");
  const std::string type = TextOf(expression, "type");
  const std::string name = TextOf(expression, "name");
  if (depth > kDeepest || kind == "BOUND_CONSTANT" || kind == "BOUND_COMPARISON" ||
      kind == "BOUND_CONJUNCTION" || kind == "BOUND_BETWEEN") {
    return {};
  }
  if (kind == "BOUND_REF") {
    const size_t index = IndexOf(expression, "index");
    return index < in.size() ? in[index] : ColumnOrigin();
  }
  if (kind == "BOUND_CAST") return Shown(PartOf(expression, "child"), in, depth + 1);
  if (kind == "BOUND_CASE") return ShownByCase(expression, in, depth);
  if (kind == "BOUND_FUNCTION" && IsOneOf(name, kKeepValue)) return FirstOf(expression, in, depth);
  if (kind == "BOUND_OPERATOR") {
    if (type != "OPERATOR_COALESCE" && type != "OPERATOR_NULLIF") return {};
    ColumnOrigin origin;
    for (const Json& part : PartOf(expression, "children")) {
      Merge(origin, Shown(part, in, depth + 1));
    }
    return origin;
  }
  if (kind == "BOUND_AGGREGATE" || type == "WINDOW_AGGREGATE") {
    if (IsOneOf(name, kPickValue)) return FirstOf(expression, in, depth);
    if (IsOneOf(name, kTellNumber)) return {};
    return MadeOfParts(PartOf(expression, "children"), in, depth);
  }
  if (kind == "BOUND_WINDOW") {
    return IsOneOf(type, kPickWindow) ? FirstOf(expression, in, depth) : ColumnOrigin();
  }
  return MadeOfParts(expression, in, depth);
}

class Plan {
 public:
  explicit Plan(std::string database) : database_(std::move(database)) {}

  // Nothing: a step is not known.
  std::optional<Columns> Of(const Json& step, int depth = 0) {
    if (depth > kDeepest) return std::nullopt;
    const std::string type = TextOf(step, "type");
    if (type == "LOGICAL_GET") return OfGet(step);
    if (type == "LOGICAL_DUMMY_SCAN") return Columns(1);
    if (type == "LOGICAL_CTE_REF") return OfCteRef(step);
    if (type == "LOGICAL_DELIM_GET") {
      return delims_.empty() ? std::nullopt : std::optional<Columns>(delims_.back());
    }
    const Json& children = PartOf(step, "children");
    if (children.empty()) return std::nullopt;
    if (type == "LOGICAL_MATERIALIZED_CTE" || type == "LOGICAL_RECURSIVE_CTE") {
      return OfCte(step, children, depth);
    }
    auto first = Of(children[0], depth + 1);
    if (!first) return std::nullopt;
    if (type == "LOGICAL_DELIM_JOIN") delims_.push_back(DelimsOf(step, *first));
    std::optional<Columns> second;
    if (children.size() > 1) {
      second = Of(children[1], depth + 1);
      if (type == "LOGICAL_DELIM_JOIN") delims_.pop_back();
      if (!second) return std::nullopt;
      return OfTwo(type, step, std::move(*first), *second);
    }
    return OfOne(type, step, std::move(*first));
  }

 private:
  std::optional<Columns> OfGet(const Json& get) const {
    const Json& names = PartOf(get, "names");
    const Json& data = PartOf(get, "function_data");
    const bool is_table = TextOf(get, "name") == "seq_scan" && data.is_object();
    // Another database, or a function that makes rows: nobody whom the project knows.
    const bool ours = is_table && TextOf(data, "schema") == warehouse::kMainSchema &&
                      TextOf(data, "catalog") == database_;
    if (!PartOf(get, "projection_ids").empty()) return std::nullopt;
    Columns columns;
    for (const Json& index : PartOf(get, "column_indexes")) {
      ColumnOrigin& column = columns.emplace_back();
      const size_t at = IndexOf(index, "index");
      if (ours && at < names.size()) {
        column.same.insert({Lower(TextOf(data, "table")), Lower(names[at].get<std::string>())});
      }
    }
    return columns;
  }

  std::optional<Columns> OfCteRef(const Json& ref) const {
    const auto found = ctes_.find(IndexOf(ref, "cte_index"));
    return found == ctes_.end() ? std::nullopt : std::optional<Columns>(found->second);
  }

  // Of a recursive one the rows of the second part come out too, and go in again.
  std::optional<Columns> OfCte(const Json& step, const Json& children, int depth) {
    if (children.size() != 2) return std::nullopt;
    auto first = Of(children[0], depth + 1);
    if (!first) return std::nullopt;
    const size_t index = IndexOf(step, "table_index");
    ctes_[index] = *first;
    if (TextOf(step, "type") == "LOGICAL_MATERIALIZED_CTE") return Of(children[1], depth + 1);
    for (int round = 0; round < 2; ++round) {
      const auto again = Of(children[1], depth + 1);
      if (!again || again->size() != first->size()) return std::nullopt;
      for (size_t i = 0; i < first->size(); ++i) Merge((*first)[i], (*again)[i]);
      ctes_[index] = *first;
    }
    return first;
  }

  static Columns DelimsOf(const Json& join, const Columns& left) {
    Columns columns;
    for (const Json& column : PartOf(join, "duplicate_eliminated_columns")) {
      columns.push_back(Shown(column, left));
    }
    return columns;
  }

  static std::optional<Columns> OfTwo(const std::string& type, const Json& step, Columns left,
                                      const Columns& right) {
    if (type == "LOGICAL_UNION" || type == "LOGICAL_EXCEPT" || type == "LOGICAL_INTERSECT") {
      if (left.size() != right.size()) return std::nullopt;
      if (type == "LOGICAL_UNION") {
        for (size_t i = 0; i < left.size(); ++i) Merge(left[i], right[i]);
      }
      return left;
    }
    constexpr std::array<std::string_view, 7> kJoins = {
        "LOGICAL_COMPARISON_JOIN", "LOGICAL_DELIM_JOIN",    "LOGICAL_ASOF_JOIN",
        "LOGICAL_ANY_JOIN",        "LOGICAL_CROSS_PRODUCT", "LOGICAL_POSITIONAL_JOIN",
        "LOGICAL_DEPENDENT_JOIN"};
    if (!IsOneOf(type, kJoins)) return std::nullopt;
    for (const char* map : {"left_projection_map", "right_projection_map"}) {
      if (!PartOf(step, map).empty()) return std::nullopt;
    }
    const std::string join = TextOf(step, "join_type");
    if (join == "SEMI" || join == "ANTI") return left;
    if (join == "RIGHT_SEMI" || join == "RIGHT_ANTI") return right;
    if (join == "MARK") {
      left.emplace_back();
    } else {
      left.insert(left.end(), right.begin(), right.end());
    }
    return left;
  }

  static std::optional<Columns> OfOne(const std::string& type, const Json& step, Columns in) {
    constexpr std::array<std::string_view, 6> kSameColumns = {
        "LOGICAL_FILTER", "LOGICAL_ORDER_BY", "LOGICAL_LIMIT",
        "LOGICAL_TOP_N",  "LOGICAL_DISTINCT", "LOGICAL_SAMPLE"};
    if (IsOneOf(type, kSameColumns)) {
      const bool mapped =
          !PartOf(step, "projection_map").empty() || !PartOf(step, "projections").empty();
      return mapped ? std::nullopt : std::optional<Columns>(std::move(in));
    }
    const Json& expressions = PartOf(step, "expressions");
    Columns out;
    if (type == "LOGICAL_PROJECTION") {
      for (const Json& expression : expressions) out.push_back(Shown(expression, in));
      return out;
    }
    if (type == "LOGICAL_AGGREGATE_AND_GROUP_BY") {
      for (const Json& group : PartOf(step, "groups")) out.push_back(Shown(group, in));
      for (const Json& expression : expressions) out.push_back(Shown(expression, in));
      out.resize(out.size() + PartOf(step, "grouping_functions").size());
      return out;
    }
    if (type == "LOGICAL_WINDOW" || type == "LOGICAL_UNNEST") {
      out = in;
      for (const Json& expression : expressions) out.push_back(Shown(expression, in));
      return out;
    }
    if (type == "LOGICAL_EXPRESSION_GET") {
      for (const Json& row : expressions) {
        if (out.size() < row.size()) out.resize(row.size());
        for (size_t i = 0; i < row.size(); ++i) Merge(out[i], Shown(row[i], in));
      }
      return out;
    }
    return std::nullopt;
  }

  const std::string database_;
  std::map<size_t, Columns> ctes_;
  std::vector<Columns> delims_;  // of the joins that are open, innermost last
};

}  // namespace

Result<std::vector<ColumnOrigin>> OriginsOf(engine::Connection& connection,
                                            const std::string& sql) {
  SLUICE_ASSIGN(const auto described,
                connection.Query(fmt::format("SELECT * FROM ({}\n) LIMIT 0", sql)));
  SLUICE_ASSIGN(const auto rows, connection.Rows("SELECT json_serialize_plan(CAST($1 AS VARCHAR)), "
                                                 "current_database()",
                                                 {sql}));
  const Json plan = Json::parse(engine::ToText(rows[0][0]), nullptr, false);
  const Json& plans = PartOf(plan, "plans");
  std::optional<Columns> columns;
  if (!plan.is_discarded() && !plan.value("error", true) && plans.size() == 1) {
    columns = Plan(engine::ToText(rows[0][1])).Of(plans[0]);
  }
  if (!columns || columns->size() != described.columns().size()) {
    return NotFoundError("the plan does not tell where columns come from");
  }
  for (size_t i = 0; i < columns->size(); ++i) {
    (*columns)[i].name = Lower(described.columns()[i].name);
  }
  return std::move(*columns);
}

}  // namespace sluice::models
