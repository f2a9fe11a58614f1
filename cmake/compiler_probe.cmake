# SPDX-License-Identifier: Apache-2.0
# Chooses clang++-19 when nobody chose a compiler, and refuses any compiler that miscompiles the
# temporaries of a co_await expression (docs/decisions/0001-compiler.md).

function(sealane_default_compiler)
  if(NOT CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX})
    find_program(SEALANE_CLANGXX NAMES clang++-19)
    find_program(SEALANE_CLANG NAMES clang-19)
    if(SEALANE_CLANGXX AND SEALANE_CLANG)
      set(CMAKE_CXX_COMPILER "${SEALANE_CLANGXX}" CACHE FILEPATH "C++ compiler")
      set(CMAKE_C_COMPILER "${SEALANE_CLANG}" CACHE FILEPATH "C compiler")
    endif()
  endif()
endfunction()

function(sealane_probe_compiler)
  if(SEALANE_COMPILER_PROBE_PASSED)
    return()
  endif()
  try_run(run_result compile_result
    ${CMAKE_BINARY_DIR}/compiler_probe ${CMAKE_CURRENT_SOURCE_DIR}/cmake/compiler_probe.cc
    CXX_STANDARD 23 CXX_STANDARD_REQUIRED ON
    COMPILE_OUTPUT_VARIABLE output)
  if(NOT compile_result)
    message(FATAL_ERROR "this compiler cannot build C++23 with coroutines and std::expected:\n${output}\n"
      "Install clang-19 (script/bootstrap does) and configure in an empty build folder.")
  endif()
  if(NOT run_result EQUAL 0)
    message(FATAL_ERROR "this compiler destroys temporaries of co_await expressions more than once "
      "(probe result ${run_result}).\nInstall clang-19 (script/bootstrap does) and configure in an empty build folder.")
  endif()
  set(SEALANE_COMPILER_PROBE_PASSED ON CACHE INTERNAL "cmake/compiler_probe.cc ran and was right")
endfunction()
