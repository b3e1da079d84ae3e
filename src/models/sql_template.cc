#include "models/sql_template.h"

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::models {
namespace {

struct Place {
  int line = 1;
  int column = 1;
};

Place PlaceOf(std::string_view text, size_t at) {
  Place place;
  for (size_t i = 0; i < at; ++i) {
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else {
      ++place.column;
    }
  }
  return place;
}

// The name in `ref('name')`, or nothing.
std::optional<std::string> NameIn(std::string_view inside) {
  inside = Trim(inside);
  if (!StartsWith(inside, "ref")) return std::nullopt;
  inside = Trim(inside.substr(3));
  if (inside.size() < 4 || inside.front() != '(' || inside.back() != ')') return std::nullopt;
  inside = Trim(inside.substr(1, inside.size() - 2));
  const bool quoted = inside.size() > 2 && inside.front() == inside.back() &&
                      (inside.front() == '\'' || inside.front() == '"');
  if (!quoted) return std::nullopt;
  return Lower(inside.substr(1, inside.size() - 2));
}

}  // namespace

Result<std::vector<Reference>> FindReferences(std::string_view sql) {
  std::vector<Reference> references;
  size_t at = 0;
  while ((at = sql.find("{{", at)) != std::string_view::npos) {
    const Place place = PlaceOf(sql, at);
    const size_t close = sql.find("}}", at);
    if (close == std::string_view::npos) {
      return ConfigError(
          fmt::format("{}:{}: \"{{{{\" is not closed by \"}}}}\"", place.line, place.column));
    }
    const std::string_view inside = sql.substr(at + 2, close - at - 2);
    const auto name = NameIn(inside);
    if (!name) {
      return ConfigError(fmt::format("{}:{}: expected {{{{ ref('name') }}}}, found {{{{{}}}}}",
                                     place.line, place.column, inside.substr(0, 40)));
    }
    references.push_back({*name, place.line, place.column, at, close + 2});
    at = close + 2;
  }
  return references;
}

std::string Render(std::string_view sql, const std::vector<Reference>& references,
                   const std::function<std::string(const std::string&)>& name_of) {
  std::string out;
  size_t at = 0;
  for (const Reference& reference : references) {
    out += sql.substr(at, reference.begin - at);
    out += name_of(reference.name);
    at = reference.end;
  }
  out += sql.substr(at);
  return out;
}

std::string WithoutSemicolon(std::string_view sql) {
  while (!sql.empty() && std::string_view(" \t\r\n;").find(sql.back()) != std::string_view::npos) {
    sql.remove_suffix(1);
  }
  return std::string(sql);
}

}  // namespace sluice::models
