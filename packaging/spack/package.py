from spack.package import *


class Weir(CMakePackage):
    """Streams and task graphs of C++20 functions on threads, MPI ranks and batch jobs."""

    homepage = "https://example.org/weir"
    git = "https://example.org/weir.git"

    license("BSD-3-Clause")

    version("main", branch="main")
    version("0.2.0", tag="v0.2.0")

    variant("array", default=True, description="Chunked arrays: HDF5, linear algebra, Fourier transforms")
    variant("collections", default=True, description="Bags, delayed calls, frames: packed files, JSON, CSV")
    variant("tests", default=False, description="Build the tests and benchmarks, which need all of it")

    depends_on("cxx", type="build")
    depends_on("c", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("mpi")
    depends_on("boost@1.81: +headers cxxstd=20")
    depends_on("cereal@1.3:")
    depends_on("cli11@2:")
    depends_on("nlohmann-json@3:")
    depends_on("fmt@9:")
    depends_on("spdlog@1.10: +fmt_external")
    depends_on("tomlplusplus@3:")
    depends_on("openssl@1.1.1:")
    depends_on("xxhash")
    with when("+array"):
        depends_on("hdf5@1.10: ~mpi")
        depends_on("zlib-api")
        depends_on("openblas")
        depends_on("fftw@3: precision=float,double ~mpi")
        depends_on("xtensor@0.24:")
    with when("+collections"):
        depends_on("zlib-api")
        depends_on("isa-l")
        depends_on("bzip2")
        depends_on("xz")
        depends_on("zstd")
        depends_on("snappy")
        depends_on("simdjson@3:")
        depends_on("fast-float")
    depends_on("catch2@2", when="+tests", type="build")
    depends_on("python@3.10:", when="+tests", type=("build", "test"))

    conflicts("+tests", when="~array", msg="the tests need arrays")
    conflicts("+tests", when="~collections", msg="the tests need collections")
    conflicts("%gcc@:11", msg="C++20 as of GCC 12 is needed")
    conflicts("%clang@:13", msg="C++20 as of clang 14 is needed")

    generator("ninja")

    def cmake_args(self):
        return [
            self.define_from_variant("WEIR_ARRAY", "array"),
            self.define_from_variant("WEIR_COLLECTIONS", "collections"),
            self.define_from_variant("WEIR_TESTS", "tests"),
            self.define_from_variant("WEIR_BENCHMARKS", "tests"),
            self.define("WEIR_EXAMPLES", False),
        ]
