#include "pipeline/events.h"

#include "base/json_text.h"

namespace sluice::pipeline {
namespace {

std::string Begin(std::string_view event, env::Micros at) {
  std::string line = R"({"version":1,"event":)";
  AppendJsonString(line, event);
  line += ",\"at\":";
  AppendJsonString(line, env::FormatIso(at));
  return line;
}

void Add(std::string& line, std::string_view name, std::string_view text) {
  line += ",\"";
  line += name;
  line += "\":";
  AppendJsonString(line, text);
}

void Add(std::string& line, std::string_view name, uint64_t number) {
  line += ",\"";
  line += name;
  line += "\":";
  line += std::to_string(number);
}

}  // namespace

std::string_view LevelName(report::Level level) {
  switch (level) {
    case report::Level::kInfo:
      return "info";
    case report::Level::kWarning:
      return "warning";
    case report::Level::kError:
      break;
  }
  return "error";
}

std::string StepBeganEvent(env::Micros at, std::string_view step) {
  std::string line = Begin("step_began", at);
  Add(line, "step", step);
  return line + "}";
}

std::string ProgressEvent(env::Micros at, std::string_view step, const report::Progress& progress) {
  std::string line = Begin("progress", at);
  Add(line, "step", step);
  Add(line, "rows", progress.rows);
  Add(line, "total_rows", progress.total_rows);
  Add(line, "bytes", progress.bytes);
  Add(line, "total_bytes", progress.total_bytes);
  const std::string_view phase = report::WordOf(progress.phase);
  if (!phase.empty()) Add(line, "phase", phase);
  return line + "}";
}

std::string StepEndedEvent(env::Micros at, std::string_view step, std::string_view outcome,
                           std::string_view summary) {
  std::string line = Begin("step_ended", at);
  Add(line, "step", step);
  Add(line, "outcome", outcome);
  Add(line, "summary", summary);
  return line + "}";
}

std::string NoteEvent(env::Micros at, report::Level level, std::string_view text) {
  std::string line = Begin("note", at);
  Add(line, "level", LevelName(level));
  Add(line, "text", text);
  return line + "}";
}

}  // namespace sluice::pipeline
