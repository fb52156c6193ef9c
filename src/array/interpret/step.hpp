// One step of a task, for those who need no whole task.
#pragma once

#include "array/interpret/code.hpp"

namespace weir::detail::array {

/// Carries one step of a task out.
void run_step(const TaskCode& task, const Step& step, std::vector<Tensor>& operands);

}  // namespace weir::detail::array
