set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

option(HERMOD_BUILD_BENCH "Build the load generators of bench/" OFF)
option(HERMOD_BUILD_FUZZERS "Build the libFuzzer targets" OFF)
option(HERMOD_WERROR "Treat warnings as errors (CI)" OFF)
set(HERMOD_SANITIZE "" CACHE STRING "Value of -fsanitize=, empty for none")

find_program(CCACHE ccache)
if(CCACHE)
    # Paths below the checkout are hashed relative to it, so that one cache serves every checkout.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
            CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
    add_link_options(-fuse-ld=mold)
endif()

set_property(GLOBAL PROPERTY JOB_POOLS link=1)
set(CMAKE_JOB_POOL_LINK link)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor
    $<$<BOOL:${HERMOD_WERROR}>:-Werror> -Xclang -fno-pch-timestamp)
if(HERMOD_SANITIZE)
    add_compile_options(-fsanitize=${HERMOD_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${HERMOD_SANITIZE})
endif()
