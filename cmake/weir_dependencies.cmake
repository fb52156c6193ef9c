# What weir::weir stands on; the Debian packages are listed in scripts/deps. Included by the build and by the
# installed package.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS CXX)
find_package(Boost 1.81 REQUIRED COMPONENTS mpi serialization)
find_package(cereal REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
