# What `make install` puts where: the command, both libraries, the headers, and two ways to be
# found: pkg-config and find_package(metaclip); man pages and completion are cli_docs.cmake's. All of it
# may be moved afterwards, for every path is relative to the file that holds it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/metaclip)

install(DIRECTORY include/metaclip DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
if(TARGET metaclip)
  install(TARGETS metaclip RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# ---- the libraries; two exports, so that the shared one is had without our dependencies ----
set_target_properties(metaclip_shared PROPERTIES EXPORT_NAME metaclip)
set_target_properties(metaclip_static PROPERTIES EXPORT_NAME static)
target_link_libraries(metaclip_static PUBLIC
  $<INSTALL_INTERFACE:PkgConfig::METACLIP_DEPS> $<INSTALL_INTERFACE:Threads::Threads>
  $<INSTALL_INTERFACE:bz2> $<INSTALL_INTERFACE:cld2> $<INSTALL_INTERFACE:m> $<INSTALL_INTERFACE:stdc++>)
foreach(kind shared static)
  install(TARGETS metaclip_${kind} EXPORT metaclip-${kind}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT metaclip-${kind} NAMESPACE metaclip:: DESTINATION ${package_dir})
endforeach()

configure_package_config_file(cmake/metaclip-config.cmake.in metaclip-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(metaclip-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/metaclip-config.cmake
  ${PROJECT_BINARY_DIR}/metaclip-config-version.cmake DESTINATION ${package_dir})

# ---- pkg-config ----
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR} OR IS_ABSOLUTE ${CMAKE_INSTALL_INCLUDEDIR})
  message(FATAL_ERROR "CMAKE_INSTALL_LIBDIR and CMAKE_INSTALL_INCLUDEDIR must be relative to the "
    "prefix, so that what is installed can be moved")
endif()
file(RELATIVE_PATH METACLIP_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" METACLIP_PC_PREFIX ${METACLIP_PC_PREFIX})
# libarchive's own list names what only a static libarchive needs, so it is named as a library.
set(required ${METACLIP_DEPS})
list(REMOVE_ITEM required libarchive)
list(JOIN required " " METACLIP_PC_REQUIRES)
configure_file(cmake/metaclip.pc.in metaclip.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/metaclip.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# ---- the documentation, whose pages name each other, and what gets the library for Parquet ----
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs ${PROJECT_SOURCE_DIR}/examples
  DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN CMakeLists.txt EXCLUDE)
install(PROGRAMS ${PROJECT_SOURCE_DIR}/scripts/fetch-duckdb DESTINATION share/metaclip)
