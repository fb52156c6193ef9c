// What nothing needs any more goes: from the log, and of the object files.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/descriptor.hpp"
#include "core/log.hpp"
#include "journal/folder.hpp"
#include "journal/journal.hpp"
#include "weir/bytes.hpp"

namespace weir::detail::journal {

namespace {

constexpr std::size_t bytes_at_once = 1 << 20;
constexpr std::size_t many_segments = 64;
constexpr std::uint64_t worth_it = 64 << 20;  // bytes of the log

bool write_whole(int file, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = ::write(file, text.data() + at, text.size() - at);
    if (written > 0) at += static_cast<std::size_t>(written);
    else if (written == 0 || errno != EINTR) return false;
  }
  return true;
}

template <class F>
void for_each_file(const std::string& folder, const F& f) {
  DIR* open = opendir(folder.c_str());
  if (!open) return;
  while (const dirent* entry = readdir(open))
    if (entry->d_name[0] != '.') f(std::string(entry->d_name));
  closedir(open);
}

}  // namespace

bool Journal::is_worth_compacting() const {
  std::uint64_t whole = 0;
  for (const Segment& segment : segments_)
    if (segment.mapped) whole += segment.mapped->bytes().size();
  return segments_.size() > many_segments || (whole > worth_it && whole > 2 * live_bytes_);
}

// The records of the first `count` segments that still hold, in one segment under another name.
void Journal::write_compacted(const std::string& path, std::uint16_t count) const {
  std::string text = segment_head();
  append_record(text, RecordKind::clear, {});
  std::map<Function, std::uint32_t> numbers;
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  bool well = file.get() >= 0;
  for (std::uint16_t segment = 0; well && segment < count; ++segment) {
    std::shared_ptr<const Mapped> mapped;
    std::map<std::uint32_t, Function> functions;
    {
      const std::lock_guard hold(mutex_);
      mapped = segments_[segment].mapped;
      functions = segments_[segment].functions;
    }
    read_segment(mapped->bytes(), [&](const Record& record) {
      if (!well || !is_result(record)) return;
      {
        const std::lock_guard hold(mutex_);
        const Place* place = index_.find(key_of(record));
        if (!place || place->segment != segment || place->offset != record.offset + before_value) return;
      }
      std::string payload(reinterpret_cast<const char*>(record.payload.data()), record.payload.size());
      const Function& function = functions.at(number_at<std::uint32_t>(record.payload, sizeof(Key)));
      const auto [known, fresh] = numbers.try_emplace(function, static_cast<std::uint32_t>(numbers.size()));
      if (fresh) append_record(text, RecordKind::function, function_payload(known->second, function));
      payload.replace(sizeof(Key), sizeof known->second, reinterpret_cast<const char*>(&known->second),
                      sizeof known->second);
      append_record(text, record.kind, payload);
      if (text.size() < bytes_at_once) return;
      well = write_whole(file.get(), text);
      text.clear();
    });
  }
  well = well && write_whole(file.get(), text) && fdatasync(file.get()) == 0;
  if (well) return;
  const std::string why = with_reason("journal: " + path + " cannot be written");
  unlink(path.c_str());
  throw Error(ErrorKind::io, why + "; the journal is as it was");
}

// The new segment takes the name of the last of those it stands for; only then are the others removed. Its
// first record says that nothing before it holds, so that dying in between brings nothing back.
void Journal::compact() {
  std::uint16_t count = 0;
  std::string path;
  {
    std::unique_lock hold(mutex_);
    if (access_ == Access::read || !problem_.empty() || segments_.empty()) return;
    write_out(hold, true);
    if (!problem_.empty()) return;
    end_segment();
    count = static_cast<std::uint16_t>(segments_.size());
    path = segments_.back().path;
  }
  const std::string temporary = folder_ + "/new";
  write_compacted(temporary, count);
  if (std::rename(temporary.c_str(), path.c_str()) != 0)
    throw Error(ErrorKind::io, with_reason("journal: " + path + " cannot be named"));
  sync_folder(folder_);
  Segment fresh;
  fresh.path = path;
  fresh.mapped = std::make_shared<const Mapped>(path);
  std::vector<std::string> old;
  {
    const std::lock_guard hold(mutex_);
    problems_.clear();
    for (std::uint16_t i = 0; i + 1 < count; ++i) {
      if (!segments_[i].path.empty()) old.push_back(segments_[i].path);
      segments_[i] = {};
    }
    segments_[count - 1] = fresh;
    read_segment(fresh.mapped->bytes(), [&](const Record& record) {
      if (record.kind == RecordKind::function) note_function(segments_[count - 1], record);
      if (!is_result(record)) return;
      const Place* place = index_.find(key_of(record));
      if (place && place->segment < count)
        index_.put(key_of(record), place_of(record, static_cast<std::uint16_t>(count - 1)));
    });
  }
  for (const std::string& each : old) unlink(each.c_str());
  drop_unknown_objects();
}

// Files of results that no record speaks of, and what a dead writer left half; but what it left of an array
// goes on.
void Journal::drop_unknown_objects() {
  for (const bool arrays : {false, true}) {
    const std::string folder = folder_ + (arrays ? "/arrays" : "/objects");
    for_each_file(folder, [&](const std::string& name) {
      const std::lock_guard hold(mutex_);
      const std::string key = name.substr(0, name.find('.'));
      if (being_written_.contains(key)) return;
      bool known = false;
      try {
        const Place* place = index_.find(parse_key(arrays ? key : name));
        known = place && place->object && is_file(*place) == arrays;
      } catch (const Error&) {
      }
      if (!known) unlink((folder + "/" + name).c_str());
    });
  }
}

std::uint64_t Journal::keep_within(std::uint64_t bytes) {
  struct File {
    timespec used;
    std::uint64_t size;
    std::string name;
  };
  std::vector<File> files;
  std::uint64_t all = 0, dropped = 0;
  for (const char* folder : {"/objects/", "/arrays/"})
    for_each_file(folder_ + folder, [&](const std::string& name) {
      struct stat about {};
      const bool is_whole = name.find('.') == name.npos || name.ends_with(".h5");
      if (!is_whole || stat((folder_ + folder + name).c_str(), &about) != 0) return;
      files.push_back({about.st_mtim, static_cast<std::uint64_t>(about.st_size), folder + name});
      all += files.back().size;
    });
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) {
    return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec);
  });
  for (const File& file : files) {
    if (all <= bytes) break;
    const std::size_t begin = file.name.rfind('/') + 1;
    const std::string key = file.name.substr(begin, file.name.find('.') - begin);
    {
      const std::lock_guard hold(mutex_);
      // Its record would come after it has gone; or this program reads it.
      if (being_written_.contains(key) || used_files_.contains(key)) continue;
    }
    try {
      forget(parse_key(key));
    } catch (const Error&) {
      continue;
    }
    unlink((folder_ + file.name).c_str());
    all -= file.size;
    ++dropped;
  }
  object_bytes_ = std::min(all, bytes);  // what cannot go now is looked at again when more has come
  if (dropped)
    log::info("journal {}: {} results that were not used for longest are dropped, {} remain", folder_,
              dropped, weir::to_text(all));
  return dropped;
}

}  // namespace weir::detail::journal
