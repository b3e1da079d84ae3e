#include "models/build.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "models/dependencies.h"
#include "models/model_sql.h"
#include "quality/holds.h"
#include "warehouse/dialect.h"

namespace sluice::models {
namespace {

using warehouse::QualifiedName;
using warehouse::QuoteName;

std::string StageOf(const config::Model& model) {
  return "_sluice_stage_model_" + model.name;
}

class Builder {
 public:
  Builder(const BuildContext& context, const ModelNode& node)
      : context_(context),
        connection_(context.connection),
        node_(node),
        model_(*node.model),
        is_relation_(model_.kind == config::Model::Kind::kRelation) {}

  Result<BuildResult> Run() {
    if (!is_relation_) sql_ = RenderedSql(node_);
    auto prepared = Prepare();
    if (prepared.ok()) prepared = CheckColumns();
    if (prepared.code() == Code::kConfig || prepared.code() == Code::kCancelled) return prepared;
    if (!prepared.ok()) return Failed(prepared);
    SLUICE_ASSIGN(const bool current, IsCurrent());
    if (current) {
      result_.outcome = "unchanged";
      return std::move(result_);
    }
    const Status built = Build();
    if (built.code() == Code::kCancelled) return built;
    if (!built.ok()) return Failed(built);
    return std::move(result_);
  }

 private:
  Result<BuildResult> Failed(const Status& status) {
    result_.outcome = "failed";
    result_.message = is_relation_ || status.code() != Code::kFailed
                          ? fmt::format("{}: {}", PlaceOf(model_).ToString(), status.ToString())
                          : OfSql(status.message());
    return std::move(result_);
  }

  // The engine's message for the place in the user's own text.
  std::string OfSql(const std::string& message) const {
    const auto [where, error] = PlaceError(node_, message);
    if (node_.inputs.count(error.missing_table) == 0) {
      return fmt::format("{}: {}", where.ToString(), error.text);
    }
    return fmt::format("{}: table {} is not loaded yet; next: sluice run +{}", where.ToString(),
                       error.missing_table, model_.name);
  }

  Status Prepare() {
    if (is_relation_) {
      SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection_, Lower(model_.relation)));
      if (kind.empty()) {
        return NotFoundError(fmt::format("there is no table or view {}", model_.relation));
      }
    }
    SLUICE_ASSIGN(auto read, DependenciesOf(connection_, is_relation_ ? SelectAll(model_) : sql_));
    inputs_ = std::move(read.versions);
    reads_ = std::move(read.names);
    return Status::Ok();
  }

  // A check on a column that the model does not have is a slip in the project file: there is nothing
  // to hold, and nothing that anybody could decide.
  Status CheckColumns() {
    const bool any = std::any_of(model_.checks.begin(), model_.checks.end(),
                                 [](const config::Check& check) { return !check.columns.empty(); });
    if (!any) return Status::Ok();
    const std::string relation =
        is_relation_ ? QualifiedName(Lower(model_.relation)) : fmt::format("({}\n)", sql_);
    SLUICE_ASSIGN(const auto described,
                  connection_.Query(fmt::format("SELECT * FROM {} LIMIT 0", relation)));
    for (const engine::Column& column : described.columns()) columns_.push_back(Lower(column.name));
    const std::vector<std::string> problems = UnknownCheckColumns(model_, columns_);
    return problems.empty() ? Status::Ok() : ConfigError(Join(problems, "; "));
  }

