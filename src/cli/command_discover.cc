#include <algorithm>
#include <ostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/discover.h"
#include "cli/json_writer.h"
#include "env/file.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

// Nothing that somebody may have edited is overwritten: the next free name is taken.
Result<std::string> WriteFile(const config::Project& project, const Proposals& proposals) {
  for (int n = 1;; ++n) {
    const std::string name = n == 1 ? fmt::format("{}_tables.yml", proposals.ingest)
                                    : fmt::format("{}_tables_{}.yml", proposals.ingest, n);
    const std::string path = env::JoinPath(project.folder, name);
    if (env::Exists(path)) continue;
    SLUICE_TRY(env::WriteFileAtomically(path, ProposalsAsYaml(proposals)));
    return name;
  }
}

void WritePairs(JsonWriter& json, std::string_view as,
                const std::vector<std::pair<std::string, std::string>>& columns) {
  json.Name(as);
  json.BeginArray();
  for (const auto& [name, type] : columns) {
    json.BeginObject();
    json.Field("name", name);
    json.Field("type", type);
    json.EndObject();
  }
  json.EndArray();
}

void WriteJson(std::ostream& out, const std::vector<Proposals>& all,
               const std::vector<std::string>& written) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Name("ingests");
  json.BeginArray();
  for (size_t i = 0; i < all.size(); ++i) {
    json.BeginObject();
    json.Field("name", all[i].ingest);
    json.Field("layout", all[i].layout);
    json.FieldOrNull("written", written[i]);
    json.Name("tables");
    json.BeginArray();
    for (const Proposal& proposal : all[i].tables) {
      json.BeginObject();
      json.Field("table", proposal.table);
      json.Field("files", proposal.files);
      json.Name("key");
      json.BeginArray();
      for (const std::string& column : proposal.key) json.Text(column);
      json.EndArray();
      json.Name("evidence");
      json.BeginArray();
      for (const std::string& line : proposal.evidence) json.Text(line);
      json.EndArray();
      json.FieldOrNull("pattern", proposal.pattern);
      WritePairs(json, "columns", proposal.columns);
      WritePairs(json, "captures", proposal.captures);
      json.Name("csv");
      json.BeginObject();
      for (const auto& [option, value] : proposal.csv) json.Field(option, value);
      json.EndObject();
      json.FieldOrNull("problem", proposal.problem);
      json.FieldOrNull("undecided", proposal.undecided);
      json.EndObject();
    }
    json.EndArray();
    json.Name("notes");
    json.BeginArray();
    for (const std::string& note : all[i].notes) json.Text(note);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

void Print(World& world, const Proposals& proposals, const std::string& written) {
  std::ostream& out = world.out;
  out << Styled(world.terminal, Look::kBold, "ingest " + proposals.ingest) << "\n";
  for (const std::string& note : proposals.notes) {
    out << "  " << Styled(world.terminal, Look::kWarning, "note: " + Printable(note)) << "\n";
  }
  if (proposals.tables.empty()) {
    const bool nothing = proposals.layout == "files" && proposals.files == 0;
    out << (nothing ? "  nothing to propose: there is no file of data\n"
                    : "  nothing to propose: the project names all that is there\n");
    return;
  }
  for (const std::string& line : Split(ProposalsAsYaml(proposals), '\n')) {
    const bool comment = StartsWith(Trim(line), "#");
    if (!line.empty()) {
      out << "  " << Styled(world.terminal, comment ? Look::kDim : Look::kPlain, Printable(line))
          << "\n";
    }
  }
  if (!written.empty()) {
    out << fmt::format(
        "\nwritten: {}\nnext:  look at it, then confirm it in sluice.yml:  include: [{}]\n",
        written, written);
  } else {
    out << "\nnext:  sluice discover --write\n";
  }
}

}  // namespace

Result<int> Discover(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenForDiscovery(arguments, world));
  std::set<std::string> taken;
  for (const config::Model& model : project.models) taken.insert(model.name);
  for (const config::Sync& sync : project.syncs) taken.insert(sync.name);
  for (const config::Ingest& ingest : project.ingests) {
    for (const config::Table& table : ingest.tables) taken.insert(table.name);
  }
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  std::vector<Proposals> all;
  std::vector<std::string> written;
  for (const config::Ingest& ingest : runtime->project().ingests) {
    const auto& wanted = arguments.names;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), ingest.name) == wanted.end())
      continue;
    const DiscoverContext context{*runtime, ingest, world.random, world.cancel};
    SLUICE_ASSIGN(Proposals proposals, ingest.layout == "zenoti" ? DiscoverZenoti(context)
                                                                 : DiscoverFiles(context, taken));
    std::string file;
    if (arguments.write && !proposals.tables.empty()) {
      SLUICE_ASSIGN(file, WriteFile(runtime->project(), proposals));
    }
    all.push_back(std::move(proposals));
    written.push_back(std::move(file));
  }
  if (arguments.json) {
    WriteJson(world.out, all, written);
  } else {
    for (size_t i = 0; i < all.size(); ++i) Print(world, all[i], written[i]);
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
