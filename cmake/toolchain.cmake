# gcc before 14 silently miscompiles ordinary coroutine code (aggregate temporaries, capturing lambdas and
# conditions that hold co_await end in heap corruption), so it is refused rather than trusted.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "gcc ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines. Use clang 19 (cmake --preset release) or gcc 14.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# Set here for all alike: CMake would give libraries -fPIC, and a precompiled header fits one of the two only.
add_compile_options(-fPIE)
add_link_options(-pie)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # What uses a precompiled header is cached only when ccache may ignore time stamps, and is shared between build trees
  # by the checksum that compile_pch.sh leaves beside it.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1 ${CCACHE_PROGRAM})
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # CMake's own would name the header's source too, by a path that ccache doesn't make relative.
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)
  find_program(LLD_PROGRAM NAMES ld.lld-19 ld.lld)
  find_program(MOLD_PROGRAM mold)
  if(LLD_PROGRAM)
    add_link_options(--ld-path=${LLD_PROGRAM})
  elseif(MOLD_PROGRAM)
    add_link_options(--ld-path=${MOLD_PROGRAM})
  endif()
endif()

add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Werror=return-type)
if(STARLING_WERROR)
  add_compile_options(-Werror)
endif()

if(STARLING_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
                      -fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=address,undefined)
endif()