  Result<bool> IsCurrent() {
    // Then whether its rows changed cannot be known: it asks the clock, or nobody here loads them.
    if (inputs_.empty()) return false;
    SLUICE_ASSIGN(const auto rows,
                  connection_.Rows("SELECT sql_digest, inputs, materialized FROM _sluice.models "
                                   "WHERE name = $1",
                                   {model_.name}));
    if (rows.empty()) return false;
    if (is_relation_) return engine::ToText(rows[0][1]) == inputs_;
    SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection_, model_.name));
    return engine::ToText(rows[0][0]) == SqlDigest(model_) &&
           engine::ToText(rows[0][1]) == inputs_ && kind == Materialized();
  }

  std::string Materialized() const {
    if (is_relation_) return "relation";
    return model_.as_table ? "table" : "view";
  }

  Status Build() {
    std::string relation =
        is_relation_ ? QualifiedName(Lower(model_.relation)) : fmt::format("({}\n)", sql_);
    std::string stage;
    if (model_.as_table && !is_relation_) {
      stage = StageOf(model_);
      SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
      SLUICE_TRY(Run("DROP TABLE IF EXISTS " + QualifiedName(stage)));
      SLUICE_TRY(Run(fmt::format("CREATE TABLE {} AS {}", QualifiedName(stage), sql_)));
      // The engine does not count the rows of this statement.
      SLUICE_ASSIGN(const auto rows,
                    connection_.Scalar("SELECT count(*) FROM " + QualifiedName(stage)));
      result_.rows = engine::ToInt(rows);
      SLUICE_TRY(transaction->Commit());
      relation = QualifiedName(stage);
    }
    SLUICE_TRY(Check(relation));
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    SLUICE_TRY(RecordChecks());
    if (!failures_.empty()) {
      SLUICE_TRY(Hold(stage));
      return transaction->Commit();
    }
    SLUICE_TRY(Publish(stage));
    SLUICE_TRY(transaction->Commit());
    result_.outcome = "done";
    return Status::Ok();
  }

  Status Check(const std::string& relation) {
    if (model_.checks.empty()) return Status::Ok();
    quality::Subject subject;
    subject.name = model_.name;
    subject.relation = relation;
    subject.columns = columns_;
    for (const config::Check& check : model_.checks) {
      if (check.kind == config::Check::Kind::kVolume) {
        SLUICE_ASSIGN(auto volume, CheckVolume(check, relation));
        results_.push_back(std::move(volume));
      } else {
        SLUICE_ASSIGN(auto result, quality::RunColumnCheck(connection_, check, subject));
        results_.push_back(std::move(result));
      }
      const quality::CheckResult& last = results_.back();
      if (last.outcome == quality::Outcome::kPass) continue;
      const std::string text = fmt::format("{}: {}", last.check, last.message);
      if (last.outcome == quality::Outcome::kFail) {
        failures_.push_back(text);
      } else if (last.outcome == quality::Outcome::kNotEnoughHistory) {
        // Later builds have nothing new to say of it.
        if (last.history == 0) {
          result_.warnings.push_back(
              fmt::format("{}: {}: not enough history yet to judge", model_.name, last.check));
        }
      } else {
        result_.warnings.push_back(fmt::format("{}: {}", model_.name, text));
      }
    }
    return Status::Ok();
  }

  // The rows of a model against those of its earlier builds.
  Result<quality::CheckResult> CheckVolume(const config::Check& check,
                                           const std::string& relation) {
    SLUICE_ASSIGN(const auto rows,
                  connection_.Scalar(fmt::format("SELECT count(*) FROM {}", relation)));
    SLUICE_ASSIGN(
        const auto past,
        connection_.Rows("SELECT measured FROM _sluice.check_results WHERE owner = $1 AND "
                         "check_name = $2 AND outcome IN ('pass', 'not_enough_history') "
                         "ORDER BY checked_at DESC LIMIT $3",
                         {model_.name, check.Name(), int64_t{check.volume.last}}));
    std::vector<double> history;
    for (const auto& row : past) {
      if (const auto* n = std::get_if<double>(&row[0])) history.push_back(*n);
    }
    return quality::CompareVolume(check, static_cast<double>(engine::ToInt(rows)), history,
                                  model_.name);
  }

  Status RecordChecks() {
    for (const quality::CheckResult& result : results_) {
      SLUICE_TRY(quality::RecordCheck(connection_, {model_.name, model_.name, "", 0}, result,
                                      {context_.run_id, context_.clock.Now()}));
    }
    return Status::Ok();
  }

  Status Hold(const std::string& stage) {
    quality::NewHold hold;
    hold.kind = "model";
    hold.owner = model_.name;
    hold.table = model_.name;
    hold.stage = stage;
    hold.message = Join(failures_, "; ");
    std::vector<std::string> names;
    for (const quality::CheckResult& check : results_) {
      if (check.outcome == quality::Outcome::kFail) names.push_back(check.check);
    }
    hold.check = Join(names, ", ");
    SLUICE_ASSIGN(result_.hold_id,
                  quality::WriteHold(connection_, hold, {context_.run_id, context_.clock.Now()}));
    result_.outcome = "held";
    result_.message = hold.message;
    return Status::Ok();
  }

 public:
  Status PreparedPublish(const std::string& stage) {
    if (!is_relation_) sql_ = RenderedSql(node_);
    SLUICE_TRY(Prepare());
    return Publish(stage);
  }
  Result<ModelState> Look() {
    if (!is_relation_) sql_ = RenderedSql(node_);
    SLUICE_TRY(Prepare());
    SLUICE_TRY(CheckColumns());
    SLUICE_ASSIGN(const bool current, IsCurrent());
    return ModelState{current, std::move(reads_)};
  }
  Status PreparedSkip() {
    if (!is_relation_) sql_ = RenderedSql(node_);
    SLUICE_TRY(Prepare());
    return Record();
  }

 private:
  Status Publish(const std::string& stage) {
    if (!is_relation_) {
      SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection_, model_.name));
      const std::string name = QualifiedName(model_.name);
      if (!stage.empty()) {
        if (!kind.empty()) SLUICE_TRY(Run(fmt::format("DROP {} {}", kind, name)));
        SLUICE_TRY(Run(fmt::format("ALTER TABLE {} RENAME TO {}", QualifiedName(stage),
                                   QuoteName(model_.name))));
      } else {
        if (kind == "table") SLUICE_TRY(Run("DROP TABLE " + name));
        SLUICE_TRY(Run(fmt::format("CREATE OR REPLACE VIEW {} AS {}", name, sql_)));
      }
    }
    SLUICE_TRY(Record());
    return warehouse::BumpVersion(connection_, VersionName(model_));
  }

  Status Record() {
    SLUICE_ASSIGN(const int64_t version, warehouse::VersionOf(connection_, VersionName(model_)));
    SLUICE_TRY(
        connection_.Execute("DELETE FROM _sluice.models WHERE name = $1", {model_.name}).status());
    return connection_
        .Execute("INSERT INTO _sluice.models VALUES ($1, $2, $3, $4, $5, $6, $7, $8::TIMESTAMP)",
                 {model_.name, Materialized(), SqlDigest(model_), inputs_, version + 1,
                  result_.rows, context_.run_id, env::FormatUtc(context_.clock.Now(), true)})
        .status();
  }

  // A relation may have the name of its table, whose version is its own.
  static std::string VersionName(const config::Model& model) {
    return model.kind == config::Model::Kind::kRelation ? "model:" + model.name : model.name;
  }

  Status Run(const std::string& sql) { return connection_.Execute(sql).status(); }

  const BuildContext& context_;
  engine::Connection& connection_;
  const ModelNode& node_;
  const config::Model& model_;
  const bool is_relation_;
  std::string sql_;
  std::string inputs_;
  std::set<std::string> reads_;
  std::vector<std::string> columns_;  // lower-cased, where checks name some
  std::vector<quality::CheckResult> results_;
  std::vector<std::string> failures_;
  BuildResult result_;
};

}  // namespace

Result<BuildResult> BuildModel(const BuildContext& context, const ModelNode& node) {
  return Builder(context, node).Run();
}

Result<ModelState> LookAtModel(const BuildContext& context, const ModelNode& node) {
  return Builder(context, node).Look();
}

Status PublishHeldModel(const BuildContext& context, const ModelNode& node,
                        const std::string& stage) {
  return Builder(context, node).PreparedPublish(stage);
}

Status SkipHeldModel(const BuildContext& context, const ModelNode& node) {
  return Builder(context, node).PreparedSkip();
}

std::string SelectAll(const config::Model& model) {
  return "SELECT * FROM " + QualifiedName(RelationOf(model));
}

std::string RelationOf(const config::Model& model) {
  return model.kind == config::Model::Kind::kRelation ? Lower(model.relation) : model.name;
}

std::string SqlDigest(const config::Model& model) {
  const std::string text =
      model.kind == config::Model::Kind::kRelation ? "relation " + model.relation : model.sql;
  return HashOf(text).Hex();
}

}  // namespace sluice::models
