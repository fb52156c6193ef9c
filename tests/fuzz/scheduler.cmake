# Random graphs on simulated clusters; `scripts/fuzz scheduler` runs as many as are wanted.
add_executable(fuzz_scheduler fuzz/scheduler.cpp)
target_link_libraries(fuzz_scheduler PRIVATE weir::weir weir_private)
target_include_directories(fuzz_scheduler PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
weir_test_flags(fuzz_scheduler)
add_test(NAME fuzz/scheduler COMMAND fuzz_scheduler 1 1000)
set_tests_properties(fuzz/scheduler PROPERTIES TIMEOUT 300)
