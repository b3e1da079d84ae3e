// What a row of a model looks like to a destination: a JSON object in the canonical form of
// base/json_text.h, so that two rows mean the same exactly when their payloads are the same bytes.
// Digests of payloads are stored and compared for years: nothing here may ever come out
// differently.
//
//   names        sorted bytewise; "address.city" is a member of the object "address"
//   NULL         left out, and with it an object of which nothing is left, unless the field sends it
//                as null; '' is ""
//   numbers      exactly as they are, a decimal without trailing zeros, never through a float;
//                FLOAT and DOUBLE as the shortest text that reads back the same. What can have a
//                fraction keeps one where the destination's style says so: 12.0
//   text         as it is; booleans true and false, so 1, "1" and true differ
//   timestamps   in UTC, as the destination wants them (connector::TimestampStyle)
//   dates        2026-11-21, or midnight UTC where the destination's style says so: a date field at
//                the destination is made by the first value and can never be changed
//   nested       lists, structs, maps and JSON as canonical JSON; a JSON null is like NULL
//
// What has no such form (NaN, infinity, a year beyond 9999, broken JSON) is no payload but a
// problem, and the row is left out and listed.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/json_text.h"
#include "base/status.h"
#include "connector/destination.h"
#include "engine/functions.h"

namespace sluice::sync {

// Which digest stands in `_sluice.sync_delivered`: XXH3-128 over "upsert\n" and the payload.
// payload-2: numbers by the destination's style.
inline constexpr std::string_view kDigestKind = "xxh3-128/payload-2";
Hash128 PayloadDigest(connector::OperationKind kind, std::string_view payload);

// In which of the engine's types a field's values come (field_sql.h casts to it).
enum class FieldKind {
  kText,       // VARCHAR
  kNumber,     // VARCHAR, the exact text of a whole number
  kDecimal,    // VARCHAR, the exact text of a number that can have a fraction
  kInteger,    // BIGINT
  kFloat,      // DOUBLE that was a FLOAT
  kDouble,     // DOUBLE
  kBoolean,    // BOOLEAN
  kDate,       // DATE
  kTimestamp,  // TIMESTAMP or TIMESTAMPTZ: microseconds in UTC
  kJson,       // VARCHAR, JSON text
  kConstant,   // no input
};

struct PayloadField {
  std::string to;  // "address.city"
  FieldKind kind = FieldKind::kText;
  std::string constant;  // JSON text
  // An identifier is a name and no measure: always as short as it is.
  bool identifies = false;
  bool sends_null = false;  // NULL is a null in the payload, instead of being left out
  // What is wrong when a second input, a BOOLEAN behind the first, is true: "is no date".
  std::string problem = {};
};

struct PayloadStyle {
  connector::TimestampStyle timestamps = connector::TimestampStyle::kIso;
  connector::NumberStyle numbers = connector::NumberStyle::kShortest;
};

// Immutable, thread-safe.
class PayloadBuilder {
 public:
  // kConfig when a name is empty, comes twice, or is both a value and an object ("a" and "a.b").
  static Result<PayloadBuilder> Create(std::span<const PayloadField> fields, PayloadStyle style);

  // Replaces `out` by the payload of one row, or by '!' and a sentence that names the field and not
  // its value. `inputs`: those of each field that is no constant, in the order of the fields.
  void Build(std::span<const engine::Input> inputs, size_t row, std::string& out) const;

 private:
  struct Node {
    std::string name;    // the whole path, for messages
    std::string prefix;  // "\"city\":"
    FieldKind kind = FieldKind::kText;
    JsonNumbers numbers = JsonNumbers::kShortest;
    std::string constant;
    size_t input = 0;
    bool sends_null = false;
    std::string problem;
    std::vector<Node> members;  // sorted; not empty: an object
  };
  PayloadBuilder() = default;
  Status Insert(Node& parent, const PayloadField& field, std::string_view rest, size_t input) const;
  // Both: false, and nothing appended, when there is no value. `problem` is set at the first one.
  bool AppendObject(const Node& node, std::span<const engine::Input> inputs, size_t row,
                    std::string& out, std::string& problem) const;
  bool AppendValue(const Node& node, std::span<const engine::Input> inputs, size_t row,
                   std::string& out, std::string& problem) const;

  JsonNumbers NumbersOf(const PayloadField& field) const {
    return style_.numbers == connector::NumberStyle::kTyped && !field.identifies
               ? JsonNumbers::kKeepFraction
               : JsonNumbers::kShortest;
  }

  Node root_;
  PayloadStyle style_;
};

}  // namespace sluice::sync
