# Compiles FILE with COMPILER, FLAGS and INCLUDES: it must fail with one error, which matches EXPECTED and
# stands within the first lines, with the types it is about.
set(ENV{LC_ALL} C)
separate_arguments(FLAGS UNIX_COMMAND "${FLAGS}")
string(REPLACE "|" ";" folders "${INCLUDES}")
list(TRANSFORM folders PREPEND "-I")
set(command ${COMPILER} ${FLAGS} ${folders} -fsyntax-only ${FILE})

execute_process(COMMAND ${command} RESULT_VARIABLE status ERROR_VARIABLE message)
if(status EQUAL 0)
  message(FATAL_ERROR "${FILE}: must not compile")
endif()
# Without the precompiled header it would be the program's own line that includes ours.
string(REGEX REPLACE "from [^\n]*cmake_pch.hxx:[0-9]+,\n *from <command-line>:" "from program.cpp:1:" message "${message}")

# What follows from a mistake is not said, nor the mistake twice. (Brackets and semicolons would join lists.)
string(REGEX REPLACE "[][;]" " " lines "${message}")
string(REGEX MATCHALL "[^\n]*:[0-9]+:[0-9]+: (fatal )?error: [^\n]*" errors "${lines}")
# GCC 12 says it of a function that is no member twice, in the same words.
if(FILE MATCHES "/(array|free|client)/|/dead_letter_type")
  list(REMOVE_DUPLICATES errors)
endif()
list(LENGTH errors count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "${FILE}: the compiler must say one error (got ${count})\n${message}")
endif()
# People read the first lines; the rest is about how the compiler came there. Inside a function of the user's,
# which others call, GCC says that way first, and it is as long as it is.
set(first 5)
if(FILE MATCHES "_in_serialize")
  set(first 12)
endif()
string(REPEAT "[^\n]*\n?" ${first} some)
string(REGEX MATCH "^${some}" begin "${message}")
if(NOT begin MATCHES "${EXPECTED}")
  message(FATAL_ERROR "${FILE}: the compiler must say '${EXPECTED}' in its first ${first} lines (got this)\n${begin}")
endif()
if(NOT EXPECTED MATCHES "a duration needs a unit|is made of the words|ChooseOneForm" AND NOT begin MATCHES "[[]with [A-Za-z ]+ = |'[]a-zA-Z_:()|[]+<[^\n]*>'")
  message(FATAL_ERROR "${FILE}: the first ${first} lines must name the types (got this)\n${begin}")
endif()
