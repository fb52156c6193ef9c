// epoll, and an eventfd beside it.
#include "comm/poller.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

#include "weir/error.hpp"

namespace weir::detail::comm {

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)), event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (epoll_.get() < 0 || event_.get() < 0)
    throw Error(ErrorKind::io,
                std::string("network: the system has no descriptors left (") + std::strerror(errno) + ")");
}

void Poller::add(int socket, void* note) {
  epoll_event event{EPOLLIN, {.ptr = note}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &event);
}

void Poller::change(int socket, void* note, bool writable) {
  epoll_event event{EPOLLIN | (writable ? EPOLLOUT : 0u), {.ptr = note}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket, &event);
}

void Poller::remove(int socket) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr); }

std::span<const epoll_event> Poller::ready() {
  const int count = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), 0);
  return {events_.data(), static_cast<std::size_t>(std::max(0, count))};
}

void Poller::wait(std::chrono::nanoseconds most) {
  waiting_.fetch_add(1);
  if (!awake_.exchange(false)) {
    pollfd watched[2] = {{epoll_.get(), POLLIN, 0}, {event_.get(), POLLIN, 0}};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(most);
    const timespec time{seconds.count(), (most - seconds).count()};
    ppoll(watched, 2, &time, nullptr);
    awake_ = false;
    if (watched[1].revents) {
      std::uint64_t count = 0;
      (void)!::read(event_.get(), &count, sizeof count);
    }
  }
  waiting_.fetch_sub(1);
}

void Poller::wake() {
  awake_ = true;
  if (waiting_.load() == 0) return;
  const std::uint64_t one = 1;
  (void)!::write(event_.get(), &one, sizeof one);
}

}  // namespace weir::detail::comm
