# Random graphs of operators, here and on the cluster; `scripts/fuzz streams` runs as many as are wanted.
add_executable(fuzz_streams fuzz/streams.cpp)
target_link_libraries(fuzz_streams PRIVATE weir::weir)
weir_test_flags(fuzz_streams)
add_test(NAME fuzz/streams/threads COMMAND fuzz_streams 1 200)
add_test(NAME fuzz/streams/ranks COMMAND weir_tool run -n 3 $<TARGET_FILE:fuzz_streams> 1 200)
set_tests_properties(fuzz/streams/threads fuzz/streams/ranks PROPERTIES TIMEOUT 300)
weir_runs_on_ranks(fuzz/streams/ranks)
