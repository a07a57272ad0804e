# Texts of share/, each file a row { name, text } of a table of C strings, so that they can be used by
# name before anything is installed. FILE.inc is included by SOURCE.
function(embed_texts pattern inc source)
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/share/${pattern})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(rows "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n      \"" text "${text}")
    string(APPEND rows "    { \"${name}\",\n      \"${text}\" },\n")
  endforeach()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/${inc} CONTENT "${rows}" @ONLY)
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/${source} PROPERTIES
    INCLUDE_DIRECTORIES ${PROJECT_BINARY_DIR}/generated)
endfunction()

embed_texts(prompts/*.txt eval/prompt_sets.inc eval/prompt_sets.c) # templates, one a line
embed_texts(configs/*.json train/presets.inc train/presets.c)      # configs of training

install(DIRECTORY ${PROJECT_SOURCE_DIR}/share/prompts ${PROJECT_SOURCE_DIR}/share/configs
  DESTINATION share/metaclip)
