// open_session: lets other programs work with this one's cluster; see Client::connect.
#pragma once

#include <string>

namespace weir {

/// Lets other processes of this executable submit tasks to the cluster of this program, by `Client::connect`;
/// in the body of `weir::run`, or with a cluster object. The variable WEIR_SESSION does the same with a name
/// of its own. Until the program ends.
///
/// `file` is the name of the session file, which holds where it is and the key; empty: one in
/// `~/.local/state/weir/sessions`. `network` is where is listened: empty for this machine alone, else an
/// interface, an address or "any". Returns the file's path.
/// **Errors.** Throws `Error{closed}` outside a cluster, `Error{unsupported}` in a task, or if there is a
/// file of that name that belongs to something else, `Error{io}` if it cannot be written.
/// **Source.** Dask's `scheduler_file`.
std::string open_session(const std::string& file = {}, const std::string& network = {});

}  // namespace weir
