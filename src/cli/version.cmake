# Writes version_info.cc with the version and, where git knows it, the commit. Run at every build; the file
# is only touched when something changed.
set(commit "")
find_program(GIT git)
if(GIT AND EXISTS "${SOURCE_DIR}/.git")
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(text "#include \"cli/version.h\"

namespace sluice::cli {

std::string_view ProgramVersion() { return \"${VERSION}\"; }
std::string_view BuildCommit() { return \"${commit}\"; }

}  // namespace sluice::cli
")
set(before "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" before)
endif()
if(NOT before STREQUAL text)
  file(WRITE "${OUTPUT}" "${text}")
endif()
