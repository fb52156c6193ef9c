// What was interrupted, and how it gets its name.
#include "array/hdf5/resume.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "array/hdf5/output.hpp"

namespace weir::detail::array {

namespace {

[[noreturn]] void cannot_write(const std::string& path) {
  fail(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(path) + " (" + std::strerror(errno) + ")");
}

void to_disk(const std::string& path, int flags) {
  const Descriptor file(open(path.c_str(), flags | O_CLOEXEC));
  if (file.get() < 0 || fsync(file.get()) != 0) cannot_write(path);
}

}  // namespace

ResumedFile::ResumedFile(std::string target, const journal::Key& key)
    : target_(std::move(target)),
      path_(target_ + ".resume"),
      key_(journal::to_text(key)),
      log_("to_hdf5", target_, target_ + ".pieces") {}

const std::vector<std::uint64_t>& ResumedFile::places(std::vector<DatasetPlan> plans) {
  const auto read = journal::read_pieces(log_.path());
  if (read && read->head.starts_with(key_) && access(path_.c_str(), F_OK) == 0) {
    read_ = *read;
    places_.resize((read->head.size() - key_.size()) / sizeof places_[0]);
    std::memcpy(places_.data(), read->head.data() + key_.size(), places_.size() * sizeof places_[0]);
    log_.go_on(*read);
    return places_;
  }
  for (DatasetPlan& plan : plans) {
    plan.is_marked = false;  // its name says that it is not complete
    plan.attributes[key_attribute] = key_;
  }
  const std::string fresh = path_ + ".new";
  CreatedFile created;
  try {
    created = create_file(fresh, false, plans);
  } catch (...) {
    unlink(fresh.c_str());
    throw;
  }
  for (const auto& some : created.places) places_.insert(places_.end(), some->begin(), some->end());
  to_disk(fresh, O_RDONLY);
  log_.begin(key_ +
             std::string(reinterpret_cast<const char*>(places_.data()), places_.size() * sizeof places_[0]));
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) cannot_write(path_);
  return places_;
}

void ResumedFile::publish(bool keeps_log) {
  to_disk(path_, O_RDWR);
  to_disk(log_.path(), O_RDONLY);
  take_name("to_hdf5", Descriptor(open(path_.c_str(), O_RDWR | O_CLOEXEC)), path_, target_);
  const auto folder = std::filesystem::path(target_).parent_path();
  to_disk(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
  if (!keeps_log) unlink(log_.path().c_str());
}

bool is_written_already(const std::string& path, const std::vector<DatasetPlan>& plans,
                        const journal::Key& key) {
  if (access(path.c_str(), F_OK) != 0) return false;
  Hold hold(library());
  try {
    const Id file = open_for_reading("to_hdf5", path);
    for (const DatasetPlan& plan : plans) {
      const auto attributes = read_attributes(open_dataset("to_hdf5", file, path, plan.dataset));
      const auto found = attributes.find(key_attribute);
      if (found == attributes.end() || found->second != AttributeValue(journal::to_text(key))) return false;
    }
    return true;
  } catch (const Error&) {  // it is another file, and is replaced
    return false;
  }
}

}  // namespace weir::detail::array
