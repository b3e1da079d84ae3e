// The files of a new project, from templates/ (embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace sluice::cli {

struct TemplateFile {
  std::string_view path;  // in the project
  std::string_view content;
};

std::span<const TemplateFile> TemplateFiles();

}  // namespace sluice::cli
