// The people of the simulation: rows of its model, and what a sync makes of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json_text.h"
#include "base/text.h"
#include "connector/destination.h"

namespace sluice::sync {

inline constexpr uint64_t kNewest = 9;  // version of the row that counts

struct Person {
  std::string email;  // as somebody typed it
  std::optional<std::string> city;
  int visits = 0;
  bool operator==(const Person&) const = default;
};

// Rows with such visits are refused for good, or make their whole request a bad one.
inline bool IsRefused(int visits) {
  return visits % 13 == 0;
}
inline bool IsPoison(int visits) {
  return visits % 17 == 0;
}

inline std::string IdentityOf(const Person& person) {
  return Lower(Trim(person.email));
}

// `with_town`: the city is mapped to a second field.
inline std::string PayloadOf(const Person& person, bool with_town) {
  std::string out = "{";
  if (person.city) {
    out += "\"city\":";
    AppendJsonString(out, *person.city);
    out += ',';
  }
  out += "\"email\":";
  AppendJsonString(out, person.email);
  if (with_town && person.city) {
    out += ",\"town\":";
    AppendJsonString(out, *person.city);
  }
  return out + ",\"visits\":" + std::to_string(person.visits) + "}";
}

// What a mapping leaves at the destination when it is taken away, or when its value goes later, is its
// own matter: the sync says nothing of it any more.
inline std::string WithoutTown(std::string payload) {
  if (payload.empty()) return payload;  // nobody is there
  const std::string town(JsonMemberValue(payload, "town"));
  return town.empty() ? payload : ReplaceAll(payload, ",\"town\":" + town, "");
}

inline int VisitsIn(const connector::Operation& operation) {
  const auto text = JsonMemberValue(operation.payload, "visits");
  return text.empty() || text == "null" ? 1 : std::stoi(std::string(text));
}

}  // namespace sluice::sync
