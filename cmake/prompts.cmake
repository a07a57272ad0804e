# share/prompts/NAME.txt, templates one a line, as a table of C strings, so that they can be used by
# name before anything is installed.
file(GLOB prompt_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/share/prompts/*.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${prompt_files})
set(rows "")
foreach(file ${prompt_files})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n      \"" text "${text}")
  string(APPEND rows "    { \"${name}\",\n      \"${text}\" },\n")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/prompt_sets.inc CONTENT "${rows}" @ONLY)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/eval/prompt_sets.c PROPERTIES
  INCLUDE_DIRECTORIES ${PROJECT_BINARY_DIR}/generated)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/share/prompts DESTINATION share/metaclip)
