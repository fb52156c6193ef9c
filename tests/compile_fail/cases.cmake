# Programs that must not compile, and what the compiler must say about them.
weir_compile_fail_header()
weir_compile_fail(core/duration_from_number "weir: a duration needs a unit: write .*500ms")
weir_compile_fail(stream/delay_number "weir: a duration needs a unit: write .*500ms")
weir_compile_fail(client/capturing_lambda
  "weir: submit: this function object cannot travel to another process. A lambda must not capture: pass the values")
weir_compile_fail(client/pointer_argument
  "weir: submit: this argument cannot travel to another process.*pointers, references, mutexes, streams and threads cannot travel")
weir_compile_fail(client/wrong_argument_type
  "weir: submit: the function cannot be called with these arguments. Check their number and types")
weir_compile_fail(client/too_few_arguments
  "weir: submit: the function cannot be called with these arguments. Check their number and types")
weir_compile_fail(client/pointer_in_struct "weir: submit: this argument cannot travel to another process")
weir_compile_fail(client/pointer_in_serialize
  "weir: a pointer cannot travel to another process. Use std::unique_ptr or std::shared_ptr")
weir_compile_fail(client/overloaded_function
  "weir: submit: this function has several forms, or is a template: choose one, client.submit.weir::overload<")
weir_compile_fail(client/overloaded_with_options
  "weir: submit: this function has several forms, or is a template: choose one, client.submit.options, weir::overload<")
weir_compile_fail(client/overloaded_in_map
  "weir: map: this function has several forms, or is a template: choose one, client.map.weir::overload<")
weir_compile_fail(client/overloaded_like_ours
  "weir: submit: this function has several forms, or is a template: choose one, client.submit.weir::overload<")
weir_compile_fail(client/map_without_ranges
  "weir: map: what follows the function must be ranges, one for each of its parameters")
weir_compile_fail(client/map_wrong_element "weir: map: the function cannot be called with these arguments")
weir_compile_fail(client/gather_several
  "weir: gather: takes one future, or several of one type between braces or in a std::vector")
weir_compile_fail(client/gather_number "weir: gather: takes futures: one, several of one type between braces")
weir_compile_fail(client/wait_several
  "weir: wait: takes futures of one type between braces or in a std::vector: client.wait.{a, b}.; one alone")
weir_compile_fail(client/wait_timeout "weir: wait: says first what it waits for, then how long: client.wait.futures, ")
weir_compile_fail(client/as_completed_several
  "weir: as_completed: takes futures of one type between braces or in a std::vector: weir::as_completed.{a, b}.")
weir_compile_fail(client/when_all_several
  "weir: when_all: takes futures of one type between braces or in a std::vector: client.when_all.{a, b}.")
weir_compile_fail(client/overloaded_number
  "weir: submit: this function has several forms, or is a template: choose one, client.submit.weir::overload<")
weir_compile_fail(client/overloaded_text
  "weir: submit: this function has several forms, or is a template: choose one, client.submit.weir::overload<")
weir_compile_fail(client/overloaded_defaults
  "weir: submit: this function has several forms, or is a template: choose one, client.submit.weir::overload<")
weir_compile_fail(client/overloaded_defaults_in_map
  "weir: map: this function has several forms, or is a template: choose one, client.map.weir::overload<")
weir_compile_fail(client/overloaded_of_ours
  "weir: submit: this function has several forms, or is a template: choose one, client.submit.weir::overload<")
weir_compile_fail(client/overloaded_otherwise
  "ChooseOneFormByWeirOverload::submit|weir: choose one form: weir::overload<double.double.>.f., or a lambda")
weir_compile_fail(client/default_argument
  "weir: submit: .*Check their number and types .default arguments are not known here: give them too, or write a lambda.")
weir_compile_fail(client/overloaded_characters
  "weir: map: this function has several forms, or is a template: choose one, client.map.weir::overload<")
weir_compile_fail(stream/map_overloaded_characters
  "weir: map: this function has several forms, or is a template: choose one, .map.weir::overload<")
weir_compile_fail(client/changed_argument "weir: submit: .*a parameter must be taken by value or const reference")
weir_compile_fail(client/result_cannot_travel
  "weir: submit: the result of this function cannot travel to another process")
weir_compile_fail(client/cached_lambda
  "weir: submit: weir::cached: a lambda has no name by which another run finds its results; name it: make it a function")
weir_compile_fail(client/cached_lambda_argument
  "weir: submit: weir::cached: a lambda among the arguments has no name by which another run finds the result; name it: make it a function")
weir_compile_fail(client/cached_unordered
  "weir: submit: weir::cached: an unordered container has another order in another run; pass a std::map or std::set, or weir::unkeyed.x.")
