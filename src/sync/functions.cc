#include "sync/functions.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/text.h"
#include "engine/functions.h"
#include "engine/tables.h"
#include "sync/spool_table.h"

namespace sluice::sync {

using engine::FunctionSpec;
using engine::Input;
using engine::Output;

struct SyncFunctions::Table {
  std::mutex mutex;
  int64_t next = 1;
  std::map<int64_t, std::shared_ptr<const Binding>> bindings;

  Result<std::shared_ptr<const Binding>> Find(const Input& number, size_t rows) {
    if (rows == 0 || number.is_null(0))
      return FailedError("a function of a sync needs its binding");
    const std::lock_guard lock(mutex);
    const auto at = bindings.find(number.as<int64_t>()[0]);
    if (at == bindings.end()) return FailedError("the binding of a sync's function is gone");
    return at->second;
  }
};

namespace {

void SetDigest(Output& output, size_t row, const Hash128& digest) {
  output.data<uint64_t>()[2 * row] = digest.low;
  output.data<uint64_t>()[2 * row + 1] = digest.high;
}

FunctionSpec DigestFunction() {
  FunctionSpec spec;
  spec.name = "_sluice_digest";
  spec.parameters = {"VARCHAR"};
  spec.result = "UHUGEINT";
  spec.function = [](size_t rows, const std::vector<Input>& in, Output& out) {
    for (size_t r = 0; r < rows; ++r) {
      if (in[0].is_null(r)) {
        out.SetNull(r);
      } else {
        SetDigest(out, r, PayloadDigest(connector::OperationKind::kUpsert, in[0].text(r)));
      }
    }
    return Status::Ok();
  };
  return spec;
}

// Of two payloads, or lists of names.
FunctionSpec OfTwo(std::string name, std::string (*body)(std::string_view, std::string_view)) {
  FunctionSpec spec;
  spec.name = std::move(name);
  spec.parameters = {"VARCHAR", "VARCHAR"};
  spec.result = "VARCHAR";
  spec.function = [body](size_t rows, const std::vector<Input>& in, Output& out) {
    for (size_t r = 0; r < rows; ++r) {
      if (in[0].is_null(r) || in[1].is_null(r)) {
        out.SetNull(r);
      } else {
        out.SetText(r, body(in[0].text(r), in[1].text(r)));
      }
    }
    return Status::Ok();
  };
  return spec;
}

FunctionSpec MaskedFunction() {
  FunctionSpec spec;
  spec.name = "_sluice_masked";
  spec.parameters = {"VARCHAR"};
  spec.result = "VARCHAR";
  spec.function = [](size_t rows, const std::vector<Input>& in, Output& out) {
    for (size_t r = 0; r < rows; ++r) {
      if (in[0].is_null(r)) {
        out.SetNull(r);
      } else {
        out.SetText(r, Masked(in[0].text(r)));
      }
    }
    return Status::Ok();
  };
  return spec;
}

Status BuildPayloads(const Binding& binding, size_t rows, const std::vector<Input>& in,
                     Output& out) {
  const std::span<const Input> columns = std::span(in).subspan(1);
  std::string payload;
  for (size_t r = 0; r < rows; ++r) {
    binding.builder.Build(columns, r, payload);
    out.SetText(r, payload);
  }
  return Status::Ok();
}

Status FindIdentities(const Binding& binding, size_t rows, const std::vector<Input>& in,
                      Output& out) {
  for (size_t r = 0; r < rows; ++r) {
    if (in[1].is_null(r) || in[2].is_null(r)) {
      out.SetNull(r);
      continue;
    }
    const auto identity = binding.destination->IdentityOf(in[1].text(r), in[2].text(r));
    out.SetText(r, identity.ok() ? "=" + identity.value() : "!" + identity.status().message());
  }
  return Status::Ok();
}

Status FindFieldsToSend(const Binding& binding, size_t rows, const std::vector<Input>& in,
                        Output& out) {
  std::vector<std::string_view> maybe;
  for (size_t r = 0; r < rows; ++r) {
    if (in[1].is_null(r)) {
      out.SetNull(r);
      continue;
    }
    std::optional<std::string_view> delivered;
    if (!in[2].is_null(r)) delivered = in[2].text(r);
    maybe.clear();
    for (size_t i = 3; i < in.size(); ++i) {
      if (!in[i].is_null(r)) maybe.push_back(in[i].text(r));
    }
    out.SetText(r, FieldsToSend(in[1].text(r), delivered, maybe, binding.rules));
  }
  return Status::Ok();
}

Status KeepDelivered(const Binding& binding, size_t rows, const std::vector<Input>& in,
                     Output& out) {
  for (size_t r = 0; r < rows; ++r) {
    if (in[1].is_null(r)) {
      out.SetNull(r);
    } else if (in[2].is_null(r)) {
      out.SetText(r, in[1].text(r));
    } else {
      std::optional<std::string_view> maybe;
      if (!in[3].is_null(r)) maybe = in[3].text(r);
      out.SetText(r, WithKept(in[1].text(r), in[2].text(r), maybe, binding.rules));
    }
  }
  return Status::Ok();
}

Status FindDifferent(const Binding& binding, size_t rows, const std::vector<Input>& in,
                     Output& out) {
  for (size_t r = 0; r < rows; ++r) {
    if (in[1].is_null(r) || in[2].is_null(r)) {
      out.SetNull(r);
    } else {
      out.data<bool>()[r] = AnythingToSend(in[1].text(r), in[2].text(r), binding.rules);
    }
  }
  return Status::Ok();
}

Status FindPerson(const Binding& binding, size_t rows, const std::vector<Input>& in, Output& out) {
  const connector::Suppressing* suppressing = connector::SuppressingOf(*binding.destination);
  for (size_t r = 0; r < rows; ++r) {
    const bool known = suppressing != nullptr && !in[1].is_null(r);
    out.SetText(r, known ? Join(suppressing->HashesOf(in[1].text(r)), " ") : "");
  }
  return Status::Ok();
}

Status FindForgotten(const Binding& binding, size_t rows, const std::vector<Input>& in,
                     Output& out) {
  const connector::Suppressing* suppressing = connector::SuppressingOf(*binding.destination);
  for (size_t r = 0; r < rows; ++r) {
    bool forgotten = false;
    if (suppressing != nullptr && binding.suppressed != nullptr && !in[1].is_null(r)) {
      const auto hashes = suppressing->HashesOf(in[1].text(r));
      forgotten = std::any_of(hashes.begin(), hashes.end(), [&](const std::string& hash) {
        return binding.suppressed->count(hash) > 0;
      });
    }
    out.data<bool>()[r] = forgotten;
  }
  return Status::Ok();
}

}  // namespace

SyncFunctions::SyncFunctions() : table_(std::make_shared<Table>()) {}
SyncFunctions::~SyncFunctions() = default;

Status SyncFunctions::Register(engine::Connection& connection) const {
  using Body = Status (*)(const Binding&, size_t, const std::vector<Input>&, Output&);
  const auto bound = [this](std::string name, std::vector<std::string> parameters, bool variadic,
                            Body body, std::string result = "VARCHAR") {
    FunctionSpec spec;
    spec.name = std::move(name);
    spec.parameters = std::move(parameters);
    spec.variadic = variadic;
    spec.result = std::move(result);
    spec.function = [table = table_, body](size_t rows, const std::vector<Input>& in, Output& out) {
      if (rows == 0) return Status::Ok();
      const auto binding = table->Find(in[0], rows);
      if (!binding.ok()) return binding.status();
      return body(**binding, rows, in, out);
    };
    return spec;
  };
  SLUICE_TRY(engine::RegisterFunction(
      connection, bound("_sluice_payload", {"BIGINT", "ANY"}, true, BuildPayloads)));
  SLUICE_TRY(engine::RegisterFunction(
      connection,
      bound("_sluice_identity", {"BIGINT", "VARCHAR", "VARCHAR"}, false, FindIdentities)));
  SLUICE_TRY(engine::RegisterFunction(
      connection,
      bound("_sluice_sent", {"BIGINT", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR"},
            false, FindFieldsToSend)));
  SLUICE_TRY(engine::RegisterFunction(
      connection,
      bound("_sluice_kept", {"BIGINT", "VARCHAR", "VARCHAR", "VARCHAR"}, false, KeepDelivered)));
  SLUICE_TRY(engine::RegisterFunction(
      connection,
      bound("_sluice_differs", {"BIGINT", "VARCHAR", "VARCHAR"}, false, FindDifferent, "BOOLEAN")));
  SLUICE_TRY(engine::RegisterFunction(connection, bound("_sluice_forgotten", {"BIGINT", "VARCHAR"},
                                                        false, FindForgotten, "BOOLEAN")));
  SLUICE_TRY(engine::RegisterFunction(
      connection, bound("_sluice_person", {"BIGINT", "VARCHAR"}, false, FindPerson)));
  SLUICE_TRY(engine::RegisterFunction(connection, OfTwo("_sluice_overlay", Overlay)));
  SLUICE_TRY(engine::RegisterFunction(connection, OfTwo("_sluice_without", Without)));
  SLUICE_TRY(engine::RegisterFunction(connection, MaskedFunction()));
  SLUICE_TRY(engine::RegisterTable(connection, std::string(kSpoolTable)));
  return engine::RegisterFunction(connection, DigestFunction());
}

SyncFunctions::Bound SyncFunctions::Bind(Binding binding) const {
  const std::lock_guard lock(table_->mutex);
  const int64_t number = table_->next++;
  table_->bindings.emplace(number, std::make_shared<const Binding>(std::move(binding)));
  return {table_, number};
}

SyncFunctions::Bound::Bound(std::shared_ptr<Table> table, int64_t number)
    : table_(std::move(table)), number_(number) {}

SyncFunctions::Bound::Bound(Bound&& other) noexcept
    : table_(std::move(other.table_)), number_(other.number_) {}

SyncFunctions::Bound::~Bound() {
  if (table_ == nullptr) return;
  const std::lock_guard lock(table_->mutex);
  table_->bindings.erase(number_);
}

void SyncFunctions::Bound::Suppress(
    std::shared_ptr<const connector::ForgottenHashes> people) const {
  const std::lock_guard lock(table_->mutex);
  std::shared_ptr<const Binding>& binding = table_->bindings.at(number_);
  Binding changed = *binding;
  changed.suppressed = std::move(people);
  binding = std::make_shared<const Binding>(std::move(changed));
}

}  // namespace sluice::sync
