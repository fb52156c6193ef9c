# Random graphs on simulated clusters; `scripts/fuzz scheduler` runs as many as are wanted.
add_executable(fuzz_scheduler fuzz/scheduler.cpp)
target_link_libraries(fuzz_scheduler PRIVATE weir::weir weir_private)
target_include_directories(fuzz_scheduler PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
weir_test_flags(fuzz_scheduler)
add_test(NAME fuzz/scheduler COMMAND fuzz_scheduler 1 1000)
set_tests_properties(fuzz/scheduler PROPERTIES TIMEOUT 300)
foreach(seed 1201346 1202322 1202566 1202673 1207667 1208461)  # which once failed
  add_test(NAME fuzz/scheduler/${seed} COMMAND fuzz_scheduler ${seed} 1)
endforeach()
