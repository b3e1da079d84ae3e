// What a run of an ingest would do: the ledger, what the stores hold, and the layout's planner.
#include <fmt/format.h>

#include "base/text.h"
#include "ingest/ddl.h"
#include "ingest/existing_table.h"
#include "ingest/ingest_runner.h"
#include "ingest/late_files.h"
#include "ingest/ledger.h"
#include "ingest/moved_files.h"
#include "ingest/other_names.h"
#include "ingest/plan_changed.h"
#include "ingest/plan_late.h"
#include "ingest/plan_restore.h"
#include "ingest/schema_catalog.h"
#include "ingest/unmatched_files.h"
#include "ingest/zenoti_drop.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

// The plan of layout zenoti; writes what is new of the schema files when `write`.
Result<IngestPlan> PlanDrop(const IngestContext& context, const std::vector<Source>& sources,
                            const LedgerState& ledger, bool write, const RestoreRequest* restore) {
  engine::Connection& connection = context.session.connection();
  SLUICE_ASSIGN(SchemaCatalog catalog, SchemaCatalog::Load(connection, context.ingest.name));
  std::vector<std::string> notes;
  for (const Source& source : sources) {
    const ZenotiDrop drop = ReadDrop(source.listing, context.ingest.prefix);
    SLUICE_TRY(catalog.Update(source.connection, *source.store, drop.schema_files, &notes,
                              context.cancel));
  }
  if (write && catalog.has_news()) {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
    SLUICE_TRY(catalog.Save(connection, context.ingest.name, context.clock.Now()));
    SLUICE_TRY(transaction->Commit());
  }
  if (restore != nullptr) {
    SLUICE_ASSIGN(IngestPlan plan, PlanRestore(connection, context.ingest, sources, catalog, ledger,
                                               *restore, context.clock.Now()));
    plan.notes.insert(plan.notes.begin(), notes.begin(), notes.end());
    return plan;
  }
  SLUICE_ASSIGN(IngestPlan plan,
                PlanZenoti(context.ingest, sources, catalog, ledger, context.clock.Now()));
  SLUICE_TRY(PlanLate(connection, context.ingest, sources, catalog, ledger, plan));
  plan.notes.insert(plan.notes.begin(), notes.begin(), notes.end());
  return plan;
}

Result<IngestPlan> PlanInbox(const IngestContext& context, const std::vector<Source>& sources,
                             const LedgerState& ledger, bool write) {
  SLUICE_ASSIGN(IngestPlan plan,
                PlanFiles(context.ingest, sources, ledger, context.clock.Now(), context.cancel));
  engine::Connection& connection = context.session.connection();
  SLUICE_TRY(PlanChanged(connection, context.ingest, sources, ledger, plan));
  SLUICE_TRY(
      PlanMovedFiles(connection, context.ingest, sources, ledger, write, context.cancel, plan));
  return plan;
}

// Somebody dropped a table: what the ledger has of it is not read again, and nobody else would say so.
Status TellDropped(engine::Connection& connection, const config::Ingest& ingest,
                   const LedgerState& ledger, IngestPlan& plan) {
  for (const config::Table& table : ingest.tables) {
    const std::string name = ingest.layout == "files" ? table.name : CanonicalTableName(table.name);
    if (ledger.fed.count(name) == 0 || ledger.tables.count(name) > 0) continue;
    SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection, name));
    if (!kind.empty()) continue;
    SLUICE_ASSIGN(const auto files,
                  connection.Scalar("SELECT count(*) FROM _sluice.files WHERE ingest = $1 AND "
                                    "table_name = $2 AND state = 'loaded'",
                                    {ingest.name, name}));
    if (engine::ToInt(files) == 0) continue;
    plan.notes.push_back(fmt::format(
        "{0}.{1}: the table was dropped, and the ledger says that {2} of it {3} loaded: not read "
        "again by {4}. To have them read again type sluice unload LOAD --again for each of its "
        "loads (sluice query \"SELECT load_id FROM _sluice.loads WHERE table_name = '{1}' AND "
        "unloaded_at IS NULL\"); or put a backup back",
        ingest.name, name, Counted(static_cast<uint64_t>(engine::ToInt(files)), "file"),
        engine::ToInt(files) == 1 ? "is" : "are",
        engine::ToInt(files) == 1 ? "itself" : "themselves"));
  }
  return Status::Ok();
}

}  // namespace

Result<IngestPlan> PlanIngest(const IngestContext& context, const std::vector<Source>& sources,
                              bool write, const RestoreRequest* restore) {
  engine::Connection& connection = context.session.connection();
  if (restore != nullptr && context.ingest.layout != "zenoti") {
    return ConfigError(
        fmt::format("{} has the layout {}: only drops of Zenoti have snapshots of months",
                    context.ingest.name, context.ingest.layout));
  }
  SLUICE_ASSIGN(LedgerState ledger, ReadLedger(connection, context.ingest, sources));
  SLUICE_TRY(RecogniseRetagged(connection, context.ingest.name, sources, context.spool_folder,
                               context.cancel, write, ledger));
  SLUICE_ASSIGN(IngestPlan plan, context.ingest.layout == "files"
                                     ? PlanInbox(context, sources, ledger, write)
                                     : PlanDrop(context, sources, ledger, write, restore));
  for (const Source& source : sources) {
    const std::vector<std::string> told = source.store->TakeNotes();
    plan.notes.insert(plan.notes.begin(), told.begin(), told.end());
  }
  if (context.project != nullptr && restore == nullptr) {
    SLUICE_TRY(HoldKnownElsewhere(connection, *context.project, context.ingest, !write, plan));
    SLUICE_ASSIGN(plan.unmatched,
                  FindUnmatched(*context.project, context.ingest, sources, context.clock.Now()));
  }
  SLUICE_TRY(TellDropped(connection, context.ingest, ledger, plan));
  SLUICE_TRY(CompareWithTables(connection, context.ingest, plan));
  return plan;
}

}  // namespace sluice::ingest
