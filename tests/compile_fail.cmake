# Compiles FILE with COMPILER, FLAGS and INCLUDES: it must fail with a message that matches EXPECTED, and must
# not fail with -DWEIR_CORRECT.
set(ENV{LC_ALL} C)
separate_arguments(FLAGS)
string(REPLACE "|" ";" folders "${INCLUDES}")
list(TRANSFORM folders PREPEND "-I")
set(command ${COMPILER} ${FLAGS} ${folders} -fsyntax-only ${FILE})

execute_process(COMMAND ${command} -DWEIR_CORRECT RESULT_VARIABLE status ERROR_VARIABLE message)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${FILE}: must compile with WEIR_CORRECT (got this)\n${message}")
endif()
execute_process(COMMAND ${command} RESULT_VARIABLE status ERROR_VARIABLE message)
if(status EQUAL 0)
  message(FATAL_ERROR "${FILE}: must not compile")
endif()
if(NOT message MATCHES "${EXPECTED}")
  message(FATAL_ERROR "${FILE}: the compiler must say '${EXPECTED}' (got this)\n${message}")
endif()
