# One function per kind of target: weir_private_headers, weir_library, weir_program, weir_example,
# weir_benchmark, weir_unit_tests, weir_test, weir_compile_fail, weir_header_tests, weir_install.

# Flags of our own code; never passed on to those who link Weir.
function(weir_own_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-missing-field-initializers)
  if(WEIR_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  # All are wrong in g++ 12: about assignments of std::string (GCC bug 105651), and about what is optional.
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-maybe-uninitialized;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-array-bounds>)
endfunction()

# Flags of tests: what they check does not depend on how fast they are, and most of their time is compiling
# and linking.
find_program(WEIR_MOLD mold)
function(weir_test_flags target)
  weir_own_flags(${target})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
  if(WEIR_MOLD)
    target_link_options(${target} PRIVATE -fuse-ld=mold)
  endif()
endfunction()

# weir_private: what the sources of the libraries and their tests see beyond the public headers.
function(weir_private_headers)
  find_package(CLI11 REQUIRED)
  find_package(nlohmann_json REQUIRED)
  find_path(WEIR_TOML_INCLUDE toml++/toml.h REQUIRED)
  add_library(weir_private INTERFACE)
  target_include_directories(weir_private INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  target_include_directories(weir_private SYSTEM INTERFACE ${WEIR_TOML_INCLUDE})
  target_link_libraries(weir_private INTERFACE MPI::MPI_CXX fmt::fmt spdlog::spdlog
    nlohmann_json::nlohmann_json)
endfunction()

# The sources of a folder are compiled together: its headers are parsed once. Names in anonymous namespaces of
# a folder must differ then; WEIR_UNITY=OFF compiles every source alone, which pays when one of them is
# changed often.
function(weir_compile_folders_together target)
  if(NOT WEIR_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  foreach(source ${ARGN})
    cmake_path(GET source PARENT_PATH folder)
    file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR}/src ${folder})
    string(REPLACE "/" "_" group ${folder})
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
endfunction()

# What nearly all programs of a group include is precompiled once, by the first of them.
function(weir_share_header target first)
  if(NOT WEIR_UNITY OR NOT TARGET ${first})
    return()
  elseif(target STREQUAL first)
    target_precompile_headers(${target} PRIVATE <weir/weir.hpp>)
  else()
    target_precompile_headers(${target} REUSE_FROM ${first})
  endif()
endfunction()

