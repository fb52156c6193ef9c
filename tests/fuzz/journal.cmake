# Journals that are cut and changed anywhere; `scripts/fuzz journal` tries as many ways as are wanted.
add_executable(fuzz_journal EXCLUDE_FROM_ALL fuzz/journal.cpp)
target_link_libraries(fuzz_journal PRIVATE weir::weir weir_private)
target_include_directories(fuzz_journal PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
weir_test_flags(fuzz_journal)
