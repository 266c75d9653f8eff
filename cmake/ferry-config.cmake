# find_package(ferry): ferry::ferry-5.x, the static library for each Lua that is installed here. The program links its own Lua.
get_filename_component(ferry_prefix ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
find_package(Threads REQUIRED)
foreach(ferry_version 5.1 5.2 5.3 5.4 5.5)
  set(ferry_archive ${ferry_prefix}/lib/libferry-${ferry_version}.a)
  if(EXISTS ${ferry_archive} AND NOT TARGET ferry::ferry-${ferry_version})
    add_library(ferry::ferry-${ferry_version} STATIC IMPORTED)
    set_target_properties(ferry::ferry-${ferry_version} PROPERTIES
      IMPORTED_LOCATION ${ferry_archive}
      IMPORTED_LINK_INTERFACE_LANGUAGES CXX
      INTERFACE_INCLUDE_DIRECTORIES ${ferry_prefix}/include
      INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
  endif()
endforeach()
unset(ferry_archive)
unset(ferry_prefix)
unset(ferry_version)
