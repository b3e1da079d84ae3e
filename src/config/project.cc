#include "config/project.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "env/file.h"

namespace sluice::config {
namespace {

const OptionValue& ValueOf(const Options& options, const std::string& name) {
  const auto it = options.values.find(name);
  SLUICE_CHECK(it != options.values.end(), "option \"" + name + "\" is not there; ask Has first");
  return it->second;
}

template <typename T>
const T* FindNamed(const std::vector<T>& list, const std::string& name) {
  const auto it =
      std::find_if(list.begin(), list.end(), [&](const T& thing) { return thing.name == name; });
  return it == list.end() ? nullptr : &*it;
}

}  // namespace

std::string Location::ToString() const {
  if (line <= 0) return file;
  return fmt::format("{}:{}:{}", file, line, column);
}

Location Location::Inside(int text_line, int text_column) const {
  return {file, line + text_line - 1, column + text_column - 1};
}

const std::string& Options::Text(const std::string& name) const {
  return ValueOf(*this, name).text;
}

const Secret& Options::SecretOf(const std::string& name) const {
  return ValueOf(*this, name).secret;
}

int64_t Options::Number(const std::string& name) const {
  return ValueOf(*this, name).number;
}

bool Options::Flag(const std::string& name) const {
  return ValueOf(*this, name).flag;
}

std::chrono::milliseconds Options::Duration(const std::string& name) const {
  return std::chrono::milliseconds(ValueOf(*this, name).number);
}

std::string Check::Name() const {
  switch (kind) {
    case Kind::kVolume:
      return volume.per == VolumeCheck::Per::kDay ? "volume per day" : "volume per load";
    case Kind::kNotNull:
      return fmt::format("not_null({})", Join(columns, ","));
    case Kind::kUnique:
      return columns.empty() ? "unique(key)" : fmt::format("unique({})", Join(columns, ","));
    case Kind::kAcceptedValues:
      return fmt::format("accepted_values({})", Join(columns, ","));
  }
  return "";
}

const Connection* Project::FindConnection(const std::string& connection) const {
  return FindNamed(connections, connection);
}

const Ingest* Project::FindIngest(const std::string& ingest) const {
  return FindNamed(ingests, ingest);
}

const Model* Project::FindModel(const std::string& model) const {
  return FindNamed(models, model);
}

const Sync* Project::FindSync(const std::string& sync) const {
  return FindNamed(syncs, sync);
}

std::string Project::StateFolder() const {
  return env::JoinPath(env::JoinPath(folder, ".sluice"), env);
}

}  // namespace sluice::config
