# Man pages and shell completion: written by the built command out of its own tables of options,
# so that they cannot get out of step. Part of ALL.
#
# Run as a script (cmake -D PROGRAM=.. -D ARGUMENTS=.. -D FILE=.. -P this), it writes one of them:
# what PROGRAM prints becomes FILE, whole or not at all.
if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND "${PROGRAM}" help ${ARGUMENTS} OUTPUT_FILE "${FILE}.tmp"
    COMMAND_ERROR_IS_FATAL ANY)
  file(RENAME "${FILE}.tmp" "${FILE}")
  return()
endif()

include(GNUInstallDirs)

set(CLI_DOCS_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
set(CLI_DOCS)

function(metaclip_write_doc file)
  add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/${file}
    COMMAND ${CMAKE_COMMAND} -D "PROGRAM=$<TARGET_FILE:metaclip>" -D "ARGUMENTS=${ARGN}"
      -D "FILE=${PROJECT_BINARY_DIR}/${file}" -P ${CLI_DOCS_SCRIPT}
    DEPENDS metaclip ${CLI_DOCS_SCRIPT} VERBATIM)
  set(CLI_DOCS ${CLI_DOCS} ${PROJECT_BINARY_DIR}/${file} PARENT_SCOPE)
endfunction()

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man ${PROJECT_BINARY_DIR}/completion)
metaclip_write_doc(man/metaclip.1 --man)
file(GLOB CLI_COMMANDS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/cmd_*.c)
foreach(source ${CLI_COMMANDS})
  get_filename_component(command ${source} NAME_WE)
  string(REPLACE cmd_ "" command ${command})
  string(REPLACE _ - command ${command})
  metaclip_write_doc(man/metaclip-${command}.1 --man ${command})
endforeach()
metaclip_write_doc(completion/metaclip.bash --completion bash)
metaclip_write_doc(completion/_metaclip --completion zsh)

add_custom_target(cli_docs ALL DEPENDS ${CLI_DOCS})

install(DIRECTORY ${PROJECT_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
  FILES_MATCHING PATTERN "*.1")
install(FILES ${PROJECT_BINARY_DIR}/completion/metaclip.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME metaclip)
install(FILES ${PROJECT_BINARY_DIR}/completion/_metaclip
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
