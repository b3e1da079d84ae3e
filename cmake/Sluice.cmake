# sluice_library(NAME SOURCES ... DEPS ... [TESTS ...])
# One folder of src/ as one static library `sluice_NAME`, and its tests as one binary `NAME_test`.
add_library(sluice_options INTERFACE)
target_compile_options(sluice_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12 AND
   CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Optimised, g++ 12 sees copies inside std::string overlap that cannot (GCC bug 105651).
  target_compile_options(sluice_options INTERFACE $<$<CONFIG:Release>:-Wno-restrict>)
endif()
if(SLUICE_PCH)
  # Headers of the system are no longer told from ours: the same bug, in what was inlined from them.
  target_compile_options(sluice_options INTERFACE -Wno-array-bounds
    -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(SLUICE_WERROR)
  target_compile_options(sluice_options INTERFACE -Werror)
endif()
if(SLUICE_SANITIZE)
  string(REPLACE ";" "," _san "${SLUICE_SANITIZE}")
  target_compile_options(sluice_options INTERFACE -fsanitize=${_san} -fno-omit-frame-pointer)
  target_link_options(sluice_options INTERFACE -fsanitize=${_san})
endif()
target_include_directories(sluice_options INTERFACE ${PROJECT_SOURCE_DIR}/src)

# The headers that nearly every file includes, directly or by others; none of our own, which change. Tests have a
# second set: GoogleTest is most of what they include.
if(SLUICE_PCH)
  set(_standard <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <deque> <functional> <map>
    <memory> <mutex> <optional> <set> <span> <string> <string_view> <thread> <tuple> <unordered_map> <utility>
    <variant> <vector> <fmt/format.h>)
  file(WRITE ${PROJECT_BINARY_DIR}/pch.cc "")
  add_library(sluice_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cc)
  target_link_libraries(sluice_pch PRIVATE sluice_options fmt::fmt)
  target_precompile_headers(sluice_pch PRIVATE ${_standard})
  if(SLUICE_TESTS)
    # A program, as they are: its code is compiled with -fPIE, a library's with -fPIC.
    file(WRITE ${PROJECT_BINARY_DIR}/pch_tests.cc "int main() {}\n")
    add_executable(sluice_pch_tests ${PROJECT_BINARY_DIR}/pch_tests.cc)
    target_link_libraries(sluice_pch_tests PRIVATE sluice_options fmt::fmt GTest::gmock)
    target_precompile_headers(sluice_pch_tests PRIVATE ${_standard} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endif()

# sluice_test_program(NAME DEPS ... SOURCES ...): a binary of GoogleTest.
function(sluice_test_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  if(SLUICE_PCH)
    target_precompile_headers(${name} REUSE_FROM sluice_pch_tests)
  endif()
endfunction()

function(sluice_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS;TESTS;TEST_DEPS" ${ARGN})
  add_library(sluice_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(sluice_${name} PUBLIC sluice_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(SLUICE_PCH)
    target_precompile_headers(sluice_${name} REUSE_FROM sluice_pch)
  endif()
  if(SLUICE_TESTS AND ARG_TESTS)
    sluice_test_program(${name}_test SOURCES ${ARG_TESTS} DEPS sluice_${name} ${ARG_TEST_DEPS})
    # One ctest entry per binary: starting a process per case would cost more than the cases do.
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  endif()
endfunction()
