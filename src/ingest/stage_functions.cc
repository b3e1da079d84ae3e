#include "ingest/stage_functions.h"

#include <string_view>

#include "engine/functions.h"

namespace sluice::ingest {

Status StageFunctions::Register(engine::Connection& connection,
                                std::shared_ptr<StageFunctions> functions) {
  engine::FunctionSpec by_path;
  by_path.name = "sluice_file";
  by_path.parameters = {"VARCHAR"};
  by_path.result = "BIGINT";
  by_path.is_volatile = true;
  by_path.function = [functions](size_t rows, const std::vector<engine::Input>& inputs,
                                 engine::Output& output) -> Status {
    auto* ids = output.data<int64_t>();
    // A batch comes from one file: the lookup is needed once.
    std::string_view last;
    int64_t id = 0;
    for (size_t row = 0; row < rows; ++row) {
      const std::string_view path = inputs[0].text(row);
      if (row == 0 || path != last) {
        const std::lock_guard lock(functions->mutex_);
        const auto found = functions->files_.find(path);
        if (found == functions->files_.end()) return FailedError("a file that was not announced");
        id = found->second;
        last = path;
      }
      ids[row] = id;
    }
    return Status::Ok();
  };
  SLUICE_TRY(engine::RegisterFunction(connection, std::move(by_path)));

  engine::FunctionSpec by_id;
  by_id.name = "sluice_file";
  by_id.parameters = {"BIGINT"};
  by_id.result = "BIGINT";
  by_id.is_volatile = true;
  by_id.function = [](size_t rows, const std::vector<engine::Input>& inputs,
                      engine::Output& output) {
    std::copy_n(inputs[0].as<int64_t>(), rows, output.data<int64_t>());
    return Status::Ok();
  };
  SLUICE_TRY(engine::RegisterFunction(connection, std::move(by_id)));

  engine::FunctionSpec accept;
  accept.name = "sluice_accept";
  accept.parameters = {"BIGINT", "BOOLEAN", "BOOLEAN", "BOOLEAN"};
  accept.result = "BOOLEAN";
  accept.is_volatile = true;
  accept.function = [functions](size_t rows, const std::vector<engine::Input>& inputs,
                                engine::Output& output) {
    const auto* files = inputs[0].as<int64_t>();
    const auto* bad = inputs[1].as<bool>();
    const auto* too_long = inputs[2].as<bool>();
    const auto* forgotten = inputs[3].as<bool>();
    auto* accepted = output.data<bool>();
    std::map<int64_t, Tally> counted;
    Tally* tally = nullptr;
    for (size_t row = 0; row < rows; ++row) {
      if (row == 0 || files[row] != files[row - 1]) tally = &counted[files[row]];
      const bool is_bad = !inputs[1].is_null(row) && bad[row];
      const bool is_forgotten = !is_bad && !inputs[3].is_null(row) && forgotten[row];
      accepted[row] = !is_bad && !is_forgotten;
      tally->bad += is_bad ? 1 : 0;
      tally->forgotten += is_forgotten ? 1 : 0;
      tally->accepted += accepted[row] ? 1 : 0;
      tally->too_long += accepted[row] && !inputs[2].is_null(row) && too_long[row] ? 1 : 0;
    }
    const std::lock_guard lock(functions->mutex_);
    functions->rows_ += static_cast<int64_t>(rows);
    for (const auto& [file, more] : counted) {
      Tally& total = functions->tallies_[file];
      total.accepted += more.accepted;
      total.bad += more.bad;
      total.forgotten += more.forgotten;
      total.too_long += more.too_long;
    }
    return Status::Ok();
  };
  return engine::RegisterFunction(connection, std::move(accept));
}

void StageFunctions::Begin(std::map<std::string, int64_t, std::less<>> files) {
  const std::lock_guard lock(mutex_);
  files_ = std::move(files);
  tallies_.clear();
  rows_ = 0;
}

std::map<int64_t, StageFunctions::Tally> StageFunctions::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(tallies_, {});
}

int64_t StageFunctions::rows() const {
  const std::lock_guard lock(mutex_);
  return rows_;
}

}  // namespace sluice::ingest
