# Finds or builds asmjit, as FERRY_ASMJIT says, and sets ferry_asmjit to its target; empty: there is none, and a status line says
# why. What is built here is position-independent; a package's archive is not (native/asmjit_stderr.c), so ferry_asmjit_packaged.
set(default system)
if(DEFINED ENV{FERRY_ASMJIT})  # for builds inside of others, as LuaRocks'
  set(default $ENV{FERRY_ASMJIT})
endif()
set(FERRY_ASMJIT ${default} CACHE STRING
  "asmjit, for native code: system (where the package is found), fetch (downloads it), a folder with its source, off")
set(ferry_asmjit "")
set(ferry_asmjit_packaged FALSE)

# The versions that the emitters are tested with, as pairs: from, below. asmjit renames between versions; native/asmjit.h has
# what differs.
set(known_versions 1.9 1.12 1.18 1.22)
set(known "1.9 to 1.11 and 1.18 to 1.21")
# Version 1.11, by the commit: its name is the hash of what it contains.
set(pinned_repository https://github.com/asmjit/asmjit.git)
set(pinned_commit 1da9e4d957fc8c48d1eac68c76c1b139b3691a24)

if(FERRY_ASMJIT STREQUAL off OR NOT FERRY_ASMJIT)
  message(STATUS "asmjit: turned off; calls go through the stub or libffi")
  return()
endif()
# Compilers for i386 may run on a system that calls itself x86_64.
include(CheckCXXSourceCompiles)
check_cxx_source_compiles("#if !defined(__LP64__) && !defined(__i386__)\n#error\n#endif\nint main() {}" FERRY_NATIVE_WORDS)
if(NOT CMAKE_SYSTEM_NAME STREQUAL Linux OR NOT FERRY_OS STREQUAL linux OR NOT FERRY_NATIVE_WORDS
   OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|i[3-6]86|aarch64|arm64)$")
  message(STATUS "asmjit: not used, there is no native code for this system or processor")
  return()
endif()

# Records of native code are registered with libgcc's unwinder, and its frames know libstdc++'s exceptions. LLVM's have both
# otherwise.
check_cxx_source_compiles("#include <cstddef>\n#ifndef __GLIBCXX__\n#error\n#endif\nint main() {}" FERRY_LIBSTDCXX)
if(NOT FERRY_LIBSTDCXX)
  message(STATUS "asmjit: not used, there is no native code with this C++ library")
  return()
endif()

# asmjit_known(VERSION OUT): whether it lies in one of the ranges.
function(asmjit_known version out)
  set(${out} FALSE PARENT_SCOPE)
  set(ranges ${known_versions})
  while(ranges)
    list(POP_FRONT ranges from below)
    if(version VERSION_GREATER_EQUAL from AND version VERSION_LESS below)
      set(${out} TRUE PARENT_SCOPE)
    endif()
  endwhile()
endfunction()

# asmjit_version(FOLDER OUT): from the header, which says "(1, 11, 0)" or "0x010900 /* 1.9.0 */".
function(asmjit_version folder out)
  set(version "unknown")
  if(EXISTS ${folder}/asmjit/core/api-config.h)
    file(STRINGS ${folder}/asmjit/core/api-config.h line REGEX "define ASMJIT_LIBRARY_VERSION ")
    string(REGEX REPLACE "^.*[(] *([0-9]+), *([0-9]+), *([0-9]+)[)].*$" "\\1.\\2.\\3" line "${line}")
    if(line MATCHES "([0-9]+[.][0-9]+[.][0-9]+)")
      set(version ${CMAKE_MATCH_1})
    endif()
  endif()
  set(${out} ${version} PARENT_SCOPE)
endfunction()

set(source "")
if(FERRY_ASMJIT STREQUAL system)
  find_package(asmjit CONFIG QUIET)
  if(NOT asmjit_FOUND)
    message(STATUS "asmjit: not found; calls go through the stub or libffi (FERRY_ASMJIT=fetch builds it)")
    return()
  endif()
  get_target_property(folder asmjit::asmjit INTERFACE_INCLUDE_DIRECTORIES)
else()
  include(FetchContent)
  if(NOT FERRY_ASMJIT STREQUAL fetch)
    get_filename_component(source ${FERRY_ASMJIT} ABSOLUTE BASE_DIR ${CMAKE_SOURCE_DIR})
    if(NOT EXISTS ${source}/src/asmjit/core.h AND NOT EXISTS ${source}/asmjit/core.h)
      message(FATAL_ERROR "FERRY_ASMJIT=${FERRY_ASMJIT} is none of system, fetch and off, and no folder with asmjit's source")
    endif()
    set(FETCHCONTENT_SOURCE_DIR_ASMJIT ${source})
  endif()
  FetchContent_Declare(asmjit GIT_REPOSITORY ${pinned_repository} GIT_TAG ${pinned_commit})
  FetchContent_GetProperties(asmjit)
  if(NOT asmjit_POPULATED)
    FetchContent_Populate(asmjit)
  endif()
  set(source ${asmjit_SOURCE_DIR})
  set(folder ${source}/src ${source})  # 1.19 has no src
endif()

foreach(candidate ${folder})
  asmjit_version(${candidate} version)
  if(NOT version STREQUAL unknown)
    break()
  endif()
endforeach()
asmjit_known(${version} is_known)
if(NOT is_known)
  message(STATUS "asmjit: version ${version} is not used, ferry knows ${known}; calls go through the stub or libffi")
  return()
endif()

if(source)
  message(STATUS "asmjit: ${version}, built from ${source}")
  set(ASMJIT_STATIC TRUE)
  set(ASMJIT_NO_FOREIGN FALSE)  # code for every processor is assembled everywhere
  add_subdirectory(${source} ${CMAKE_BINARY_DIR}/asmjit EXCLUDE_FROM_ALL)
  # Neither its headers nor its sources are held to our warnings.
  get_target_property(real asmjit::asmjit ALIASED_TARGET)
  if(NOT real)
    set(real asmjit::asmjit)
  endif()
  get_target_property(headers ${real} INTERFACE_INCLUDE_DIRECTORIES)
  set_property(TARGET ${real} APPEND PROPERTY INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${headers})
  target_compile_options(${real} PRIVATE -w)
else()
  message(STATUS "asmjit: ${version}, the system's")
  set(ferry_asmjit_packaged TRUE)
endif()
set(ferry_asmjit asmjit::asmjit)
