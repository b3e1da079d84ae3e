#include "connectors/iterable/field_names.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "connectors/iterable/catalog_body.h"

namespace sluice::connectors::iterable {
namespace {

// Fields of the profile that Iterable writes by itself ("User Profile Fields Used by Iterable").
constexpr std::string_view kManaged[] = {"itblDS", "itblInternal", "itblUserId",
                                         "profileUpdatedAt"};

struct OptionOfUser {
  std::string_view name;    // in the request, beside the data fields
  std::string_view option;  // of the sync
};
constexpr OptionOfUser kOptions[] = {{"createNewFields", "create_new_fields"},
                                     {"mergeNestedObjects", "merge_nested_objects"},
                                     {"preferUserId", "prefer_user_id"}};

Status CheckName(const std::string& field) {
  const std::vector<std::string> parts = Split(field, '.');
  for (const std::string& part : parts) {
    if (part.empty()) {
      return ConfigError(fmt::format("the field \"{}\" has an empty name", field),
                         "A dot stands between two names: \"address.city\".");
    }
    if (Trim(part).size() != part.size()) {
      return ConfigError(
          fmt::format("the field \"{}\" has blanks at the ends of a name", field),
          "Take them out: Iterable tells names apart by them, and a field cannot be renamed.");
    }
    if (std::any_of(part.begin(), part.end(),
                    [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; })) {
      return ConfigError("a field has a control character in its name");
    }
  }
  return Status::Ok();
}

Status CheckUserName(const std::string& field) {
  SLUICE_TRY(CheckName(field));
  const std::vector<std::string> parts = Split(field, '.');
  const std::string& root = parts.front();
  if (std::find(std::begin(kManaged), std::end(kManaged), root) != std::end(kManaged)) {
    return ConfigError(fmt::format("the field \"{}\" is kept by Iterable itself", field),
                       "Leave it out, or map the column to a field with another name.");
  }
  if (root == "dataFields") {
    return ConfigError(fmt::format("the field \"{}\" names Iterable's own object", field),
                       "Write the name alone: whatever identifies nobody goes into dataFields.");
  }
  for (const auto& [name, option] : kOptions) {
    if (root == name) {
      return ConfigError(fmt::format("\"{}\" is no field of a person", field),
                         fmt::format("Set it for all: `{}:` of the sync.", option));
    }
  }
  if (parts.size() > 1 && (root == "email" || root == "userId")) {
    return ConfigError(
        fmt::format("the field \"{}\" makes an object of \"{}\", which identifies", field, root),
        "Use another name for the object.");
  }
  return Status::Ok();
}

Status CheckClashes(std::span<const std::string> fields) {
  std::set<std::string_view> seen;
  for (const std::string& field : fields) {
    if (!seen.insert(field).second) {
      return ConfigError(fmt::format("the field \"{}\" is mapped twice", field));
    }
  }
  for (const std::string& field : fields) {
    for (size_t dot = field.find('.'); dot != std::string::npos; dot = field.find('.', dot + 1)) {
      const std::string_view outer = std::string_view(field).substr(0, dot);
      if (seen.count(outer) > 0) {
        return ConfigError(
            fmt::format("\"{}\" is mapped as a value, and as an object by \"{}\"", outer, field),
            "Rename one of them.");
      }
    }
  }
  return Status::Ok();
}

Status Missing(std::span<const std::string> fields, std::string_view wanted,
               std::string_view what) {
  return ConfigError(
      fmt::format("{} is not mapped{}", what, DidYouMean(wanted, fields)),
      fmt::format("Add `{}: COLUMN` to the sync's fields, or correct project_type of the "
                  "connection.",
                  wanted));
}

}  // namespace

Status CheckUserFields(ProjectType project, std::span<const std::string> fields) {
  for (const std::string& field : fields) SLUICE_TRY(CheckUserName(field));
  SLUICE_TRY(CheckClashes(fields));
  const auto has = [&](std::string_view name) {
    return std::find(fields.begin(), fields.end(), name) != fields.end();
  };
  switch (project) {
    case ProjectType::kEmail:
      if (!has("email")) {
        return Missing(fields, "email", "\"email\", which identifies people in an e-mail project,");
      }
      break;
    case ProjectType::kUserId:
      if (!has("userId")) {
        return Missing(fields, "userId",
                       "\"userId\", which identifies people in a userId project,");
      }
      break;
    case ProjectType::kHybrid:
      if (!has("email") && !has("userId")) {
        return Missing(fields, "userId",
                       "neither \"userId\" nor \"email\", which identify people in a hybrid "
                       "project,");
      }
      break;
  }
  return Status::Ok();
}

Status CheckIdentifiersAlone(ProjectType project, std::span<const std::string> fields) {
  const auto ids = IdentifierFields(project);
  for (const std::string& field : fields) {
    if (std::find(ids.begin(), ids.end(), field) != ids.end()) continue;
    return ConfigError(fmt::format("the field \"{}\" is none that identifies in this kind of "
                                   "project, and nothing else is sent",
                                   field),
                       "Leave it out.");
  }
  // An e-mail project may know some people by their userId alone.
  if (!fields.empty()) return CheckClashes(fields);
  return CheckUserFields(project, fields);
}

Status CheckItemFields(std::span<const std::string> fields) {
  for (const std::string& field : fields) {
    SLUICE_TRY(CheckName(field));
    if (StartsWith(field, std::string(kItemId) + ".")) {
      return ConfigError(fmt::format("the field \"{}\" makes an object of \"{}\", which identifies",
                                     field, kItemId),
                         "Use another name for the object.");
    }
  }
  SLUICE_TRY(CheckClashes(fields));
  if (std::find(fields.begin(), fields.end(), kItemId) != fields.end()) return Status::Ok();
  return ConfigError(fmt::format("\"{}\", which identifies items of a catalog, is not mapped{}",
                                 kItemId, DidYouMean(kItemId, fields)),
                     fmt::format("Add `{}: COLUMN` to the sync's fields.", kItemId));
}

}  // namespace sluice::connectors::iterable
