# Programs that must not compile, and what the compiler must say about them.
weir_compile_fail(core/duration_from_number "conversion from 'int' to non-scalar type 'weir::Duration' requested")
