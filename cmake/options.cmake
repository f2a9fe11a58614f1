# SPDX-License-Identifier: Apache-2.0
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(SEALANE_SANITIZE "" CACHE STRING "sanitizers of this build: empty, address, or thread")
option(SEALANE_FUZZERS "build the fuzz targets (needs Clang's libFuzzer)" OFF)
option(SEALANE_TESTS "build the tests" ON)

find_program(SEALANE_CCACHE ccache)
if(SEALANE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SEALANE_CCACHE})
endif()
find_program(SEALANE_LLD ld.lld-19)
if(SEALANE_LLD)
  add_link_options(-fuse-ld=${SEALANE_LLD})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Wimplicit-fallthrough -Werror)
# Boost.Asio 1.81 finds std::exchange, std::invoke_result and coroutines by itself on this compiler.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_ASIO_DISABLE_BOOST_COROUTINE=1)

if(SEALANE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(SEALANE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT SEALANE_SANITIZE STREQUAL "")
  message(FATAL_ERROR "SEALANE_SANITIZE is `${SEALANE_SANITIZE}`; use address or thread")
endif()
if(SEALANE_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong -D_GLIBCXX_ASSERTIONS
    -fstack-clash-protection -fcf-protection)
  add_link_options(-pie -Wl,-z,relro,-z,now)
endif()
