# What weir::weir stands on; the Debian packages are listed in scripts/deps. Included by the build and by the
# installed package.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS CXX)
# Another MPI would be loaded beside that of Boost.MPI, and two of them in one process crash.
foreach(folder ${MPI_CXX_INCLUDE_DIRS})
  if(EXISTS ${folder}/mpi.h)
    file(STRINGS ${folder}/mpi.h weir_open_mpi REGEX "^#define OMPI_MAJOR_VERSION")
    if(NOT weir_open_mpi)
      message(FATAL_ERROR "Weir: MPI must be Open MPI, as that of Boost.MPI is (got ${folder}/mpi.h); leave out "
        "MPI_HOME, or name Open MPI's. Programs of other MPIs run as tasks: weir::program with mpiexec.hydra")
    endif()
  endif()
endforeach()
find_package(Boost 1.81 REQUIRED COMPONENTS mpi serialization)
find_package(cereal REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
