# Everything here is a Debian 12 package; ARCHITECTURE.md says what each is for.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(LibArchive REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SECP256K1 REQUIRED IMPORTED_TARGET libsecp256k1)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(NGTCP2 REQUIRED IMPORTED_TARGET libngtcp2 libngtcp2_crypto_gnutls)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)
find_package(CLI11 REQUIRED)

# Asio and Beast are compiled once, here, instead of in every file that includes them.
add_library(asio STATIC ${CMAKE_SOURCE_DIR}/cmake/asio.cpp)
target_compile_definitions(asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_link_libraries(asio PUBLIC Boost::headers Boost::json Boost::url OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_options(asio PRIVATE -w)
target_include_directories(asio PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)

# Asio's headers cost seconds a file; modules that say ASIO share one precompiled copy.
add_library(asio_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/asio_pch.cpp)
target_link_libraries(asio_pch PUBLIC asio)
target_precompile_headers(asio_pch PRIVATE <cmake/asio_pch.hpp>)
target_compile_options(asio_pch PRIVATE -Xclang -fno-pch-timestamp)
set_target_properties(asio_pch PROPERTIES CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/compile_pch.sh)
