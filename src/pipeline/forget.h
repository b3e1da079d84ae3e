// `sluice forget`: a person is removed from everywhere that this project keeps rows, and kept out.
//
// A destination that refuses a request ends it before anything goes from the warehouse, so that it can be asked again.
//
// In this order, so that the same command goes on after a kill wherever it stopped:
//   list       the person's hashes are on the list of the forgotten: no load and no sync takes them any more (open)
//   deliveries what an earlier run left open is folded, so that no log or spool speaks of rows
//   elsewhere  destinations and files, for which the clear values are still known
//   warehouse  rows go in one transaction, with their counts (removed)
//   models     tables that models make are built again
//   file       the warehouse is written into a fresh file, for what was deleted stays in the old one's pages (done)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "pipeline/forget_destinations.h"
#include "pipeline/person_places.h"
#include "pipeline/runtime.h"
#include "privacy/forgotten.h"
#include "privacy/subject.h"

namespace sluice::pipeline {

struct ForgetRequest {
  privacy::SubjectQuery query;
  std::optional<uint64_t> confirm;  // the rows that were shown; nothing: only look
};

struct ForgetReport {
  struct Files {
    std::string what;  // "requests of dry runs"
    int64_t count = 0;
  };
  std::string state;                          // planned, done, refused, nothing
  std::vector<privacy::ForgetRecord> before;  // in force already
  std::vector<std::string> persons;           // kinds
  int64_t keys = 0;
  int64_t identifiers = 0;
  int64_t shared = 0;  // identifiers that others have too
  std::vector<PersonPlace> places;
  std::vector<Files> files;
  std::vector<DestinationAnswer> destinations;  // before it is done: what would be asked of them
  int64_t rows = 0;                             // of all places: what is to be confirmed
  std::vector<std::string> rebuilt;
  std::vector<std::string> warnings;
  std::string forget_id;
  uint64_t bytes_before = 0;  // of the warehouse
  uint64_t bytes_after = 0;
};

// kConfig when `confirm` is not the number of rows, or the person cannot be told; kBusy while a run works.
Result<ForgetReport> Forget(Runtime& runtime, const ForgetRequest& request,
                            const env::Cancel* cancel);

// Takes what was forgotten by this key or id off the list. How many entries.
Result<std::vector<privacy::ForgetRecord>> Unforget(Runtime& runtime,
                                                    const privacy::SubjectQuery& query,
                                                    const env::Cancel* cancel);

}  // namespace sluice::pipeline
