#include "pipeline/sync_audit.h"

#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "connector/container.h"
#include "connector/exporting.h"
#include "connector/lookup.h"
#include "connector/untold.h"
#include "env/file.h"
#include "pipeline/sync_container.h"
#include "pipeline/sync_state.h"
#include "sync/decisions.h"
#include "sync/recover.h"
#include "sync/spool.h"
#include "sync/target.h"
#include "warehouse/fence.h"

namespace sluice::pipeline {
namespace {

class Audit {
 public:
  Audit(Runtime& runtime, const AuditJob& job, const env::Cancel* cancel)
      : runtime_(runtime),
        job_(job),
        sync_(*runtime.project().FindSync(job.sync)),
        cancel_(cancel) {}

  Result<AuditReport> Run(const std::function<void(const AuditReport&)>& show) {
    SLUICE_ASSIGN(connector::Destination * destination, runtime_.DestinationOf(sync_));
    connector::Lookup* lookup = connector::LookupOf(*destination);
    connector::Exporting* exporting = connector::ExportingOf(*destination);
    if (lookup == nullptr && exporting == nullptr) return CannotBeAsked(*destination);
    if (job_.everything && exporting == nullptr) return GivesNoExport(*destination);
    SLUICE_TRY(runtime_.MakeStateFolder());
    std::optional<env::FileLock> lock;
    if (job_.repair) {
      SLUICE_ASSIGN(auto taken,
                    runtime_.Lock("sync", sync_.name, std::chrono::seconds(0), cancel_));
      lock.emplace(std::move(taken));
    }
    SLUICE_TRY(Read(*destination));
    if (job_.everything) {
      SLUICE_TRY(CompareAll(*exporting));
    } else {
      SLUICE_ASSIGN(report_.findings, sync::CompareDelivered(*lookup, rows_, runtime_.clock(),
                                                             Terms(*lookup), report_.questions));
      report_.differing = report_.findings.size();
    }
    Count(*destination);
    show(report_);
    if (job_.repair && !report_.findings.empty()) SLUICE_TRY(Repair());
    return std::move(report_);
  }

 private:
  Status CannotBeAsked(const connector::Destination& destination) const {
    const connector::Untold* untold = connector::UntoldOf(destination);
    return ConfigError(fmt::format("{}: {} cannot be asked what it holds of the object {}{}",
                                   sync_.where.ToString(), destination.Describe(), sync_.object,
                                   untold == nullptr ? "" : ": " + untold->WhyUntold()));
  }

  Status GivesNoExport(const connector::Destination& destination) const {
    return ConfigError(fmt::format("{}: {} gives no export of the object {}",
                                   sync_.where.ToString(), destination.Describe(), sync_.object),
                       "Look for some of the rows: --sample N");
  }

  // What the destination gives goes into a file first: it takes as long as it takes.
  Status CompareAll(connector::Exporting& exporting) {
    const std::string folder = runtime_.StatePath("spool-audit-" + sync_.name);
    SLUICE_TRY(env::RemoveTree(folder));
    SLUICE_TRY(env::CreateDirectories(folder, 0700));
    Status compared = Export(exporting, env::JoinPath(folder, "export"));
    const Status removed = env::RemoveTree(folder);
    return compared.ok() ? removed : compared;
  }

  Status Export(connector::Exporting& exporting, const std::string& path) {
    SLUICE_ASSIGN(auto file, sync::SpoolWriter::Create(path));
    sync::SpoolRow row;
    SLUICE_TRY(exporting.Export(
        [&](std::string_view identity, std::string_view held) {
          row.identity = identity;
          row.payload = held;
          return file.Add(row);
        },
        cancel_));
    SLUICE_TRY(file.Finish().status());
    report_.questions = 1;
    report_.looked = report_.delivered;
    SLUICE_ASSIGN(const auto session, Open());
    SLUICE_ASSIGN(auto comparison,
                  sync::CompareExport(session->connection(), sync_.name, path, exporting));
    report_.findings = std::move(comparison.findings);
    report_.differing = comparison.differing;
    report_.others = comparison.others;
    return Status::Ok();
  }

  // How many there are says nothing about single rows, and may be counted late: it is told beside them.
  void Count(connector::Destination& destination) {
    connector::Container* container = connector::ContainerOf(destination);
    if (container == nullptr || container->Id().empty()) return;
    const auto size = container->Size(cancel_);
    report_.holds = size.ok() ? fmt::format("{} holds {} by its own count", container->Name(),
                                            Counted(size.value(), destination.capabilities().noun))
                              : fmt::format("how many {} holds could not be asked: {}",
                                            container->Name(), size.status().message());
  }

  Result<std::unique_ptr<warehouse::Session>> Open() {
    return runtime_.warehouse().Open(false, kRunWaitsForWarehouse, cancel_);
  }

  sync::LookupOptions Terms(connector::Lookup& lookup) {
    sync::LookupOptions options;
    options.limiter = runtime_.LookupLimiterOf(sync_.to, lookup);
    options.cancel = cancel_;
    options.priority = sync_.priority;
    return options;
  }

  Status Read(connector::Destination& destination) {
    SLUICE_ASSIGN(const ContainerNote note, LookAtContainer(runtime_, sync_, cancel_));
    const std::string target =
        note.target.empty() ? TargetOf(runtime_, sync_, destination) : note.target;
    SLUICE_ASSIGN(const auto session, Open());
    engine::Connection& connection = session->connection();
    SLUICE_TRY(sync::CheckTarget(connection, sync_.name, target));
    SLUICE_TRY(sync::NoneOpen(connection, sync_.name));
    SLUICE_ASSIGN(report_.delivered, sync::CountDeliveredRows(connection, sync_.name));
    const auto seed = static_cast<uint64_t>(runtime_.clock().Now());
    if (job_.everything) return Status::Ok();
    SLUICE_ASSIGN(rows_, sync::SampleDelivered(connection, sync_.name, job_.sample, seed));
    report_.looked = rows_.size();
    return Status::Ok();
  }

  Status Repair() {
    std::vector<sync::AuditFinding> findings;
    for (const sync::AuditFinding& finding : report_.findings) {
      // Mode insert changes nothing.
      if (finding.missing || sync_.mode != "insert") findings.push_back(finding);
    }
    if (findings.empty()) {
      report_.repaired = "nothing is repaired: mode insert changes nothing";
      return Status::Ok();
    }
    SLUICE_ASSIGN(const auto session, Open());
    engine::Connection& connection = session->connection();
    SLUICE_TRY(warehouse::TakeFence(connection, "sync:" + sync_.name).status());
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
    SLUICE_ASSIGN(report_.repaired, sync::MarkForRepair(connection, sync_.name, findings,
                                                        job_.reason, runtime_.clock()));
    return transaction->Commit();
  }

  Runtime& runtime_;
  const AuditJob& job_;
  const config::Sync& sync_;
  const env::Cancel* cancel_;
  AuditReport report_;
  std::vector<sync::DeliveredRow> rows_;
};

}  // namespace

Result<AuditReport> AuditSync(Runtime& runtime, const AuditJob& job, const env::Cancel* cancel,
                              const std::function<void(const AuditReport&)>& show) {
  SLUICE_TRY(CheckSyncName(runtime.project(), job.sync));
  return Audit(runtime, job, cancel).Run(show);
}

}  // namespace sluice::pipeline
