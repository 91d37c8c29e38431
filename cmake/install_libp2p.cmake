# `cmake --install BUILD --component libp2p` puts the library where find_package(libp2p) finds it; a program then links
# libp2p::host, or single modules. The libraries are called libp2p_MODULE.a, since short names belong to others
# (libcrypto.a).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(libp2p_modules
    base multi crypto identity io multistream noise tls yamux transport pnet tcp dns memory upgrader websocket quic swarm
    ping identify mdns gossipsub perf host)

foreach(m IN LISTS libp2p_modules)
  add_library(libp2p::${m} ALIAS ${m})
endforeach()
set_target_properties(asio PROPERTIES OUTPUT_NAME p2p_asio)
foreach(m IN LISTS libp2p_modules)
  get_target_property(type ${m} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    set_target_properties(${m} PROPERTIES OUTPUT_NAME p2p_${m})
  endif()
endforeach()
target_compile_features(asio PUBLIC cxx_std_23)

install(TARGETS asio ${libp2p_modules} EXPORT libp2pTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libp2p
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT libp2p)
install(EXPORT libp2pTargets NAMESPACE libp2p::
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/libp2p COMPONENT libp2p)

configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/libp2pConfig.cmake.in ${CMAKE_BINARY_DIR}/libp2pConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/libp2p)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/libp2pConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/libp2pConfig.cmake ${CMAKE_BINARY_DIR}/libp2pConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/libp2p COMPONENT libp2p)
