// PlanClient: submits tasks under the name of what the user has called.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "weir/client.hpp"

namespace weir::detail::frame {

/// A client whose tasks have one name, as in `read_csv.filter.group_by`; without one, that of their function.
class PlanClient : public Client {
 public:
  explicit PlanClient(Client client) : Client(std::move(client)) {}

  /// The name that is no longer needed.
  std::string rename(std::string name) { return std::exchange(name_, std::move(name)); }

  template <class F, class... A>
  requires(!std::is_same_v<std::decay_t<F>, Options>) auto submit(F&& f, A&&... args) {
    return submit(Options{}, std::forward<F>(f), std::forward<A>(args)...);
  }
  template <class F, class... A>
  auto submit(Options options, F&& f, A&&... args) {
    options.name = name_;
    return Client::submit(std::move(options), std::forward<F>(f), std::forward<A>(args)...);
  }

 private:
  std::string name_;
};

}  // namespace weir::detail::frame