# Tests of one program are compiled together likewise, in as many parts as are given, each source in a
# namespace of its own: it may name its functions as it likes. What they include is included before. Sets
# `result` to what is to be compiled. One that says `// Compiled alone: why` stays alone.
function(weir_compile_tests_together result target parts)
  set(alone)
  list(LENGTH ARGN count)
  if(NOT WEIR_UNITY OR count LESS 2)
    set(${result} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  set(number 0)
  foreach(source ${ARGN})
    file(STRINGS ${source} global REGEX "^// Compiled alone: ")
    if(global)
      list(APPEND alone ${source})
      continue()
    endif()
    math(EXPR part "${number} % ${parts}")
    math(EXPR number "${number} + 1")
    file(STRINGS ${source} lines REGEX "^#include ")
    list(APPEND includes_${part} ${lines})
    cmake_path(GET source STEM name)
    string(APPEND sources_${part} "namespace ${name} {\n#include \"${source}\"\n}\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  endforeach()
  foreach(part RANGE ${parts})
    if(sources_${part})
      list(REMOVE_DUPLICATES includes_${part})
      list(JOIN includes_${part} "\n" includes)
      set(file ${CMAKE_CURRENT_BINARY_DIR}/together/${target}_${part}.cpp)
      file(CONFIGURE OUTPUT ${file} CONTENT "${includes}\n${sources_${part}}" @ONLY)
      list(APPEND together ${file})
    endif()
  endforeach()
  # What is in an anonymous namespace of a source is used in this file alone, though the source is another.
  set_source_files_properties(${together} PROPERTIES COMPILE_OPTIONS
    "$<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>")
  set(${result} ${together} ${alone} PARENT_SCOPE)
endfunction()

# The files of the dashboard's page become part of a library: users need no tool for it.
function(weir_embed_page target folder)
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*)
  set(source ${PROJECT_BINARY_DIR}/generated/page_files.cpp)
  add_custom_command(OUTPUT ${source} DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/weir_embed.cmake
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${source} -P ${PROJECT_SOURCE_DIR}/cmake/weir_embed.cmake -- ${files}
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()

# weir_library(weir_array array SOURCES ... PUBLIC ... PRIVATE ...): a static library, weir::array to those
# who link it.
function(weir_library name alias)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  add_library(weir::${alias} ALIAS ${name})
  weir_compile_folders_together(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON EXPORT_NAME ${alias})
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE $<BUILD_INTERFACE:weir_private> ${arg_PRIVATE})
  weir_own_flags(${name})
endfunction()

# Sets `result` to what a reader of `weir info` wants to know about the MPI library of the build.
function(weir_mpi_text result)
  set(text "standard ${MPI_CXX_VERSION}")
  foreach(folder ${MPI_CXX_INCLUDE_DIRS})
    if(EXISTS ${folder}/mpi.h)
      file(STRINGS ${folder}/mpi.h lines REGEX "^#define OMPI_(MAJOR|MINOR|RELEASE)_VERSION +[0-9]+")
      string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
      string(JOIN "." version ${numbers})
    endif()
  endforeach()
  if(weir_found_mpi STREQUAL MPICH)
    file(STRINGS ${MPI_CXX_HEADER_DIR}/mpi.h version REGEX "^#define MPICH_VERSION ")
    string(REGEX MATCH "[0-9][0-9.a-z]*" version "${version}")
  endif()
  if(version)
    set(text "${text}, built with ${weir_found_mpi} ${version}")
  endif()
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# The program: all but its main.cpp is also linked into its tests, as weir_tool_parts. It needs no MPI itself:
# mpirun starts it on every rank, so it must start fast.
function(weir_program target name)
  find_package(CLI11 REQUIRED)
  weir_mpi_text(mpi)
  set(main ${ARGN})
  list(FILTER main INCLUDE REGEX "/main\\.cpp$")
  set(parts ${ARGN})
  list(FILTER parts EXCLUDE REGEX "/main\\.cpp$")
  add_library(${target}_parts STATIC ${parts})
  weir_compile_folders_together(${target}_parts ${parts})
  target_include_directories(${target}_parts PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target}_parts PUBLIC weir CLI11::CLI11)
  target_compile_definitions(${target}_parts PUBLIC WEIR_BUILD_TYPE="$<CONFIG>" WEIR_MPI_LIBRARY="${mpi}"
    WEIR_COMPILER="${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  if(MPI_HOME)  # whose launcher need not be in PATH
    target_compile_definitions(${target}_parts PUBLIC WEIR_MPI_FOLDER="${MPI_HOME}/bin")
  endif()
  add_executable(${target} ${main})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
    ${CMAKE_BINARY_DIR}/bin)
  target_link_libraries(${target} PRIVATE ${target}_parts)
  target_link_options(${target} PRIVATE -Wl,--as-needed)
  # It parses options and waits for others.
  target_compile_options(${target}_parts PRIVATE $<$<CONFIG:Release>:-O1>)
  weir_own_flags(${target}_parts)
  weir_own_flags(${target})
endfunction()

