#include "pipeline/unload.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "ingest/former_content.h"
#include "ingest/rebuild.h"
#include "ingest/stage.h"
#include "pipeline/interrupt.h"
#include "pipeline/sources.h"
#include "warehouse/fence.h"

namespace sluice::pipeline {
namespace {

class Unloading {
 public:
  Unloading(Runtime& runtime, warehouse::Session& session, const UnloadRequest& request,
            const env::Cancel* cancel)
      : runtime_(runtime),
        session_(session),
        connection_(session.connection()),
        request_(request),
        cancel_(cancel),
        run_{"unload", runtime.clock().Now()} {}

  Result<UnloadReport> Run() {
    SLUICE_ASSIGN(report_.load, ingest::FindLoadToUndo(connection_, request_.load));
    const ingest::LoadToUndo& load = report_.load;
    if (!load.taken_back.empty() && !request_.again) {
      return ConfigError(fmt::format("load {} of {} was taken back already, on {}", load.load_id,
                                     load.table, load.taken_back),
                         fmt::format("To have its files read again: sluice unload {} --again "
                                     "--reason TEXT",
                                     load.load_id));
    }
    if (request_.dry_run && !report_.load.by_rebuild) return std::move(report_);
    SLUICE_TRY(runtime_.MakeStateFolder());
    auto lock = runtime_.Lock("ingest", report_.load.ingest, std::chrono::milliseconds(0), nullptr);
    if (!lock.ok()) return lock.status().WithNext("Try again when it has ended");
    SLUICE_ASSIGN(const auto fence,
                  warehouse::TakeFence(connection_, "ingest:" + report_.load.ingest));
    SLUICE_TRY(report_.load.by_rebuild ? MakeAgain(fence) : TakeRows());
    TellMoved();
    if (!request_.dry_run) SLUICE_TRY(session_.database().Checkpoint());
    return std::move(report_);
  }

 private:
  Status Undo(const ingest::LoadToUndo& load) {
    return ingest::UndoLoad(connection_, load, request_.reason, request_.again, run_);
  }

  // The next run finds moved files where they are.
  void TellMoved() {
    const config::Ingest* ingest = runtime_.project().FindIngest(report_.load.ingest);
    if (!request_.again || report_.load.moved == 0) return;
    const bool moves =
        ingest != nullptr &&
        std::any_of(ingest->tables.begin(), ingest->tables.end(), [&](const config::Table& table) {
          return table.name == report_.load.table &&
                 table.after_loading == config::Table::AfterLoading::kMove;
        });
    if (moves) return;
    report_.warnings.push_back(
        fmt::format("{} deleted after loading: have {} sent again",
                    report_.load.moved == 1 ? report_.load.files.front() + " was"
                                            : Counted(report_.load.moved, "file") + " of it were",
                    report_.load.moved == 1 ? "it" : "them"));
  }

  Status TakeRows() {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    SLUICE_TRY(Undo(report_.load));
    return transaction->Commit();
  }

  Status MakeAgain(const warehouse::Fence& fence) {
    const ingest::LoadToUndo& load = report_.load;
    const config::Ingest* ingest = runtime_.project().FindIngest(load.ingest);
    if (ingest == nullptr) {
      return NotFoundError(
          fmt::format("load {} of {} cannot be taken back: {} has to be made again from its files, "
                      "and ingest {} is not in this project",
                      load.load_id, load.table, load.table, load.ingest));
    }
    const InterruptOnCancel interrupt(connection_, cancel_);
    SLUICE_ASSIGN(const auto sources, ListSources(runtime_, *ingest, cancel_));
    if (load.former != 0) return BringBackFormer(fence, *ingest, sources);
    auto planned = ingest::PlanWithout(connection_, *ingest, sources, load,
                                       fmt::format("load {} was taken back", load.load_id),
                                       runtime_.StatePath("spool-" + ingest->name), cancel_);
    if (!planned.ok()) return planned.status().WithContext(Cannot());
    report_.files = planned->files();
    // Nothing else was loaded into it, and it has no rows of others: planning has looked.
    if (planned->loads.empty()) {
      report_.load.by_rebuild = false;
      return request_.dry_run ? Status::Ok() : TakeRows();
    }
    if (request_.dry_run) return Status::Ok();
    report::SilentReporter silent;
    const ingest::IngestContext context = ContextOf(*ingest, silent);
    SLUICE_TRY(PrepareSpool(context));
    // The table without its rows is swapped in; what is left to do is the records.
    ingest::LoadToUndo records = load;
    records.rows = 0;
    SLUICE_ASSIGN(ingest::RebuildOutcome made, ingest::RunRebuild(context, fence, run_, *planned,
                                                                  [&] { return Undo(records); }));
    SLUICE_TRY(env::RemoveTree(context.spool_folder));
    if (!made.status.ok()) return made.status.WithContext(Cannot());
    report_.warnings = std::move(made.warnings);
    return Status::Ok();
  }

  // Mode replace.
  Status BringBackFormer(const warehouse::Fence& fence, const config::Ingest& ingest,
                         const std::vector<ingest::Source>& sources) {
    auto planned = ingest::PlanFormerContent(connection_, ingest, sources, report_.load);
    if (!planned.ok()) return planned.status().WithContext(Cannot());
    report_.files = planned->files.size();
    if (request_.dry_run) return Status::Ok();
    report::SilentReporter silent;
    const ingest::IngestContext context = ContextOf(ingest, silent);
    SLUICE_TRY(PrepareSpool(context));
    ingest::LoadToUndo records = report_.load;
    records.rows = 0;  // they went with the table
    const Status done =
        ingest::BringBack(context, fence, run_, *planned, [&] { return Undo(records); });
    SLUICE_TRY(env::RemoveTree(context.spool_folder));
    report_.warnings = std::move(planned->warnings);
    return done.ok() ? done : done.WithContext(Cannot());
  }

  ingest::IngestContext ContextOf(const config::Ingest& ingest, report::Reporter& reporter) {
    return {ingest,
            session_,
            runtime_.stage_functions(),
            reporter,
            runtime_.clock(),
            cancel_,
            runtime_.StatePath("spool-" + ingest.name),
            "unload"};
  }

  Status PrepareSpool(const ingest::IngestContext& context) {
    SLUICE_TRY(ingest::DropStaleStages(connection_));
    SLUICE_TRY(env::RemoveTree(context.spool_folder));
    return env::CreateDirectories(context.spool_folder, 0700);
  }

  std::string Cannot() const {
    return fmt::format("load {} of {} cannot be taken back", report_.load.load_id,
                       report_.load.table);
  }

  Runtime& runtime_;
  warehouse::Session& session_;
  engine::Connection& connection_;
  const UnloadRequest& request_;
  const env::Cancel* cancel_;
  const quality::RunInfo run_;
  UnloadReport report_;
};

}  // namespace

Result<UnloadReport> UnloadLoad(Runtime& runtime, warehouse::Session& session,
                                const UnloadRequest& request, const env::Cancel* cancel) {
  return Unloading(runtime, session, request, cancel).Run();
}

}  // namespace sluice::pipeline
