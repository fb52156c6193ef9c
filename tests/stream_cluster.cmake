# Streams on the cluster: one program whose tests run inside weir::run, as threads and as ranks.
file(GLOB weir_stream_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/end_to_end/streams/*_test.cpp)
add_executable(cluster_stream_tests ${weir_stream_tests})
target_link_libraries(cluster_stream_tests PRIVATE weir_cluster_main weir::weir weir_private)
target_precompile_headers(cluster_stream_tests REUSE_FROM weir_test_support)
weir_test_flags(cluster_stream_tests)
add_test(NAME end_to_end/streams/threads COMMAND cluster_stream_tests)
set_tests_properties(end_to_end/streams/threads PROPERTIES TIMEOUT 300)
foreach(ranks 2 3)
  add_test(NAME end_to_end/streams/ranks_${ranks} COMMAND weir_tool run -n ${ranks}
    $<TARGET_FILE:cluster_stream_tests>)
  set_tests_properties(end_to_end/streams/ranks_${ranks} PROPERTIES TIMEOUT 300)
  weir_runs_on_ranks(end_to_end/streams/ranks_${ranks})
endforeach()

# Jobs whose workers are killed while a stream runs.
add_executable(stream_deaths_job end_to_end/programs/stream_deaths.cpp)
target_link_libraries(stream_deaths_job PRIVATE weir::weir)
weir_test_flags(stream_deaths_job)
weir_share_header(stream_deaths_job hello)
foreach(scenario stateless stateful waited grouped)
  foreach(seed RANGE 1 6)
    math(EXPR ranks "3 + ${seed} % 2")
    add_test(NAME end_to_end/stream_deaths/${scenario}_${seed} COMMAND weir_tool run -n ${ranks}
      $<TARGET_FILE:stream_deaths_job> ${scenario} ${seed})
    set_tests_properties(end_to_end/stream_deaths/${scenario}_${seed} PROPERTIES TIMEOUT 120)
    weir_runs_on_ranks(end_to_end/stream_deaths/${scenario}_${seed})
  endforeach()
endforeach()
