#include "config/text_format.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "config/schedule.h"
#include "config/template_text.h"
#include "config/units.h"
#include "env/file.h"

namespace sluice::config {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

constexpr size_t kLongestName = 63;  // PostgreSQL's limit for identifiers, the smallest we meet

FormattedText Good(std::string text) {
  return {true, std::move(text), "", ""};
}
FormattedText Bad(std::string why = "") {
  return {false, "", std::move(why), ""};
}

bool AllOf(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return IsLetter(c) || IsDigit(c) || more.find(c) != std::string_view::npos;
  });
}

FormattedText Name(std::string_view text) {
  if (text.empty() || text.size() > kLongestName || !IsLetter(text[0]) || !AllOf(text, "_-")) {
    return Bad();
  }
  return Good(std::string(text));
}

FormattedText SqlName(std::string_view text) {
  const bool begins_well = !text.empty() && (IsLetter(text[0]) || text[0] == '_');
  if (!begins_well || text.size() > kLongestName || !AllOf(text, "_")) return Bad();
  std::string lower = Lower(text);
  if (StartsWith(lower, "_sluice")) return Bad("names that begin with _sluice are Sluice's own");
  return Good(std::move(lower));
}

FormattedText ColumnName(std::string_view text) {
  const bool control = std::any_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (text.empty() || control || Trim(text).size() != text.size()) return Bad();
  std::string lower = Lower(text);
  if (StartsWith(lower, "_sluice")) return Bad("names that begin with _sluice are Sluice's own");
  return Good(std::move(lower));
}

// NAME, NAME(n) or NAME(n,m); which names there are is known by whoever makes the columns.
FormattedText SqlTypeText(std::string_view text, const TextRules& rules) {
  std::string upper;
  for (const char c : Trim(text)) {
    upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  if (upper.empty() || !IsLetter(upper[0]) || !AllOf(upper, "_ (),")) return Bad();
  const auto open = std::count(upper.begin(), upper.end(), '(');
  const auto close = std::count(upper.begin(), upper.end(), ')');
  if (open != close || open > 1) return Bad();
  const Status status = rules.check_sql_type ? rules.check_sql_type(upper) : Status::Ok();
  return status.ok() ? Good(upper) : Bad(status.ToString());
}

void CollectZones(const std::string& folder, const std::string& prefix, int depth,
                  std::vector<std::string>* zones) {
  const auto entries = env::ListDirectory(folder);
  if (!entries.ok() || depth > 3) return;
  for (const env::DirectoryEntry& entry : *entries) {
    const bool zone_like = !entry.name.empty() && entry.name[0] >= 'A' && entry.name[0] <= 'Z' &&
                           entry.name.find('.') == std::string::npos;
    if (!zone_like) continue;
    if (entry.info.is_directory) {
      CollectZones(env::JoinPath(folder, entry.name), prefix + entry.name + "/", depth + 1, zones);
    } else {
      zones->push_back(prefix + entry.name);
    }
  }
}

FormattedText Timezone(std::string_view text, const TextRules& rules) {
  if (text == "UTC") return Good("UTC");
  const bool begins_well = !text.empty() && text[0] >= 'A' && text[0] <= 'Z';
  if (!begins_well || !AllOf(text, "_-+/") || text.find("//") != std::string_view::npos) {
    return Bad();
  }
  const auto info = env::Stat(env::JoinPath(rules.zoneinfo_folder, text));
  if (info.ok() && !info->is_directory) return Good(std::string(text));
  if (!env::Exists(rules.zoneinfo_folder)) {
    return Bad("this machine has no time zones in " + rules.zoneinfo_folder +
               " (install tzdata), so that only UTC is known");
  }
  std::vector<std::string> zones;
  CollectZones(rules.zoneinfo_folder, "", 0, &zones);
  FormattedText bad = Bad();
  bad.nearest = Nearest(text, zones).value_or("");
  return bad;
}

FormattedText TemplateText(std::string_view text) {
  const auto parts = ParseTemplate(text);
  return parts.ok() ? Good(std::string(text)) : Bad(parts.status().message());
}

// A column may have blanks inside its name.
FormattedText DuplicatesText(std::string_view text) {
  std::string_view rest = Trim(text);
  const auto word = [&rest]() {
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view first = rest.substr(0, end);
    rest = Trim(rest.substr(end));
    return first;
  };
  const std::string_view first = word();
  if (first == "reject" && rest.empty()) return Good("reject");
  if (first == "collapse" && rest == "identical") return Good("collapse identical");
  if (first != "newest" || word() != "by") return Bad();
  FormattedText column = ColumnName(rest);
  return column.ok ? Good("newest by " + column.text) : column;
}

FormattedText TableColumn(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == text.npos) return Bad();
  const FormattedText table = SqlName(text.substr(0, dot));
  const FormattedText column = ColumnName(text.substr(dot + 1));
  if (!table.ok) return table;
  return column.ok ? Good(table.text + "." + column.text) : column;
}

}  // namespace

