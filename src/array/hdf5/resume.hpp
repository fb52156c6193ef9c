// A new HDF5 file that whoever was interrupted goes on with.
#pragma once

#include "array/hdf5/create.hpp"
#include "journal/pieces.hpp"

namespace weir::detail::array {

/// The file that a new one takes the place of, and what there is of the new one.
///
/// Until it is complete it is called `x.h5.resume`, and `x.h5.pieces` says which chunks it has. Nothing but
/// chunks is written once it has been made, so that it is whole whenever its writer dies.
class ResumedFile {
 public:
  /// Waits a little for its writer to be gone.
  ///
  /// **Errors.** As `journal::PieceLog`, in the name of to_hdf5.
  ResumedFile(std::string target, const journal::Key& key);
  ResumedFile(const ResumedFile&) = delete;
  /// The places of all chunks, dataset after dataset; made now if there is nothing to go on with.
  [[nodiscard]] const std::vector<std::uint64_t>& places(std::vector<DatasetPlan> plans);
  /// Those of an earlier run, not compared yet.
  [[nodiscard]] const std::vector<journal::Piece>& pieces() const noexcept { return read_.pieces; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void add(const journal::Piece& piece) { log_.add(piece); }
  /// It is complete, and gets its name. `keeps_log`: its checksums stay beside it.
  void publish(bool keeps_log);

 private:
  std::string target_, path_;
  std::string key_;
  journal::PieceLog log_;
  journal::PiecesRead read_;
  std::vector<std::uint64_t> places_;
};

/// Whether the file is complete, and was written as this key says.
[[nodiscard]] bool is_written_already(const std::string& path, const std::vector<DatasetPlan>& plans,
                                      const journal::Key& key);
/// Where a resumed file has its key, as an attribute of each dataset.
constexpr const char* key_attribute = "weir_key";

}  // namespace weir::detail::array
