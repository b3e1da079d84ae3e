#include "cli/hand_place.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/terminal.h"
#include "env/file.h"
#include "ingest/table_files.h"

namespace sluice::cli {
namespace {

// Below `folder`, as a store of it lists the file; "" where it does not lie there.
std::string AddressBelow(const std::string& folder, const std::string& path) {
  std::error_code error;
  const std::string root = std::filesystem::canonical(folder, error).string();
  const std::string start = EndsWith(root, "/") ? root : root + "/";
  if (error || !StartsWith(path, start)) return {};
  std::string address = path.substr(start.size());
  const bool hidden = address[0] == '.' || address.find("/.") != std::string::npos;
  return hidden ? std::string() : address;
}

}  // namespace

Result<std::optional<HandPlace>> PlaceInIngest(const config::Project& project,
                                               const config::Ingest& ingest,
                                               const config::Table& table, const HandFile& file,
                                               env::Micros now) {
  for (const std::string& name : ingest.from) {
    const config::Connection* connection = project.FindConnection(name);
    if (connection == nullptr || connection->type != "file" || !connection->options.Has("path")) {
      continue;
    }
    const std::string address =
        AddressBelow(connection->options.values.at("path").text, file.named);
    if (address.empty()) continue;
    std::vector<ingest::Source> sources(1);
    sources[0].connection = name;
    sources[0].listing.files.push_back({address, 0, 0, ""});
    SLUICE_ASSIGN(const auto inbox, ingest::Inbox::Open(ingest, sources, now));
    SLUICE_ASSIGN(const auto files, inbox.FilesOf(table));
    if (!files.empty()) return std::optional(HandPlace{name, address});
  }
  return std::optional<HandPlace>();
}

Result<bool> WasReadThere(engine::Connection& connection, const config::Ingest& ingest,
                          const std::string& table, const HandPlace& place,
                          const std::string& hash) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT content_hash FROM _sluice.files WHERE ingest = $1 AND table_name = "
                      "$2 AND connection = $3 AND address = $4 ORDER BY rowid DESC LIMIT 1",
                      {ingest.name, table, place.connection, place.address}));
  return !rows.empty() && engine::ToText(rows[0][0]) == hash;
}

Status CheckContentIsNew(engine::Connection& connection, const std::string& table,
                         const std::string& hash) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows(
          "SELECT f.address, f.load_id, f.state, strftime(l.published_at, '%Y-%m-%d "
          "%H:%M:%S') FROM _sluice.files AS f LEFT JOIN _sluice.loads AS l ON l.load_id = "
          "f.load_id AND l.ingest = f.ingest AND l.table_name = f.table_name WHERE "
          "f.table_name = $1 AND f.content_hash = $2 AND f.state IN ('loaded', 'held', "
          "'skipped', 'unloaded') ORDER BY f.rowid DESC LIMIT 1",
          {table, hash}));
  if (rows.empty()) return Status::Ok();
  if (engine::ToText(rows[0][2]) == "held") {
    return HeldError(
        fmt::format("{} waits for a decision for {}", engine::ToText(rows[0][0]), table),
        "sluice gate list");
  }
  if (engine::ToText(rows[0][2]) == "skipped") {
    return ConfigError(fmt::format("{} was skipped for good, for {}, by a decision",
                                   engine::ToText(rows[0][0]), table),
                       "--again loads it all the same");
  }
  if (engine::ToText(rows[0][2]) == "unloaded") {
    return ConfigError(fmt::format("{} was loaded into {} and taken back (load {})",
                                   engine::ToText(rows[0][0]), table, engine::ToInt(rows[0][1])),
                       "--again loads it all the same");
  }
  return ConfigError(
      fmt::format("the same content is in {} already: {}, load {}{}", table,
                  engine::ToText(rows[0][0]), engine::ToInt(rows[0][1]),
                  engine::IsNull(rows[0][3]) ? "" : " of " + engine::ToText(rows[0][3])),
      "--again loads it once more");
}

Status CheckIsProven(const config::Table& table, const std::string& named, const HandFile& file) {
  if (table.sidecars != config::Table::Sidecars::kRequire) return Status::Ok();
  std::vector<std::string> endings;
  for (const std::string_view ending : ingest::kSidecarEndings) {
    if (env::Exists(file.path + std::string(ending))) return Status::Ok();
    endings.emplace_back(ending);
  }
  return RejectedError(fmt::format("{}: there is no checksum beside it, and {} requires one ({})",
                                   Printable(named), table.name, table.where.ToString()),
                       fmt::format("Put one there that is called like it and ends with one of {}",
                                   Join(endings, ", ")));
}

Status CheckWasTaken(engine::Connection& connection, const config::Ingest& ingest,
                     const HandPlace& place, const HandFile& file) {
  const std::string& table = ingest.tables.front().name;
  SLUICE_ASSIGN(
      const auto entries,
      connection.Scalar("SELECT count(*) FROM _sluice.files WHERE ingest = $1 AND table_name = $2 "
                        "AND connection = $3 AND address = $4 AND content_hash = $5 AND state IN "
                        "('loaded', 'held')",
                        {ingest.name, table, place.connection, place.address, file.hash}));
  if (engine::ToInt(entries) > 0) return Status::Ok();
  SLUICE_ASSIGN(
      const auto holds,
      connection.Scalar("SELECT count(*) FROM _sluice.holds WHERE owner = $1 AND table_name = $2 "
                        "AND state = 'open'",
                        {ingest.name, table}));
  if (engine::ToInt(holds) > 0) return Status::Ok();
  return FailedError(
      fmt::format("{}: nothing of it was loaded into {}", Printable(file.path), table),
      fmt::format("What is known of it: sluice tables {}", table));
}

}  // namespace sluice::cli