FormattedText FormatText(TextFormat format, std::string_view text, const TextRules& rules) {
  switch (format) {
    case TextFormat::kAny:
      return Good(std::string(text));
    case TextFormat::kName:
      return Name(text);
    case TextFormat::kSqlName:
      return SqlName(text);
    case TextFormat::kColumn:
      return ColumnName(text);
    case TextFormat::kSqlType:
      return SqlTypeText(text, rules);
    case TextFormat::kTimezone:
      return Timezone(text, rules);
    case TextFormat::kSchedule: {
      const auto cron = ScheduleToCron(text);
      if (cron.ok()) return Good(std::string(Trim(text)));
      return Bad(cron.status().ToString());
    }
    case TextFormat::kDelimiter:
      if (EqualsIgnoreCase(text, "tab")) return Good("\t");
      if (text.size() <= 8 && text.find_first_of("\r\n") == text.npos) {
        return Good(std::string(text));
      }
      return Bad();
    case TextFormat::kQuote:
      if (EqualsIgnoreCase(text, "none")) return Good("none");
      if (text.size() == 1 && text[0] > ' ' && text[0] < '\x7f') return Good(std::string(text));
      return Bad();
    case TextFormat::kMapping:
      return text.find('{') == text.npos ? ColumnName(text) : TemplateText(text);
    case TextFormat::kTemplate:
      return TemplateText(text);
    case TextFormat::kTransform:
      if (text == "trim" || text == "lower" || text == "upper") return Good(std::string(text));
      return Bad();
    case TextFormat::kDuplicates:
      return DuplicatesText(text);
    case TextFormat::kTableColumn:
      return TableColumn(text);
    case TextFormat::kAmount: {
      const auto percent = ParsePercent(text);
      const auto rows = ParseWhole(text);
      if ((percent && *percent >= 0) || (rows && *rows >= 0)) return Good(std::string(Trim(text)));
      return Bad();
    }
  }
  return Bad();
}

std::string PatternOf(TextFormat format) {
  switch (format) {
    case TextFormat::kName:
      return "^[A-Za-z][A-Za-z0-9_-]{0,62}$";
    case TextFormat::kSqlName:
      return "^[A-Za-z_][A-Za-z0-9_]{0,62}$";
    case TextFormat::kSqlType:
      return "^ *[A-Za-z][A-Za-z0-9_ ]*(\\([0-9A-Za-z ,]*\\))?[A-Za-z ]*$";
    case TextFormat::kTimezone:
      return "^[A-Z][A-Za-z0-9_+/-]*$";
    case TextFormat::kQuote:
      return "^([!-~]|[Nn][Oo][Nn][Ee])$";
    case TextFormat::kAmount:
      return "^[0-9]+$|^[0-9]+(\\.[0-9]+)? *%$";
    case TextFormat::kTransform:
      return "^(trim|lower|upper)$";
    case TextFormat::kDuplicates:
      return "^(reject|collapse +identical|newest +by +.+)$";
    case TextFormat::kTableColumn:
      return "^[A-Za-z_][A-Za-z0-9_]{0,62}\\..+$";
    case TextFormat::kDelimiter:
    case TextFormat::kAny:
    case TextFormat::kMapping:
    case TextFormat::kTemplate:
    case TextFormat::kColumn:
    case TextFormat::kSchedule:
      break;
  }
  return "";
}

}  // namespace sluice::config
