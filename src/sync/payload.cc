#include "sync/payload.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "base/json_text.h"

namespace sluice::sync {
namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

// The text between the quotes: members are sorted by it, as JsonMembers gives them.
std::string EscapedName(std::string_view name) {
  std::string quoted;
  AppendJsonString(quoted, name);
  return quoted.substr(1, quoted.size() - 2);
}

void AppendDigits(std::string& out, int64_t n, int width) {
  char digits[20];
  for (int i = width; i-- > 0; n /= 10) digits[i] = static_cast<char>('0' + n % 10);
  out.append(digits, static_cast<size_t>(width));
}

// Gregorian date of a day since 1970-01-01, by counting eras of 400 years (146,097 days) that begin
// with March, so that the leap day is the last of its year.
struct CivilDate {
  int64_t year;
  int64_t month;
  int64_t day;
};
CivilDate ToCivil(int64_t days) {
  const int64_t shifted = days + 719'468;  // from 0000-03-01
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const int64_t of_era = shifted - era * 146'097;
  const int64_t year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * of_year + 2) / 153;
  const int64_t day = of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

bool AppendCivil(std::string& out, int64_t days) {
  // Also catches the engine's infinities.
  if (days < -719'528 || days > 2'932'896) return false;  // 0000-01-01 .. 9999-12-31
  const CivilDate date = ToCivil(days);
  AppendDigits(out, date.year, 4);
  out += '-';
  AppendDigits(out, date.month, 2);
  out += '-';
  AppendDigits(out, date.day, 2);
  return true;
}

bool AppendTimestamp(std::string& out, int64_t micros, connector::TimestampStyle style) {
  int64_t days = micros / kMicrosPerDay;
  int64_t of_day = micros % kMicrosPerDay;
  if (of_day < 0) {
    of_day += kMicrosPerDay;
    --days;
  }
  out += '"';
  if (!AppendCivil(out, days)) return false;
  const bool iso = style == connector::TimestampStyle::kIso;
  out += iso ? 'T' : ' ';
  const int64_t seconds = of_day / 1'000'000;
  AppendDigits(out, seconds / 3600, 2);
  out += ':';
  AppendDigits(out, seconds / 60 % 60, 2);
  out += ':';
  AppendDigits(out, seconds % 60, 2);
  if (!iso) {
    out += " +00:00\"";
    return true;
  }
  if (const int64_t fraction = of_day % 1'000'000; fraction != 0) {
    out += '.';
    AppendDigits(out, fraction, 6);
    while (out.back() == '0') out.pop_back();
  }
  out += "Z\"";
  return true;
}

bool AppendDate(std::string& out, int64_t days, connector::TimestampStyle style) {
  out += '"';
  if (!AppendCivil(out, days)) return false;
  if (style == connector::TimestampStyle::kIterable) out += " 00:00:00 +00:00";
  out += '"';
  return true;
}

// Text of a number that can have a fraction and shows it where `numbers` says so.
void AppendFractional(std::string& out, std::string_view text, JsonNumbers numbers) {
  if (numbers == JsonNumbers::kShortest || text.find_first_of(".e") != std::string_view::npos) {
    AppendJsonNumber(out, text, numbers);
    return;
  }
  AppendJsonNumber(out, std::string(text) + ".0", numbers);
}

template <typename Float>
bool AppendFloat(std::string& out, Float value, JsonNumbers numbers) {
  if (!std::isfinite(value)) return false;
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  AppendFractional(out, {buffer, static_cast<size_t>(end - buffer)}, numbers);
  return true;
}

}  // namespace

Hash128 PayloadDigest(connector::OperationKind kind, std::string_view payload) {
  static_assert(static_cast<int>(connector::OperationKind::kUpsert) == 0);
  (void)kind;  // there is only one as yet; its name is part of what is digested
  thread_local std::string tagged;
  tagged.assign("upsert\n");
  tagged += payload;
  return HashOf(tagged);
}

Result<PayloadBuilder> PayloadBuilder::Create(std::span<const PayloadField> fields,
                                              PayloadStyle style) {
  PayloadBuilder builder;
  builder.style_ = style;
  size_t input = 0;
  for (const PayloadField& field : fields) {
    SLUICE_TRY(builder.Insert(builder.root_, field, field.to, input));
    if (field.kind != FieldKind::kConstant) input += field.problem.empty() ? 1 : 2;
  }
  return builder;
}

Status PayloadBuilder::Insert(Node& parent, const PayloadField& field, std::string_view rest,
                              size_t input) const {
  const size_t dot = rest.find('.');
  const std::string_view part = rest.substr(0, dot);
  if (part.empty()) {
    return ConfigError(fmt::format("the field \"{}\" has an empty name", field.to));
  }
  const bool leaf = dot == std::string_view::npos;
  const std::string prefix = "\"" + EscapedName(part) + "\":";
  const auto bare = [](const Node& node) {
    return std::string_view(node.prefix).substr(1, node.prefix.size() - 3);
  };
  const std::string_view name = std::string_view(prefix).substr(1, prefix.size() - 3);
  auto at = std::find_if(parent.members.begin(), parent.members.end(),
                         [&](const Node& node) { return bare(node) >= name; });
  const bool there = at != parent.members.end() && bare(*at) == name;
  if (there && (leaf || at->members.empty())) {
    if (leaf && at->members.empty()) {
      return ConfigError(fmt::format("the field \"{}\" is mapped twice", field.to));
    }
    return ConfigError(
        fmt::format("the field \"{}\" cannot be both a value and an object",
                    field.to.substr(0, field.to.size() - rest.size() + part.size())));
  }
  if (!there) {
    Node node;
    node.name = field.to;
    node.prefix = prefix;
    at = parent.members.insert(at, std::move(node));
  }
  if (!leaf) return Insert(*at, field, rest.substr(dot + 1), input);
  at->kind = field.kind;
  at->numbers = NumbersOf(field);
  at->input = input;
  at->sends_null = field.sends_null;
  at->problem = field.problem;
  if (field.kind == FieldKind::kConstant) {
    auto constant = CanonicalJson(field.constant, at->numbers);
    if (!constant.ok()) {
      return ConfigError(fmt::format("the constant of the field \"{}\": {}", field.to,
                                     constant.status().message()));
    }
    at->constant = std::move(constant).value();
  }
  return Status::Ok();
}

void PayloadBuilder::Build(std::span<const engine::Input> inputs, size_t row,
                           std::string& out) const {
  out.clear();
  std::string problem;
  if (!AppendObject(root_, inputs, row, out, problem)) out = "{}";
  if (!problem.empty()) out = "!" + problem;
}

bool PayloadBuilder::AppendObject(const Node& node, std::span<const engine::Input> inputs,
                                  size_t row, std::string& out, std::string& problem) const {
  const size_t begin = out.size();
  out += '{';
  bool any = false;
  for (const Node& member : node.members) {
    const size_t before = out.size();
    if (any) out += ',';
    out += member.prefix;
    const bool value = member.members.empty() ? AppendValue(member, inputs, row, out, problem)
                                              : AppendObject(member, inputs, row, out, problem);
    if (value) {
      any = true;
    } else {
      out.resize(before);
    }
  }
  out += '}';
  if (!any) out.resize(begin);
  return any;
}

bool PayloadBuilder::AppendValue(const Node& node, std::span<const engine::Input> inputs,
                                 size_t row, std::string& out, std::string& problem) const {
  if (node.kind == FieldKind::kConstant) {
    out += node.constant;
    return node.constant != "null";
  }
  const engine::Input& input = inputs[node.input];
  const auto fail = [&](std::string_view what) {
    if (problem.empty()) problem = fmt::format("the field \"{}\" {}", node.name, what);
    return false;
  };
  const auto null = [&] {
    if (node.sends_null) out += "null";
    return node.sends_null;
  };
  if (!node.problem.empty() && inputs[node.input + 1].as<bool>()[row]) return fail(node.problem);
  if (input.is_null(row)) return null();
  switch (node.kind) {
    case FieldKind::kText:
      AppendJsonString(out, input.text(row));
      return true;
    case FieldKind::kNumber:
      AppendJsonNumber(out, input.text(row));
      return true;
    case FieldKind::kDecimal:
      AppendFractional(out, input.text(row), node.numbers);
      return true;
    case FieldKind::kInteger:
      out += std::to_string(input.as<int64_t>()[row]);
      return true;
    case FieldKind::kBoolean:
      out += input.as<bool>()[row] ? "true" : "false";
      return true;
    case FieldKind::kDouble:
      return AppendFloat(out, input.as<double>()[row], node.numbers) ||
             fail("is not a finite number");
    case FieldKind::kFloat:
      return AppendFloat(out, static_cast<float>(input.as<double>()[row]), node.numbers) ||
             fail("is not a finite number");
    case FieldKind::kDate:
      return AppendDate(out, input.as<int32_t>()[row], style_.timestamps) ||
             fail("is not within the years 0000 to 9999");
    case FieldKind::kTimestamp:
      return AppendTimestamp(out, input.as<int64_t>()[row], style_.timestamps) ||
             fail("is not within the years 0000 to 9999");
    case FieldKind::kJson: {
      const auto json = CanonicalJson(input.text(row), node.numbers);
      if (!json.ok()) return fail("holds what is no valid JSON");
      if (json.value() == "null") return null();
      out += json.value();
      return true;
    }
    case FieldKind::kConstant:
      break;
  }
  return false;
}

}  // namespace sluice::sync
