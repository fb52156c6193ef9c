// ActorPart: what a task has to do with an actor.
#pragma once

#include <cstdint>

namespace weir::detail::protocol {

/// What a task has to do with an actor.
enum class ActorPart : std::uint8_t {
  none,
  home,        ///< It makes one: its result stays where it is made, and fails with its worker ...
  home_again,  ///< ... or is made again elsewhere.
  call  ///< It is one of its calls: it runs where the result of its first input is, alone with it, once.
};

}  // namespace weir::detail::protocol
