# Messages, frames and values with bytes changed; `scripts/fuzz codec` tries as many as are wanted.
add_executable(fuzz_codec fuzz/codec.cpp)
target_link_libraries(fuzz_codec PRIVATE weir::weir weir_private)
target_include_directories(fuzz_codec PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
weir_test_flags(fuzz_codec)
weir_share_header(fuzz_codec hello)
add_test(NAME fuzz/codec COMMAND fuzz_codec 1 2000)
set_tests_properties(fuzz/codec PROPERTIES TIMEOUT 300)
