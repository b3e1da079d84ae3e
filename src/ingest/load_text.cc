#include "ingest/load_text.h"

#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::ingest {

std::string SummaryOf(const FileCounts& counts) {
  std::string text = Counted(static_cast<uint64_t>(counts.read), "row");
  const auto add = [&](int64_t n, std::string_view what) {
    if (n > 0) text += fmt::format(", {} {}", Thousands(static_cast<uint64_t>(n)), what);
  };
  add(counts.inserted, "inserted");
  add(counts.updated, "updated");
  add(counts.unchanged, "unchanged");
  add(counts.delete_matched, "deleted");
  add(counts.delete_unmatched, "not there to delete");
  add(counts.superseded, "superseded");
  add(counts.skipped, counts.forgotten == 0
                          ? std::string("skipped")
                          : fmt::format("skipped ({} forgotten)",
                                        Thousands(static_cast<uint64_t>(counts.forgotten))));
  add(counts.quarantined, "quarantined");
  add(counts.too_long, "longer than declared");
  add(counts.key_collisions, "with a key that was there already");
  return text;
}

std::string GroupLabel(const std::string& ingest, const Step& step) {
  std::set<std::string> groups;
  for (const TableLoad& load : step.loads) {
    for (const LoadFile& file : load.files) {
      groups.insert(fmt::format("{}/{}", file.pod, file.group));
    }
  }
  return fmt::format("{} {}", ingest, groups.size() == 1 ? *groups.begin() : step.label);
}

std::string CollisionText(const std::string& table, const Collisions& found) {
  return fmt::format("{}: {} inserted although the key was there already{}", table,
                     Counted(static_cast<uint64_t>(found.rows), "row"),
                     found.loads > 1 ? fmt::format(" ({} loads)", found.loads) : "");
}

std::string HoldMessage(const Status& status, bool too_many_bad_rows) {
  const bool shown = status.code() == Code::kHeld || too_many_bad_rows;
  return shown ? status.message() : status.ToString();
}

}  // namespace sluice::ingest
