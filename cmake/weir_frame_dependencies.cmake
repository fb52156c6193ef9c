# What weir::frame stands on beyond weir::weir: weir::collections, and snappy in Parquet files.
find_package(Snappy REQUIRED)
include(${CMAKE_CURRENT_LIST_DIR}/weir_collections_dependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/weir_collections_targets.cmake)
