# Programs that must not compile, and what the compiler must say about them.
weir_compile_fail(core/duration_from_number
  "conversion from 'int' to non-scalar type 'weir::Duration' requested")
weir_compile_fail(client/capturing_lambda
  "A lambda must not capture: pass the values as arguments of submit instead")
weir_compile_fail(client/pointer_argument
  "weir: this argument cannot travel to another process.*pointers, references, mutexes, streams and threads cannot travel")
weir_compile_fail(client/wrong_argument_type
  "weir: the function cannot be called with these arguments. Check their number and types")
weir_compile_fail(client/too_few_arguments
  "weir: the function cannot be called with these arguments. Check their number and types")
weir_compile_fail(client/changed_argument "a parameter must be taken by value or const reference")
weir_compile_fail(client/result_cannot_travel
  "weir: the result of this function cannot travel to another process")
weir_compile_fail(stream/gather_missing
  "weir: gather\\(\\) is missing: the elements are on the cluster; write .gather\\(\\).sink\\(f\\)")
weir_compile_fail(stream/connect_gather_missing
  "weir: gather\\(\\) is missing: the elements are on the cluster; write .gather\\(\\).connect\\(stream\\), or connect to what scatter\\(\\) gave")
weir_compile_fail(stream/gather_missing_in_join
  "combine_latest: gather\\(\\) is missing: one of the streams is on the cluster, the first one is not")
weir_compile_fail(stream/capture_on_cluster
  "Below scatter\\(\\) a lambda must not capture: pass the values as further arguments")
