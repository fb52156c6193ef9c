// Target: what a path to be written names, where its last part is a link, a device or a pipe.
#pragma once

#include <string>

namespace weir::detail {

/// The file that `path` names: what a link leads to, which is replaced in its place.
std::string target_of(const std::string& path);

/// Whether a device, a pipe or a socket is there: it is written to as it is, never replaced, never removed.
bool is_special_file(const std::string& path);

/// The name under which what becomes the file `target` is written until it is whole.
std::string draft_of(const std::string& target, const std::string& ending);

/// Gives a draft that is whole its name. **Errors.** Returns why it could not be (an errno), 0 if it could.
int take_name(const std::string& draft, const std::string& target);

/// Removes a draft that will not be whole.
void drop(const std::string& draft, const std::string& target);

/// A descriptor of `path` for writing; -1, and `errno` says why. A pipe that nobody reads is waited for for
/// two seconds.
int open_for_writing(const std::string& path, int flags);

}  // namespace weir::detail
