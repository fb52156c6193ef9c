# What weir::weir stands on; the Debian packages are listed in scripts/deps. Included by the build and by the
# installed package.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS CXX)
# Open MPI, or one of MPICH's family: `-DMPI_HOME=...`, or where both are installed by Debian
# `-DMPI_EXECUTABLE_SUFFIX=.mpich`. Those who link an installed Weir must find the one it was built with.
set(weir_found_mpi "Open MPI")
foreach(folder ${MPI_CXX_INCLUDE_DIRS})
  if(EXISTS ${folder}/mpi.h)
    file(STRINGS ${folder}/mpi.h weir_mpich_lines REGEX "^#define MPICH_NUMVERSION")
    if(weir_mpich_lines)
      set(weir_found_mpi MPICH)
    endif()
  endif()
endforeach()
if(weir_mpi AND NOT weir_mpi STREQUAL weir_found_mpi)
  message(FATAL_ERROR "Weir: MPI must be ${weir_mpi}, which this Weir was built with (found ${weir_found_mpi} in "
    "${MPI_CXX_INCLUDE_DIRS}); name it by MPI_HOME, or by MPI_EXECUTABLE_SUFFIX=.mpich or .openmpi")
endif()
find_package(Boost 1.81 REQUIRED)
if(weir_found_mpi STREQUAL "Open MPI")
  find_package(Boost 1.81 REQUIRED COMPONENTS mpi serialization)
  set(weir_boost_mpi Boost::mpi)
endif()
find_package(cereal REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
