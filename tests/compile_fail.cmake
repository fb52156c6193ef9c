# Compiles FILE with COMPILER, FLAGS and INCLUDES: it must fail with a message that matches EXPECTED.
set(ENV{LC_ALL} C)
separate_arguments(FLAGS)
string(REPLACE "|" ";" folders "${INCLUDES}")
list(TRANSFORM folders PREPEND "-I")
set(command ${COMPILER} ${FLAGS} ${folders} -fsyntax-only ${FILE})

execute_process(COMMAND ${command} RESULT_VARIABLE status ERROR_VARIABLE message)
if(status EQUAL 0)
  message(FATAL_ERROR "${FILE}: must not compile")
endif()
# Without the precompiled header it would be the program's own line that includes ours.
string(REGEX REPLACE "from [^\n]*cmake_pch.hxx:[0-9]+,\n *from <command-line>:" "from program.cpp:1:" message "${message}")
# People read the first lines; the rest is about how the compiler came there.
set(first 10)
if(FILE MATCHES "/compile_fail/client/" AND NOT FILE MATCHES "/cached_" OR
   FILE MATCHES "/compile_fail/stream/" AND EXPECTED MATCHES "^weir: [a-z_]+: ")
  set(first 5)
endif()
string(REPEAT "[^\n]*\n?" ${first} some)
string(REGEX MATCH "^${some}" lines "${message}")
if(FILE MATCHES "/compile_fail/(stream|client)/" AND NOT FILE MATCHES "_in_serialize" AND NOT lines MATCHES "${EXPECTED}")
  message(FATAL_ERROR "${FILE}: the compiler must say '${EXPECTED}' in its first ${first} lines (got this)\n${lines}")
endif()
if(NOT message MATCHES "${EXPECTED}")
  message(FATAL_ERROR "${FILE}: the compiler must say '${EXPECTED}' (got this)\n${message}")
endif()
# A call to a client is one error, which both compilers may say twice; what follows from it is not said.
string(REGEX MATCHALL "[^\n]*:[0-9]+:[0-9]+: error: " errors "${message}")
list(REMOVE_DUPLICATES errors)
list(LENGTH errors count)
if(FILE MATCHES "/compile_fail/client/" AND NOT count EQUAL 1)
  message(FATAL_ERROR "${FILE}: the compiler must say one error (got ${count})\n${message}")
endif()
