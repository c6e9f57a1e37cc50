# Every dependency has its reason in docs/dependencies.md.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)

# Debian's libphonenumber-dev excludes Boost 1.81, so script/setup unpacks its headers here.
add_library(phonenumber INTERFACE)
target_include_directories(phonenumber SYSTEM INTERFACE ${CMAKE_SOURCE_DIR}/build/deps/phonenumber/usr/include)
find_library(PHONENUMBER_LIBRARY NAMES libphonenumber.so.8 REQUIRED)
target_link_libraries(phonenumber INTERFACE ${PHONENUMBER_LIBRARY} protobuf)

add_compile_definitions(
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_DATE_TIME
    BOOST_BEAST_SEPARATE_COMPILATION
    SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
