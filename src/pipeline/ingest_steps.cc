#include "pipeline/ingest_steps.h"

#include <algorithm>
#include <utility>

#include "pipeline/sources.h"

namespace sluice::pipeline {
namespace {

// So many are listed and loaded beside each other; they share the threads and the spool of one.
constexpr size_t kAtOnce = 4;
constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::milliseconds kLookEvery{5};
constexpr std::chrono::seconds kShowAfter{1};

std::string DownloadLabel(const config::Ingest& ingest) {
  return "download " + ingest.name;
}

}  // namespace

IngestSteps::IngestSteps(Runtime& runtime, const RunOptions& options, const Selection& selection,
                         const std::string& run_id, report::Reporter& reporter)
    : runtime_(runtime),
      options_(options),
      selection_(selection),
      run_id_(run_id),
      reporter_(reporter),
      at_once_(std::clamp<size_t>(selection.ingests.size(), 1, kAtOnce)) {
  for (const std::string& name : selection.ingests) {
    One one;
    one.ingest = runtime.project().FindIngest(name);
    one.patience = kPatience;
    all_.push_back(std::move(one));
  }
}

IngestSteps::~IngestSteps() {
  for (One& one : all_) one.run.reset();  // before the session that they use
  CloseWarehouse();
}

void IngestSteps::Run(const std::function<void(EndedIngest&&)>& ended) {
  ended_ = &ended;
  while (Count(Phase::kEnded) < all_.size()) {
    if (Stopped() && Count(Phase::kListing) + Count(Phase::kLoading) == 0) return;
    StartListing();
    if (!Advance()) Wait();
  }
}

std::unique_ptr<warehouse::Session> IngestSteps::TakeSession() {
  interrupt_.reset();
  return std::move(session_);
}

bool IngestSteps::Stopped() const {
  return options_.cancel != nullptr && options_.cancel->is_set();
}

size_t IngestSteps::Count(Phase phase) const {
  return static_cast<size_t>(
      std::count_if(all_.begin(), all_.end(), [&](const One& one) { return one.phase == phase; }));
}

void IngestSteps::StartListing() {
  size_t busy = Count(Phase::kListing) + Count(Phase::kLoading);
  for (One& one : all_) {
    if (one.phase != Phase::kWaiting) continue;
    if (busy >= at_once_ || Stopped()) return;
    one.phase = Phase::kListing;
    one.listing = std::async(std::launch::async, [this, &one] { return List(*one.ingest); });
    ++busy;
  }
}

Result<IngestSteps::Listed> IngestSteps::List(const config::Ingest& ingest) const {
  Listed listed;
  SLUICE_ASSIGN(auto lock, runtime_.Lock("ingest", ingest.name, options_.wait, options_.cancel));
  listed.lock.emplace(std::move(lock));
  SLUICE_ASSIGN(listed.sources, ListSources(runtime_, ingest, options_.cancel));
  return listed;
}

bool IngestSteps::Advance() {
  for (One& one : all_) {
    if (one.phase == Phase::kWaiting || one.phase == Phase::kEnded) continue;
    if (IsReady(one)) {
      one.phase == Phase::kListing ? Begin(one) : Step(one);
      return true;
    }
    if (one.patience.count() > 0 && !Stopped()) return false;
  }
  return false;
}

bool IngestSteps::IsReady(One& one) const {
  if (one.phase == Phase::kListing) {
    return one.listing.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  // What was stopped has nothing to wait for; it says how far it came.
  return Stopped() || one.run->IsReady();
}

void IngestSteps::Begin(One& one) {
  auto listed = one.listing.get();
  if (!listed.ok()) return End(one, listed.status());
  if (Stopped()) return End(one, CancelledError("stopped"));
  one.listed = std::move(listed).value();
  one.phase = Phase::kLoading;
  Status status = OpenWarehouse();
  if (status.ok()) status = Plan(one);
  if (status.ok()) status = one.run->Begin();
  if (!status.ok()) End(one, status);
}

Status IngestSteps::Plan(One& one) {
  ingest::IngestContext context{*one.ingest,
                                *session_,
                                runtime_.stage_functions(),
                                reporter_,
                                runtime_.clock(),
                                options_.cancel,
                                runtime_.StatePath("spool-" + one.ingest->name),
                                run_id_};
  context.fetch.max_threads /= static_cast<int>(at_once_);
  context.fetch.spool_bytes /= at_once_;
  context.leave_files = options_.leave_files;
  context.project = &runtime_.project();
  SLUICE_ASSIGN(ingest::IngestPlan plan,
                ingest::PlanIngest(context, one.listed.sources, true,
                                   options_.restore ? &*options_.restore : nullptr));
  const auto tables = selection_.tables.find(one.ingest->name);
  if (tables != selection_.tables.end()) KeepTables(plan, tables->second);
  one.tables_without_key = plan.unknown_tables.size();
  one.run = std::make_unique<ingest::IngestRun>(std::move(context), std::move(plan));
  return Status::Ok();
}

void IngestSteps::Step(One& one) {
  HideDownload(one);
  const Status status = one.run->Next();
  if (!status.ok() || one.run->is_done()) End(one, status);
}

void IngestSteps::End(One& one, const Status& status) {
  HideDownload(one);
  one.phase = Phase::kEnded;
  EndedIngest ended{one.ingest,    status, one.run != nullptr, {}, one.tables_without_key,
                    session_.get()};
  if (ended.was_planned) ended.result = one.run->End(status);
  one.run.reset();
  (*ended_)(std::move(ended));
  one.listed = {};  // others may have it now
  // Nobody is kept from the warehouse while stores are only listed.
  if (Count(Phase::kLoading) == 0 && Count(Phase::kEnded) < all_.size()) CloseWarehouse();
}

void IngestSteps::Wait() {
  const auto began = runtime_.clock().Monotonic();
  (void)runtime_.clock().Sleep(kLookEvery, options_.cancel);
  const auto waited = runtime_.clock().Monotonic() - began;
  for (One& one : all_) {
    if (one.phase == Phase::kWaiting || one.phase == Phase::kEnded || IsReady(one)) continue;
    one.patience -= waited;
    if (one.phase == Phase::kLoading && one.patience.count() <= 0) return ShowDownload(one);
  }
}

void IngestSteps::ShowDownload(One& one) {
  const std::string label = DownloadLabel(*one.ingest);
  const auto now = runtime_.clock().Monotonic();
  if (!one.told_waiting) {
    one.told_waiting = now;
    reporter_.StepBegan(label);
  }
  if (now - *one.told_waiting >= kShowAfter) reporter_.StepAdvanced(label, one.run->Fetched());
}

void IngestSteps::HideDownload(One& one) {
  if (!one.told_waiting) return;
  const auto waited = runtime_.clock().Monotonic() - *one.told_waiting;
  reporter_.PartEnded(DownloadLabel(*one.ingest), "done", "",
                      std::chrono::duration<double>(waited).count());
  one.told_waiting.reset();
}

Status IngestSteps::OpenWarehouse() {
  if (session_ != nullptr) return Status::Ok();
  SLUICE_ASSIGN(session_, runtime_.warehouse().Open(true, kRunWaitsForWarehouse, options_.cancel));
  interrupt_ = std::make_unique<InterruptOnCancel>(session_->connection(), options_.cancel);
  return Status::Ok();
}

void IngestSteps::CloseWarehouse() {
  interrupt_.reset();
  session_.reset();
}

}  // namespace sluice::pipeline
