# What weir::array stands on beyond weir::weir.
find_package(xtensor REQUIRED)
enable_language(C)  # FindHDF5 compiles C
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(ZLIB REQUIRED)
