# module(NAME yamux DEPS base io [ASIO] [USES OpenSSL::Crypto ...])
#
# One static library a folder, of the folder's own sources. DEPS are modules; naming one that is not defined
# yet stops the configuration, so a cycle can't be written. ASIO says that the module includes Asio; USES names
# third-party libraries, which only this module then sees. The declared dependencies go to
# ${CMAKE_BINARY_DIR}/modules.txt, where the `tidy` test compares them with the includes.
file(WRITE ${CMAKE_BINARY_DIR}/modules.txt "")

function(module)
  cmake_parse_arguments(M "ASIO" "NAME" "DEPS;USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(dep IN LISTS M_DEPS)
    if(NOT TARGET ${dep})
      message(FATAL_ERROR "module ${M_NAME} (${folder}) depends on '${dep}', which is not defined yet: "
                          "dependencies point one way, see ARCHITECTURE.md")
    endif()
  endforeach()
  string(REPLACE ";" "," deps "${M_DEPS}")
  file(APPEND ${CMAKE_BINARY_DIR}/modules.txt "${M_NAME} ${folder} ${deps}\n")

  if(sources)
    add_library(${M_NAME} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${M_NAME} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_sources(${M_NAME} ${scope} FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR} FILES ${headers})
  target_include_directories(${M_NAME} ${scope} $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${M_NAME} ${scope} ${M_DEPS} ${M_USES})
  if(M_ASIO)
    target_link_libraries(${M_NAME} ${scope} asio)
    if(sources)
      use_asio_pch(${M_NAME})
    endif()
  endif()
  set_target_properties(${M_NAME} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

function(use_asio_pch target)
  target_precompile_headers(${target} REUSE_FROM asio_pch)
  target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
endfunction()
