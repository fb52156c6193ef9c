# Random chains of verbs against pandas, which is a package of the system's Python: on threads and on ranks.
add_executable(fuzz_frames fuzz/frames.cpp)
target_link_libraries(fuzz_frames PRIVATE weir::frame weir::weir)
weir_test_flags(fuzz_frames)
find_program(WEIR_PANDAS_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
foreach(way threads ranks)
  add_test(NAME fuzz/frames/${way} COMMAND ${WEIR_PANDAS_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/frames.py
    --program $<TARGET_FILE:fuzz_frames> --weir $<TARGET_FILE:weir_tool> --on ${way} --count 150 --seed 1)
  set_tests_properties(fuzz/frames/${way} PROPERTIES TIMEOUT 300)
endforeach()
weir_runs_on_ranks(fuzz/frames/ranks)
