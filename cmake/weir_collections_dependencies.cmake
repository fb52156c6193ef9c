# What weir::collections stands on beyond weir::weir.
enable_language(C)
find_package(ZLIB REQUIRED)
find_package(BZip2 REQUIRED)
find_package(LibLZMA REQUIRED)
find_package(zstd REQUIRED)
find_package(simdjson REQUIRED)
if(NOT TARGET weir::xxhash)
  find_path(WEIR_XXHASH_INCLUDE xxhash.h REQUIRED)
  find_library(WEIR_XXHASH_LIBRARY xxhash REQUIRED)
  add_library(weir::xxhash UNKNOWN IMPORTED)
  set_target_properties(weir::xxhash PROPERTIES IMPORTED_LOCATION ${WEIR_XXHASH_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${WEIR_XXHASH_INCLUDE})
endif()
# Unpacks gzip in a third of the time of zlib, which does it where ISA-L is not.
if(NOT TARGET weir::isal)
  find_path(WEIR_ISAL_INCLUDE isa-l/igzip_lib.h)
  find_library(WEIR_ISAL_LIBRARY isal)
  if(WEIR_ISAL_INCLUDE AND WEIR_ISAL_LIBRARY)
    add_library(weir::isal UNKNOWN IMPORTED)
    set_target_properties(weir::isal PROPERTIES IMPORTED_LOCATION ${WEIR_ISAL_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${WEIR_ISAL_INCLUDE})
  endif()
endif()
