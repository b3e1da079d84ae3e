# Writes templates.cc: the files of a new project as they stand in templates/.
#   cmake -DOUTPUT=FILE -DFOLDER=templates -DNAMES="a;b" -P embed.cmake
# A leading dot would hide files from people and git alike, so templates have names without it; `dot_env`
# becomes `.env`.
set(text "#include \"cli/templates.h\"\n\nnamespace sluice::cli {\n
std::span<const TemplateFile> TemplateFiles() {\n  static constexpr TemplateFile kFiles[] = {\n")
foreach(name IN LISTS NAMES)
  file(READ "${FOLDER}/${name}" content)
  string(REGEX REPLACE "(^|/)dot_" "\\1." target "${name}")
  string(APPEND text "      {\"${target}\", R\"template(${content})template\"},\n")
endforeach()
string(APPEND text "  };\n  return kFiles;\n}\n\n}  // namespace sluice::cli\n")
file(WRITE "${OUTPUT}" "${text}")