# weir_example(tasks/letters SOURCES tasks/letters/count.cpp ARGUMENTS --files 3): examples/tasks/letters.cpp,
# which uses arrays, bags or frames if ARRAY, COLLECTIONS or FRAME is given. ctest runs it as threads and on
# three ranks and compares what it prints with the `Prints:` lines of its header comment, where `...` stands
# for any text. `{folder}` in an argument is a new empty folder. MEASURED: scripts/bench runs it, and it is
# optimized also where there are tests.
function(weir_example path)
  cmake_parse_arguments(arg "ALONE;ARRAY;COLLECTIONS;FRAME;MEASURED" "" "SOURCES;ARGUMENTS" ${ARGN})
  get_filename_component(name ${path} NAME)
  add_executable(${name} ${path}.cpp ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  target_link_libraries(${name} PRIVATE weir::weir $<$<BOOL:${arg_ARRAY}>:weir::array>
    $<$<BOOL:${arg_COLLECTIONS}>:weir::collections> $<$<BOOL:${arg_FRAME}>:weir::frame>)
  if(WEIR_TESTS AND NOT arg_MEASURED)
    weir_test_flags(${name})
    weir_share_header(${name} hello)
  else()
    weir_own_flags(${name})
  endif()
  if(NOT WEIR_TESTS)
    return()
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(run Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/example_test.py
    ${CMAKE_CURRENT_SOURCE_DIR}/${path}.cpp)
  add_test(NAME examples/${path}/threads COMMAND ${run} -- $<TARGET_FILE:${name}> ${arg_ARGUMENTS})
  set_tests_properties(examples/${path}/threads PROPERTIES TIMEOUT 180)
  if(arg_ALONE)
    return()
  endif()
  add_test(NAME examples/${path}/ranks_3 COMMAND ${run} -- $<TARGET_FILE:weir_tool> run -n 3
    $<TARGET_FILE:${name}> ${arg_ARGUMENTS})
  set_tests_properties(examples/${path}/ranks_3 PROPERTIES TIMEOUT 180)
  weir_runs_on_ranks(examples/${path}/ranks_3)
endfunction()

# weir_benchmark(tasks): benchmarks/tasks.cpp, built by the target `benchmarks`; a figure that uses it is a
# row of benchmarks/figures.py.
function(weir_benchmark name)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  set(target bench_${name})
  add_executable(${target} ${name}.cpp ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
    ${CMAKE_BINARY_DIR}/bin/benchmarks)
  target_link_libraries(${target} PRIVATE weir::array weir_private)
  weir_own_flags(${target})
  if(NOT name MATCHES "^raw_")
    weir_share_header(${target} bench_tasks)
  endif()
  add_dependencies(benchmarks ${target})
endfunction()

# Every tests/<folder>/<unit>_test.cpp becomes part of one program per folder and one ctest entry
# `folder/unit`.
function(weir_unit_tests folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  set(target ${folder}_tests)
  list(LENGTH sources count)
  math(EXPR parts "(${count} + 4) / 5")
  set(compiled ${sources})
  if(NOT folder STREQUAL "stream")  # each has pipelines of its own, which take long enough
    weir_compile_tests_together(compiled ${target} ${parts} ${sources})
  endif()
  add_executable(${target} ${compiled})
  target_link_libraries(${target} PRIVATE weir::weir weir_private weir_test_support ${ARGN})
  target_precompile_headers(${target} REUSE_FROM weir_test_support)
  weir_test_flags(${target})
  foreach(source ${sources})
    get_filename_component(unit ${source} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${unit})
    add_test(NAME ${folder}/${name} COMMAND ${target} --filenames-as-tags "[#${unit}]" --warn NoTests)
    set_tests_properties(${folder}/${name} PROPERTIES TIMEOUT 300)
  endforeach()
endfunction()

# Tests that start MPI ranks count as two. Open MPI unloads components without freeing what they hold, which
# LeakSanitizer cannot be told to overlook.
function(weir_runs_on_ranks)
  set_tests_properties(${ARGN} PROPERTIES LABELS ranks PROCESSORS 2 ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
endfunction()

# weir_test(end_to_end/futures ALONE RANKS 1 2 3): one program whose tests run inside weir::run, alone
# (threads) and under `weir run -n N`.
function(weir_test path)
  cmake_parse_arguments(arg "ALONE;ARRAY;COLLECTIONS;FRAME" "TIMEOUT" "RANKS" ${ARGN})
  get_filename_component(unit ${path} NAME)
  string(REPLACE "/" "_" target ${path})
  add_executable(${target} ${path}.cpp)
  target_link_libraries(${target} PRIVATE weir_cluster_main $<$<BOOL:${arg_ARRAY}>:weir::array>
    $<$<BOOL:${arg_COLLECTIONS}>:weir::collections> $<$<BOOL:${arg_FRAME}>:weir::frame> weir::weir
    weir_private weir_test_support)
  target_precompile_headers(${target} REUSE_FROM weir_test_support)
  weir_test_flags(${target})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(arg_ALONE)
    add_test(NAME ${path}/threads COMMAND ${target})
    set_tests_properties(${path}/threads PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endif()
  foreach(ranks ${arg_RANKS})
    add_test(NAME ${path}/ranks_${ranks} COMMAND weir_tool run -n ${ranks} $<TARGET_FILE:${target}>)
    set_tests_properties(${path}/ranks_${ranks} PROPERTIES TIMEOUT ${arg_TIMEOUT})
    weir_runs_on_ranks(${path}/ranks_${ranks})
  endforeach()
endfunction()

# weir_compile_fail(core/duration_from_number "conversion from"):
# tests/compile_fail/core/duration_from_number.cpp must not compile, and what the compiler says, one error,
# must match the regular expression; so with the other compiler, where there is one. With WEIR_CORRECT defined
# the same file must compile, so that it fails for no other reason.
function(weir_compile_fail path expected)
  weir_compile_fail_by(compile_fail/${path} ${CMAKE_CXX_COMPILER}
    "-std=gnu++20 ${CMAKE_CXX_FLAGS} ${weir_compile_fail_include}" compile_fail)
  if(WEIR_OTHER_COMPILER)
    weir_compile_fail_by(compile_fail/other_compiler/${path} ${WEIR_OTHER_COMPILER}
      "-std=gnu++20 ${weir_compile_fail_other_include}" compile_fail_other)
  endif()
  set_property(GLOBAL APPEND PROPERTY weir_compile_fail_cases ${path})
endfunction()
macro(weir_compile_fail_by name compiler flags fixture)
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -DCOMPILER=${compiler} "-DFLAGS=${flags}"
    "-DFILE=${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/${path}.cpp" "-DEXPECTED=${expected}"
    "-DINCLUDES=$<JOIN:$<TARGET_PROPERTY:weir,INTERFACE_INCLUDE_DIRECTORIES>,|>" -P
    ${CMAKE_CURRENT_SOURCE_DIR}/compile_fail.cmake)
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 FIXTURES_REQUIRED ${fixture})
endmacro()

# After all of weir_compile_fail: each of these programs compiles with -DWEIR_CORRECT, all of them in one
# file, each in a namespace of its own.
function(weir_compile_fail_correct)
  get_property(cases GLOBAL PROPERTY weir_compile_fail_cases)
  foreach(path ${cases})
    set(file ${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/${path}.cpp)
    file(STRINGS ${file} lines REGEX "^#include <")
    list(APPEND includes ${lines})
    string(MAKE_C_IDENTIFIER ${path} name)
    string(APPEND programs "namespace ${name} {\n#include \"${file}\"\n}\n")
  endforeach()
  list(REMOVE_DUPLICATES includes)
  list(JOIN includes "\n" includes)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/compile_fail/correct.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "${includes}\n${programs}")
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
  separate_arguments(include UNIX_COMMAND "${weir_compile_fail_include}")
  add_test(NAME compile_fail/correct COMMAND ${CMAKE_CXX_COMPILER} -std=gnu++20 ${flags} -DWEIR_CORRECT
    -fsyntax-only ${include}
    "-I$<JOIN:$<TARGET_PROPERTY:weir,INTERFACE_INCLUDE_DIRECTORIES>,;-I>" ${source} COMMAND_EXPAND_LISTS)
  set_tests_properties(compile_fail/correct PROPERTIES TIMEOUT 300 FIXTURES_REQUIRED compile_fail)
endfunction()

# Before the tests of weir_compile_fail: what they include, precompiled; by the examples if they are compiled
# with the same options.
function(weir_compile_fail_header)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/compile_fail/weir.hpp)
  file(CONFIGURE OUTPUT ${header} CONTENT "#include <weir/weir.hpp>\n")
  set(folders "-I$<JOIN:$<TARGET_PROPERTY:weir,INTERFACE_INCLUDE_DIRECTORIES>,;-I>")
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    find_program(WEIR_OTHER_COMPILER clang++)
    set(made ${header}.pch)
    set(weir_compile_fail_other_include "-include-pch ${made}" PARENT_SCOPE)
  else()
    find_program(WEIR_OTHER_COMPILER g++)
    set(made ${header}.gch)
    set(weir_compile_fail_other_include "-include ${header}" PARENT_SCOPE)
  endif()
  if(WEIR_OTHER_COMPILER)
    add_test(NAME compile_fail/other_header COMMAND ${WEIR_OTHER_COMPILER} -std=gnu++20 "${folders}"
      -x c++-header -o ${made} ${header} COMMAND_EXPAND_LISTS)
    set_tests_properties(compile_fail/other_header PROPERTIES TIMEOUT 600 COST 50
      FIXTURES_SETUP compile_fail_other)
  endif()
  if(WEIR_UNITY AND TARGET hello AND CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_BUILD_TYPE STREQUAL Release)
    get_target_property(folder hello BINARY_DIR)
    set(weir_compile_fail_include "-DNDEBUG -include ${folder}/CMakeFiles/hello.dir/cmake_pch.hxx" PARENT_SCOPE)
    return()
  endif()
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
  add_test(NAME compile_fail/header COMMAND ${CMAKE_CXX_COMPILER} -std=gnu++20 ${flags} "${folders}"
    -x c++-header -o ${header}.gch ${header} COMMAND_EXPAND_LISTS)
  set_tests_properties(compile_fail/header PROPERTIES TIMEOUT 600 FIXTURES_SETUP compile_fail COST 50)
  set(weir_compile_fail_include "-include ${header}" PARENT_SCOPE)
endfunction()

# Sets `result` to those of the headers that include `base`, themselves or through others.
function(weir_headers_above base result)
  set(above ${base})
  set(before 0)
  list(LENGTH above count)
  while(count GREATER before)
    set(before ${count})
    list(JOIN above "|" names)
    string(REPLACE "." "[.]" names "${names}")
    foreach(header ${ARGN})
      if(NOT header IN_LIST above)
        file(STRINGS ${PROJECT_SOURCE_DIR}/include/${header} lines REGEX "^#include \"(${names})\"")
        if(lines)
          list(APPEND above ${header})
        endif()
      endif()
    endforeach()
    list(LENGTH above count)
  endwhile()
  list(REMOVE_ITEM above ${base})
  set(${result} ${above} PARENT_SCOPE)
endfunction()

# Every public header compiles alone, twice in one file, and brings neither MPI nor HDF5 with it; those below
# detail/ likewise, a folder in one file. Most headers include `base`, which is one of them: for these it is
# precompiled, which tells them nothing that they do not say themselves.
function(weir_header_tests)
  set(base weir/detail/task/value.hpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include
    ${PROJECT_SOURCE_DIR}/include/weir/*.hpp)
  list(FILTER headers EXCLUDE REGEX "weir/gang_mpi.hpp$")  # says so in its name; tests include it
  weir_headers_above(${base} above ${headers})
  foreach(header ${headers})
    set(unit ${header})
    if(header MATCHES "/detail/")
      get_filename_component(unit ${header} DIRECTORY)
    endif()
    string(REGEX REPLACE "[/.]" "_" unit ${unit})
    if(header IN_LIST above AND WEIR_UNITY)
      string(APPEND unit _above)
    endif()
    list(APPEND units ${unit})
    string(APPEND includes_of_${unit} "#include <${header}>\n#include <${header}>\n")
  endforeach()
  list(REMOVE_DUPLICATES units)
  foreach(unit ${units})
    set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${unit}.cpp)
    set(includes "${includes_of_${unit}}")
    file(CONFIGURE OUTPUT ${source} CONTENT [[
@includes@
#if defined(MPI_VERSION) || defined(H5_VERS_MAJOR)
#error "a header above brings mpi.h or hdf5.h into the programs of users"
#endif
]] @ONLY)
    if(unit MATCHES "_above$")
      list(APPEND sources_above ${source})
    else()
      list(APPEND sources_alone ${source})
    endif()
  endforeach()
  foreach(kind alone above)
    if(sources_${kind})
      add_library(weir_headers_${kind} OBJECT ${sources_${kind}})
      target_link_libraries(weir_headers_${kind} PRIVATE weir::array weir::collections weir::frame)
      target_compile_options(weir_headers_${kind} PRIVATE -O0)
      weir_own_flags(weir_headers_${kind})
    endif()
  endforeach()
  if(TARGET weir_headers_above)
    target_precompile_headers(weir_headers_above PRIVATE <${base}$<ANGLE-R>)
  endif()
endfunction()

function(weir_install)
  include(CMakePackageConfigHelpers)
  set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
  set(components)
  foreach(library weir weir_array weir_collections weir_frame)
    if(TARGET ${library})
      install(TARGETS ${library} EXPORT ${library}_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
      install(EXPORT ${library}_targets NAMESPACE weir:: DESTINATION ${folder})
      string(REGEX MATCH "array|collections|frame" component ${library})
      list(APPEND components ${component})
    endif()
  endforeach()
  install(TARGETS weir_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(TARGETS weir_map_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET weir_hdf5_tool)
    install(TARGETS weir_hdf5_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
    PATTERN "*.hpp")
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/weir-config.cmake.in
    ${PROJECT_BINARY_DIR}/weir-config.cmake
    INSTALL_DESTINATION ${folder})
  if(EXISTS ${PROJECT_SOURCE_DIR}/packaging/weir.1)
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/weir.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endif()
  if(EXISTS ${PROJECT_SOURCE_DIR}/packaging/weir.bash)
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/weir.bash RENAME weir
      DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  endif()
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/weir-config-version.cmake COMPATIBILITY
    SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/weir-config.cmake ${PROJECT_BINARY_DIR}/weir-config-version.cmake
    ${PROJECT_SOURCE_DIR}/cmake/weir_dependencies.cmake
    ${PROJECT_SOURCE_DIR}/cmake/weir_array_dependencies.cmake
    ${PROJECT_SOURCE_DIR}/cmake/weir_collections_dependencies.cmake
    ${PROJECT_SOURCE_DIR}/cmake/weir_frame_dependencies.cmake
    DESTINATION ${folder})
endfunction()

# What the tests of this folder start leaves its traces in the build, not where the user keeps runs and jobs.
function(weir_keep_tests_apart)
  get_property(tests DIRECTORY PROPERTY TESTS)
  if(tests)
    set_property(TEST ${tests} APPEND PROPERTY ENVIRONMENT WEIR_STATE_DIR=${PROJECT_BINARY_DIR}/state)
  endif()
endfunction()
