# What is installed, and where. The `modules` target makes complete module folders, build/lib/5.x, and the static libraries.
#   FERRY_INSTALL_LMOD, FERRY_INSTALL_CMOD: where a Lua looks for Lua modules and C modules; relative to the prefix, or
#   absolute. Empty: share/lua/5.x and lib/lua/5.x. Given, they are for one Lua (LuaRocks gives them).
#   CMAKE_INSTALL_LIBDIR: what `lib` is called, where a system has folders of its own for each processor.
#   FERRY_INSTALL_BIN: where the command `ferry` goes. LuaRocks puts a script of its own before it, which knows its folders.
set(FERRY_INSTALL_LMOD "" CACHE STRING "Folder for Lua modules, for one Lua; empty: share/lua/5.x")
set(FERRY_INSTALL_CMOD "" CACHE STRING "Folder for C modules, for one Lua; empty: lib/lua/5.x")
set(FERRY_INSTALL_BIN "" CACHE STRING "Folder for the command; empty: bin, or not at all if FERRY_INSTALL_LMOD is given")
option(FERRY_INSTALL_DEVEL "Install the C header, the static libraries, and what CMake and pkg-config need to find them" ON)
list(LENGTH ferry_luas count)
if(count GREATER 1 AND (FERRY_INSTALL_LMOD OR FERRY_INSTALL_CMOD))
  message(FATAL_ERROR "FERRY_INSTALL_LMOD and FERRY_INSTALL_CMOD are one Lua's folders, and there are ${count}: set FERRY_LUAS")
endif()

set(libdir lib)
if(CMAKE_INSTALL_LIBDIR)
  set(libdir ${CMAKE_INSTALL_LIBDIR})
endif()
file(RELATIVE_PATH from_pkgconfig /${libdir}/pkgconfig /)  # to the prefix
file(RELATIVE_PATH from_cmake /${libdir}/cmake/ferry /)

# What programs that contain Ferry link besides, on this processor.
get_property(ferry_libraries GLOBAL PROPERTY FERRY_LIBRARIES)
set(ferry_library_flags "")
foreach(library ${ferry_libraries})
  string(APPEND ferry_library_flags " -l${library}")
endforeach()

include(CMakePackageConfigHelpers)
add_custom_target(modules)
foreach(version ${ferry_luas})
  string(REPLACE . "" short ${version})
  set(lmod share/lua/${version})
  set(cmod ${libdir}/lua/${version})
  if(FERRY_INSTALL_LMOD)
    set(lmod ${FERRY_INSTALL_LMOD})
  endif()
  if(FERRY_INSTALL_CMOD)
    set(cmod ${FERRY_INSTALL_CMOD})
  endif()
  add_dependencies(modules ferry_lua${short} ferry_static${short})
  install(TARGETS ferry_lua${short} LIBRARY DESTINATION ${cmod}/ferry)
  install(DIRECTORY lua/ DESTINATION ${lmod} FILES_MATCHING PATTERN *.lua)
  if(FERRY_INSTALL_DEVEL)
    install(FILES ${PROJECT_BINARY_DIR}/lib/libferry-${version}.a DESTINATION ${libdir})
    configure_file(cmake/ferry.pc.in ${PROJECT_BINARY_DIR}/ferry-${version}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/ferry-${version}.pc DESTINATION ${libdir}/pkgconfig)
  endif()
endforeach()

# The command, bin/ferry: a Lua script, run by the first interpreter of these that is there.
set(FERRY_INTERPRETERS "")
foreach(version 5.4 5.5 5.3 5.2 5.1)
  string(REPLACE . "" short ${version})
  if(TARGET ferry_lua${short})
    string(APPEND FERRY_INTERPRETERS "lua${version} lua${short} ")
  endif()
endforeach()
string(APPEND FERRY_INTERPRETERS lua)
configure_file(bin/ferry.in bin/ferry @ONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
if(FERRY_INSTALL_BIN)
  install(PROGRAMS ${PROJECT_BINARY_DIR}/bin/ferry DESTINATION ${FERRY_INSTALL_BIN})
elseif(NOT FERRY_INSTALL_LMOD)
  install(PROGRAMS ${PROJECT_BINARY_DIR}/bin/ferry DESTINATION bin)
  install(FILES docs/ferry.1 DESTINATION share/man/man1)
endif()

if(FERRY_INSTALL_DEVEL)
  install(DIRECTORY editors/luals DESTINATION share/ferry)
  install(FILES include/ferry.h DESTINATION include)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/ferry-config-version.cmake COMPATIBILITY SameMinorVersion)
  configure_file(cmake/ferry-config.cmake.in ${PROJECT_BINARY_DIR}/ferry-config.cmake @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/ferry-config.cmake ${PROJECT_BINARY_DIR}/ferry-config-version.cmake
    DESTINATION ${libdir}/cmake/ferry)
endif()