weir_compile_fail(client/cached_unordered_member
  "weir: submit: weir::cached: an unordered container has another order in another run; pass a std::map or std::set, or weir::unkeyed.x.")
weir_compile_fail(stream/gather_missing
  "weir: gather\\(\\) is missing: the elements are on the cluster; write .gather\\(\\).sink\\(f\\)")
weir_compile_fail(stream/connect_gather_missing
  "weir: connect: gather\\(\\) is missing: the elements are on the cluster; write .gather\\(\\).connect\\(stream\\), or connect to what scatter\\(\\) gave")
weir_compile_fail(stream/gather_missing_in_join
  "weir: combine_latest: gather\\(\\) is missing: one of the streams is on the cluster, the first one is not")
weir_compile_fail(stream/capture_on_cluster
  "weir: map: .*Below scatter\\(\\) a lambda must not capture: pass the values as further arguments")
weir_compile_fail(stream/map_function
  "weir: map: the function cannot be called with an element of this stream")
weir_compile_fail(stream/map_overloaded
  "weir: map: this function has several forms, or is a template: choose one, .map.weir::overload<")
weir_compile_fail(stream/starmap_overloaded
  "weir: starmap: this function has several forms, or is a template: choose one, .starmap.weir::overload<")
weir_compile_fail(stream/accumulate_overloaded
  "weir: accumulate: this function has several forms, or is a template: choose one, .accumulate.weir::overload<")
weir_compile_fail(stream/map_async_overloaded
  "weir: map_async: this function has several forms, or is a template: choose one, .map_async.weir::overload<")
weir_compile_fail(stream/filter_overloaded
  "weir: filter: this function has several forms, or is a template: choose one, .filter.weir::overload<")
weir_compile_fail(stream/sink_overloaded
  "weir: sink: this function has several forms, or is a template: choose one, .sink.weir::overload<")
weir_compile_fail(stream/filter_function
  "weir: filter: the function must take an element of this stream and the further arguments, and return a bool")
weir_compile_fail(stream/sink_function
  "weir: sink: the function cannot be called with an element of this stream")
weir_compile_fail(stream/starmap_function
  "weir: starmap: the function cannot be called with the items of an element")
weir_compile_fail(stream/merge_types "weir: merge: every argument is a stream, and all have the same element type")
weir_compile_fail(stream/pluck_no_item "weir: pluck: an element of this stream has no item by this key")
weir_compile_fail(stream/flatten_no_range
  "weir: flatten: an element of this stream must be a container, a string, a range or an optional")
weir_compile_fail(stream/unique_without_equality
  "weir: unique: an element of this stream must have a hash, an operator < or an operator ==")
weir_compile_fail(stream/frequencies_without_order
  "weir: frequencies: the elements of this stream must have an operator <")
weir_compile_fail(stream/group_by_lambda
  "weir: group_by: .*what is applied to each group is an operator made of a kernel")
weir_compile_fail(stream/kernel_without_out
  "weir: apply: the kernel of this operator does not say what it emits")
weir_compile_fail(stream/kernel_without_push
  "weir: apply: the kernel of this operator cannot take the elements of the stream")
weir_compile_fail(stream/timed_kernel_without_fire
  "weir: apply: a kernel with due.. or fire.. needs all three")
weir_compile_fail(stream/take_while_function
  "weir: take_while: the function must take an element of this stream and return a bool")
weir_compile_fail(stream/accumulate_function
  "weir: accumulate: the function must take the state, an element of this stream and the further arguments")
weir_compile_fail(stream/group_by_key
  "weir: group_by: the key must be a function of an element of this stream")

weir_compile_fail(stream/map_void "weir: map: the function must return a value; use sink")
weir_compile_fail(stream/chain "weir: map: the function cannot be called with an element of this stream")
weir_compile_fail(stream/split_function "weir: split: the function must take an element of this stream and return a bool")
weir_compile_fail(stream/partition_key
  "weir: partition: behind the number comes a timeout, a key or both; the key must be a function of an element")
weir_compile_fail(stream/time_function
  "weir: tumbling_window: the time must be a function of an element of this stream")
weir_compile_fail(stream/scatter_pointer "weir: scatter: elements of this type cannot travel to another process")
weir_compile_fail(stream/merge_sides "weir: merge: gather\\(\\) is missing: one of the streams is on the cluster")
weir_compile_fail(stream/apply_number "weir: apply: an operator is made of a kernel")
weir_compile_fail(client/gang_function "weir: submit: a function that a gang runs must take weir::Gang& first")
weir_compile_fail(client/gang_each_void "weir: submit: gang.each\\(\\): the function returns nothing")
weir_compile_fail(client/scatter_pointer "weir: scatter: a value of this type cannot travel to another process")
weir_compile_fail(client/delayed_with_arguments
  "weir: delayed: takes the function, and what it makes of it takes the arguments: weir::delayed.f..x, y.")
