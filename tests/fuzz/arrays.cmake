# Random expressions against NumPy, which is a package of the system's Python: on threads and on ranks.
add_executable(fuzz_arrays fuzz/arrays.cpp)
target_link_libraries(fuzz_arrays PRIVATE weir::array weir::weir weir_private)
weir_test_flags(fuzz_arrays)
weir_share_header(fuzz_arrays hello)
find_program(WEIR_NUMPY_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
foreach(way threads ranks)
  add_test(NAME fuzz/arrays/${way} COMMAND ${WEIR_NUMPY_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/arrays.py
    --program $<TARGET_FILE:fuzz_arrays>
    --weir $<TARGET_FILE:weir_tool> --on ${way} --count 500 --seed 1
    --headers ${PROJECT_SOURCE_DIR}/include/weir/array)
  set_tests_properties(fuzz/arrays/${way} PROPERTIES TIMEOUT 300)
endforeach()
weir_runs_on_ranks(fuzz/arrays/ranks)
