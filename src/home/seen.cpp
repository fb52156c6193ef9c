// Between the node and those who look.
#include "home/seen.hpp"

#include "dashboard/alone.hpp"
#include "home/settings.hpp"
#include "task/code_name.hpp"
#include "weir/batch.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::home {

dashboard::Wish dashboard_wish() { return dashboard::parse_wish(environment("WEIR_DASHBOARD")); }

std::shared_ptr<seeing::Inbox> inbox_for(const dashboard::Wish& wish) {
  return wish.where == dashboard::Wish::Where::off ? nullptr : std::make_shared<seeing::Inbox>();
}

std::unique_ptr<dashboard::Dashboard> start_dashboard(const std::shared_ptr<node::SchedulerNode>& node,
                                                      std::shared_ptr<seeing::Inbox> inbox,
                                                      const dashboard::Wish& wish) {
  dashboard::end_alone();
  dashboard::Source source;
  source.inbox = std::move(inbox);
  source.look = [of = node.get()] {
    node::SchedulerNode::Picture picture = of->picture();
    return dashboard::Look{std::move(picture.snapshot), std::move(picture.progress)};
  };
  source.closer_look = [of = node.get()] { return of->closer_look(); };
  source.look_at_worker = [of = node.get()](PeerId worker) { return of->look_at_worker(worker); };
  source.look_at_task = [of = node.get()](TaskId task) { return of->look_at_task(task); };
  source.name_of = [](std::uint64_t function) -> std::string {
    try {
      return task::function_name(function);
    } catch (const std::exception&) {
      return "a function of a module that is not loaded here";
    }
  };
  source.code_of = [](std::uint64_t code) -> std::string {
    try {
      return task::code_name(code);
    } catch (const std::exception&) {
      return "???";
    }
  };
  if (const auto job = current_job()) source.job = job->id;
  return std::make_unique<dashboard::Dashboard>(std::move(source), wish);
}

}  // namespace weir::detail::home