weir_compile_fail(client/delayed_arguments "weir: delayed: the function cannot be called with these arguments")
weir_compile_fail(client/with_options "weir: submit: the function cannot be called with these arguments")
weir_compile_fail(client/on_workers "weir: run_on_workers: this function object cannot travel to another process")
weir_compile_fail(actor/call_arguments "weir: call: this cannot be called on the actor with these arguments")
weir_compile_fail(actor/made_of "weir: actor: an object of this type cannot be made of these arguments")
weir_compile_fail(bag/map_function "weir: map: the function cannot be called with an element of this bag")
weir_compile_fail(bag/map_capture "weir: map: a function or an argument of it cannot travel to another process")
weir_compile_fail(bag/filter_overloaded "weir: filter: this function has several forms, or is a template")
weir_compile_fail(bag/groupby_key "weir: groupby: the key must be a function of a const element of this bag")
weir_compile_fail(frame/rolling_member "weir: rolling: is a further column: with")
weir_compile_fail(frame/to_array_member "weir: to_array: is a function: weir::to_array<double>.frame")
weir_compile_fail(bag/std_member "weir: std: is called stddev")
weir_compile_fail(frame/pandas_name "weir: groupby: is called group_by")
weir_compile_fail(frame/set_index "weir: set_index: a frame has no index: rows are found by columns; sort_by puts")
weir_compile_fail(frame/mean_of_groups "weir: mean: is an aggregation: write group_by.*agg.weir::mean")
weir_compile_fail(frame/brackets "weir: frame..: a column in an expression is weir::col")
weir_compile_fail(frame/row_members "weir: collect: a row is a plain struct, whose members")
weir_compile_fail(array/map_blocks_function "weir: map_blocks: the function must take a chunk of each array")
weir_compile_fail(stream/on_error_text
  "weir: on_error: must be given weir::on_error::raise, skip, retry.times. or dead_letter.stream.")
weir_compile_fail(stream/on_error_on_cluster
  "weir: on_error: must be given weir::on_error::raise, skip, retry.times. or dead_letter.stream.")
weir_compile_fail(stream/on_error_of_sink "weir: on_error: must be given weir::on_error::raise")
weir_compile_fail(stream/emit_type "weir: emit: this is no element of the stream")
weir_compile_fail(stream/emit_uncopied
  "weir: emit: this is no element of the stream.*what cannot be copied must be moved")
weir_compile_fail(stream/emit_nothing "weir: emit: takes one element, and on_done if that is wanted")
weir_compile_fail(stream/emit_several "weir: emit: takes one element.*several values are one")
weir_compile_fail(free/merge_by_time_streams
  "weir: merge_by_time: the function of the time comes first, then the streams")
weir_compile_fail(free/merge_by_time_types "weir: merge_by_time: the streams must have the same element type")
weir_compile_fail(free/merge_by_time_function
  "weir: merge_by_time: the time must be a function of an element of the streams")
weir_compile_fail(stream/try_emit_type "weir: try_emit: this is no element of the stream")
weir_compile_fail(stream/pipe_function "weir: .: an operator is made of a kernel")
weir_compile_fail(stream/pipe_on_cluster "weir: .: an operator is made of a kernel")
weir_compile_fail(stream/take_until_on_cluster
  "weir: take_until: gather.. is missing: the stream it listens to is on the cluster")
weir_compile_fail(stream/flush_by_number
  "weir: flush_by: must be given a weir::Stream, every element of which is a signal")
weir_compile_fail(stream/dead_letter_type
  "weir: dead_letter: must be given a weir::Stream<weir::Letter<T>>")
weir_compile_fail(bag/zip_number "weir: zip: must be given another bag")
weir_compile_fail(array/map_overlap_depth
  "weir: map_overlap: takes a function, an array and how far the function looks")
weir_compile_fail(client/variable_type "weir: set: the value is not of the Variable's type")
weir_compile_fail(client/lock_number "weir: acquire: a duration needs a unit: write .*500ms")
weir_compile_fail(client/publish_value "weir: publish: must be given a future")
weir_compile_fail(stream/textfile_no_text
  "weir: sink_to_textfile: an element of this stream must be text, a number or have an operator <<")
weir_compile_fail(free/from_iterable "weir: from_iterable: must be given a container or another range")
weir_compile_fail(free/from_range "weir: from_range: begin, end and step must have one type")
weir_compile_fail(free/from_periodic
  "weir: from_periodic: the function must take no arguments and return an element")
