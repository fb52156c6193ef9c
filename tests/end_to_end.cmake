# Programs of tests that run inside weir::run, as threads and as ranks; and tests that start whole jobs and
# look at them from outside.
add_library(weir_cluster_main STATIC support/cluster_main.cpp)
set_source_files_properties(support/cluster_main.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
target_link_libraries(weir_cluster_main PUBLIC weir_test_support)
weir_test_flags(weir_cluster_main)

# Jobs that the tests below drive: end_to_end/programs/<name>.cpp.
function(weir_job name)
  add_executable(${name}_job end_to_end/programs/${name}.cpp)
  target_link_libraries(${name}_job PRIVATE weir::weir)
  target_include_directories(${name}_job PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  weir_test_flags(${name}_job)
  weir_share_header(${name}_job hello)
  string(TOUPPER ${name} upper)
  target_compile_definitions(end_to_end_tests PRIVATE ${upper}_JOB="$<TARGET_FILE:${name}_job>")
  add_dependencies(end_to_end_tests ${name}_job)
endfunction()

weir_unit_tests(end_to_end)
target_compile_definitions(end_to_end_tests PRIVATE WEIR_TOOL="$<TARGET_FILE:weir_tool>")
add_dependencies(end_to_end_tests weir_tool)
weir_job(deaths)
weir_job(bodies)
weir_job(shows)
weir_job(memory)
weir_job(journal)
weir_job(resume)
weir_job(guest)
target_link_libraries(memory_job PRIVATE weir::array)
target_link_libraries(resume_job PRIVATE weir::array)
# They wait more than they compute: each counts as one, and begins early.
set_tests_properties(end_to_end/deaths end_to_end/body end_to_end/shows end_to_end/memory end_to_end/journal
  PROPERTIES COST 60)

foreach(name futures arguments given errors values workers nested gangs)
  weir_test(end_to_end/${name} ALONE RANKS 1 2 3 5)
endforeach()
add_test(NAME end_to_end/given/checked COMMAND end_to_end_given)
set_tests_properties(end_to_end/given/checked PROPERTIES ENVIRONMENT WEIR_CHECK_ARGUMENTS=1 TIMEOUT 300)
weir_test(end_to_end/ends ALONE RANKS 3)
weir_test(end_to_end/coordination ALONE RANKS 5)
weir_test(end_to_end/shared_deaths RANKS 14)  # most of which die
set_property(TEST end_to_end/ends/threads end_to_end/ends/ranks_3
  APPEND PROPERTY ENVIRONMENT WEIR_STOP_GRACE=200ms)
weir_test(end_to_end/arrays ARRAY ALONE RANKS 1 2 3 5)
weir_test(end_to_end/frames FRAME RANKS 3)
