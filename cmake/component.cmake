# SPDX-License-Identifier: Apache-2.0
# component(mqtt SOURCES ... DEPS base LIBS ... TWINS ... TESTS ... FUZZERS ...)
#
# SOURCES  the static library sealane::mqtt
# DEPS     components it links (the linker's half of the layer table; tools/lint.py is the other)
# LIBS     third-party libraries that live in this component alone
# TWINS    test twins: library sealane::mqtt_testing, for tests and fuzzers only, never for a program
# TESTS    one test program, every file linked into it; TEST_DEPS adds libraries to it
# FUZZERS  one program per file, and its planted twin, which must crash (tools/fuzz_smoke.py)
function(component name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS;TWINS;TESTS;TEST_DEPS;FUZZERS" ${ARGN})
  list(TRANSFORM arg_DEPS PREPEND sealane::)
  add_library(sealane_${name} STATIC ${arg_SOURCES})
  add_library(sealane::${name} ALIAS sealane_${name})
  target_include_directories(sealane_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(sealane_${name} PUBLIC ${arg_DEPS} PRIVATE ${arg_LIBS})
  set(testing sealane::${name})
  if(arg_TWINS AND (SEALANE_TESTS OR SEALANE_FUZZERS))
    add_library(sealane_${name}_testing STATIC EXCLUDE_FROM_ALL ${arg_TWINS})
    add_library(sealane::${name}_testing ALIAS sealane_${name}_testing)
    target_link_libraries(sealane_${name}_testing PUBLIC sealane::${name})
    list(APPEND testing sealane::${name}_testing)
  endif()
  if(arg_TESTS AND SEALANE_TESTS)
    add_executable(${name}_test ${arg_TESTS})
    target_link_libraries(${name}_test PRIVATE ${testing} ${arg_TEST_DEPS} ${arg_LIBS} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS unit)
  endif()
  if(SEALANE_FUZZERS)
    foreach(file ${arg_FUZZERS})
      get_filename_component(target ${file} NAME_WE)
      foreach(twin "" _planted)
        add_executable(${target}${twin} ${file})
        target_link_libraries(${target}${twin} PRIVATE ${testing} ${arg_LIBS} -fsanitize=fuzzer)
      endforeach()
      target_compile_definitions(${target}_planted PRIVATE SEALANE_PLANTED_DEFECT=1)
      add_test(NAME fuzz.${target} COMMAND python3 ${PROJECT_SOURCE_DIR}/tools/fuzz_smoke.py
        $<TARGET_FILE:${target}> $<TARGET_FILE:${target}_planted>
        ${CMAKE_CURRENT_SOURCE_DIR}/testdata/fuzz/${target} ${CMAKE_CURRENT_SOURCE_DIR}/testdata/crashes/${target})
      set_tests_properties(fuzz.${target} PROPERTIES TIMEOUT 120 LABELS fuzz)
    endforeach()
  endif()
endfunction()