weir_compile_fail(free/join_key
  "weir: join: the first key must be a function of an element of the first stream")
weir_compile_fail(free/join_keys "weir: left_join: both keys must return the same type")
weir_compile_fail(bag/fold_function
  "weir: fold: the function must take a value so far and an element of this bag and return a value")
weir_compile_fail(bag/fold_combine
  "weir: fold: .*two values become one by the same or by a further function: fold.f, initial, combine.")
weir_compile_fail(bag/foldby_function
  "weir: foldby: the function must take a value so far and an element of this bag")
weir_compile_fail(bag/accumulate_function
  "weir: accumulate: the function must take the last result and an element of this bag")
weir_compile_fail(bag/reduction_functions
  "weir: reduction: the first function must take a std::vector of elements")
weir_compile_fail(bag/map_partitions_function
  "weir: map_partitions: the function must take a std::vector of the elements")
weir_compile_fail(bag/split_numbers "weir: split: the elements of this bag must be texts")
weir_compile_fail(bag/split_kept "weir: compute: views are gone with their lines: make texts of them")
weir_compile_fail(bag/split_taken "weir: take: views are gone with their lines: make texts of them")
weir_compile_fail(bag/split_in_partitions "weir: map_partitions: views are gone with their lines")
weir_compile_fail(bag/split_folded_by "weir: foldby: views are gone with their lines")
weir_compile_fail(bag/split_grouped "weir: groupby: views are gone with their lines")
weir_compile_fail(bag/split_reduced "weir: reduction: views are gone with their lines")
weir_compile_fail(bag/split_counted_pairs "weir: frequencies: views are gone with their lines")
weir_compile_fail(bag/flatten_no_range "weir: flatten: the elements of this bag must be containers")
weir_compile_fail(bag/sum_no_number
  "weir: sum: the elements of this bag must be numbers or have an operator .=")
weir_compile_fail(bag/join_keys "weir: join: the first key must be a function of a const element of this bag")
weir_compile_fail(frame/table_members
  "weir: to: a row is a plain struct, whose members have the names of columns and are bool, an integer")
weir_compile_fail(frame/column_type "weir: to: values of a column are read as bool, an integer")
weir_compile_fail(frame/filter_function
  "weir: filter: a function of columns takes and returns bool, integers")
weir_compile_fail(frame/filter_without_columns
  "weir: filter: takes an expression, .*or a function and the names of its columns")
weir_compile_fail(frame/with_function "weir: with: a function of columns takes and returns bool, integers")
weir_compile_fail(frame/assign_one "weir: assign: takes a list of names and expressions")
weir_compile_fail(frame/map_partitions_function
  "weir: map_partitions: the function must take a const weir::Table& and return a weir::Table")
weir_compile_fail(free/apply_function "weir: apply: a function of columns .*captures nothing")
weir_compile_fail(free/read_records_function "weir: read_records: records end at a separator, a text")
weir_compile_fail(free/table_of_members "weir: table_of: a row is a plain struct")
weir_compile_fail(client/delayed_get "weir: get: the result is no tuple, pair or array with so many elements")
weir_compile_fail(client/program_of "weir: program: is made of the words of a command")

weir_compile_fail_correct()

# What judges these programs finds fault with what it must.
foreach(case correct twice follow_on late no_types)
  add_test(NAME compile_fail/judge/${case} COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER}
    -DFLAGS=-std=gnu++20 "-DEXPECTED=this is the sentence"
    -DFILE=${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/judge/${case}.cpp
    -DINCLUDES=${CMAKE_CURRENT_SOURCE_DIR} -P ${CMAKE_CURRENT_SOURCE_DIR}/compile_fail.cmake)
  set_tests_properties(compile_fail/judge/${case} PROPERTIES WILL_FAIL TRUE)
endforeach()
weir_compile_fail(stream/pipe_map_function
  "weir: .: the function of this operator cannot be called with an element of the stream")
weir_compile_fail(stream/pipe_sink_function
  "weir: .: the function of this operator cannot be called with an element of the stream")
weir_compile_fail(stream/pipe_sequence_on_cluster
  "weir: .: the function of this operator must take an element of the stream and the further arguments, and return a bool")
weir_compile_fail(stream/partition_unique_without_equality
  "weir: partition_unique: the elements of this stream must have an operator ==")
weir_compile_fail(stream/group_by_key_without_order
  "weir: group_by: the key must be a function of an element of this stream and have a hash or an operator <")
weir_compile_fail(stream/unique_key_first "weir: unique: the key stands behind maxsize: .unique.{}, key.")
weir_compile_fail(stream/route_without_number "weir: route: must be given the number of ways")
weir_compile_fail(stream/sink_of_nothing "weir: sink: must be given a function of an element")
