# Cross-compiles for Debian's ARCH with its packages unpacked in a foreign root (tests/cross/run.sh):
#   cmake --toolchain tests/cross/toolchain.cmake -DFERRY_CROSS_TRIPLET=aarch64-linux-gnu -DFERRY_CROSS_ROOT=DIR
#   cmake --toolchain tests/cross/toolchain.cmake -DFERRY_CROSS_TRIPLET=x86_64-w64-mingw32 -DFERRY_CROSS_ROOT=DIR
set(CMAKE_SYSTEM_NAME Linux)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FERRY_CROSS_TRIPLET FERRY_CROSS_ROOT)
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR ${FERRY_CROSS_TRIPLET})
set(CMAKE_C_COMPILER ${FERRY_CROSS_TRIPLET}-gcc)
set(CMAKE_CXX_COMPILER ${FERRY_CROSS_TRIPLET}-g++)
# Debian's folders are named after the architecture, its compiler after the processor it compiles for.
string(REGEX REPLACE "^i.86" i386 folder ${FERRY_CROSS_TRIPLET})
set(CMAKE_LIBRARY_ARCHITECTURE ${folder})
set(CMAKE_FIND_ROOT_PATH ${FERRY_CROSS_ROOT})
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${FERRY_CROSS_ROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${FERRY_CROSS_ROOT}/usr/lib/${folder}/pkgconfig:${FERRY_CROSS_ROOT}/usr/share/pkgconfig)
# The compiler for Windows brings all but Lua and GoogleTest; it comes in two, by their threads.
if(FERRY_CROSS_TRIPLET MATCHES mingw)
  set(CMAKE_SYSTEM_NAME Windows)
  set(CMAKE_C_COMPILER ${FERRY_CROSS_TRIPLET}-gcc-posix)
  set(CMAKE_CXX_COMPILER ${FERRY_CROSS_TRIPLET}-g++-posix)
  list(APPEND CMAKE_FIND_ROOT_PATH /usr/${FERRY_CROSS_TRIPLET})
  foreach(kind EXE MODULE)  # the libraries of C++ and of threads, which no Windows has
    set(CMAKE_${kind}_LINKER_FLAGS_INIT -static)
  endforeach()
  set(ENV{PKG_CONFIG_SYSROOT_DIR} "")
  set(ENV{PKG_CONFIG_LIBDIR} ${FERRY_CROSS_ROOT}/lib/pkgconfig)
else()
  set(CMAKE_SYSROOT ${FERRY_CROSS_ROOT})
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
