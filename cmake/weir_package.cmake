# `cpack` in the build folder writes a Debian package: libraries, headers, the program, its man page and
# completion.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_VENDOR Weir)
set(CPACK_PACKAGE_CONTACT "Weir <weir@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES OFF)  # messages name the functions of the libraries
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
# A program that links weir::weir needs these to be built and to run; one that links weir::array or
# weir::collections the others too.
string(JOIN ", " CPACK_DEBIAN_PACKAGE_DEPENDS
  g++ "cmake (>= 3.25)" openmpi-bin libopenmpi-dev libboost1.81-dev
  libcereal-dev libfmt-dev libspdlog-dev libssl-dev)
string(JOIN ", " CPACK_DEBIAN_PACKAGE_RECOMMENDS
  libxtensor-dev libhdf5-dev zlib1g-dev libopenblas-dev liblapacke-dev libfftw3-dev
  libsimdjson-dev libisal-dev libbz2-dev liblzma-dev libzstd-dev libxxhash-dev graphviz)
include(CPack)
