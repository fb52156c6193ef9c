# README.md and docs/: the C++ blocks of all pages become one program, not optimized, whose blocks are run
# page by page.
file(GLOB docs_pages CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/README.md
  ${PROJECT_SOURCE_DIR}/docs/*.md
  ${PROJECT_SOURCE_DIR}/CONTRIBUTING.md ${PROJECT_SOURCE_DIR}/examples/README.md)
set(docs_test ${CMAKE_CURRENT_SOURCE_DIR}/docs_test.py)
set(docs_sources)
foreach(page ${docs_pages})
  string(MAKE_C_IDENTIFIER ${page} name)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/docs/${name}.cpp)
  add_custom_command(OUTPUT ${source} COMMAND Python3::Interpreter ${docs_test} --root ${PROJECT_SOURCE_DIR}
    --extract ${page} ${source}
    DEPENDS ${PROJECT_SOURCE_DIR}/${page} ${docs_test} VERBATIM)
  list(APPEND docs_sources ${source})
endforeach()
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/docs)
# Extracted before the other tests are compiled: what waits for a command comes last in a build, and the last
# pages would be compiled on one core.
add_custom_target(docs_sources DEPENDS ${docs_sources})
add_dependencies(weir_test_support docs_sources)
add_executable(docs_blocks docs/main.cpp ${docs_sources})
target_link_libraries(docs_blocks PRIVATE weir::array weir::collections weir::frame)
if(WEIR_UNITY)
  set_target_properties(docs_blocks PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
endif()
target_include_directories(docs_blocks PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_precompile_headers(docs_blocks PRIVATE docs/blocks.hpp)
weir_own_flags(docs_blocks)
# What a page shows need not be used, and is compiled for what it does, not for speed.
target_compile_options(docs_blocks PRIVATE -O0 -Wno-unused -Wno-unused-result -Wno-unknown-pragmas)
foreach(page ${docs_pages})
  add_test(NAME docs/${page} COMMAND Python3::Interpreter ${docs_test} --root ${PROJECT_SOURCE_DIR} --run
    ${page} $<TARGET_FILE:docs_blocks> $<TARGET_FILE:weir_tool>)
  set_tests_properties(docs/${page} PROPERTIES TIMEOUT 600)
endforeach()
add_test(NAME docs/checks COMMAND Python3::Interpreter ${docs_test} --root ${PROJECT_SOURCE_DIR} --check)
add_test(NAME docs/checker COMMAND Python3::Interpreter ${docs_test} --self)
# The reference of the interface, whose warnings are errors; passed over where there is no doxygen.
add_test(NAME docs/reference COMMAND sh -c "command -v doxygen >/dev/null && command -v dot >/dev/null || exit 77; exec ${PROJECT_SOURCE_DIR}/scripts/docs ${CMAKE_CURRENT_BINARY_DIR}/docs/site")
set_tests_properties(docs/reference PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 COST 20)
