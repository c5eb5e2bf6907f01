#include "link-door.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include "../core/link.hpp"
#include "../core/text.hpp"
#include "target.hpp"

namespace belljar {

namespace {

constexpr size_t requests_max = 4;
constexpr double links_at_once = 6;
constexpr double links_per_second = 0.1;
constexpr int packet_wait_ms = 2'000;
constexpr const char* door_file = "link.sock";

int64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// Through the folder's descriptor, so that the address fits however deep the folder lies.
sockaddr_un address_in(int folder, const char* name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder, name);
  return address;
}

int parent_process(int process) {
  TaskStatus status(process);
  const char* parent = status.after("\nPPid:");
  return parent != nullptr ? atoi(parent) : 0;
}

}  // namespace

bool LinkDoor::open(int folder, const Plan& plan, const std::string& run) {
  ask_links_ = plan.ask_links;
  rules_ = plan.links;
  server_ = plan.server;
  run_ = run;
  state_folder_ = std::string(parent_of(plan.spool));
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return false;
  notes_ = Descriptor(pair[0]);
  notes_out_ = Descriptor(pair[1]);
  Descriptor listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address = address_in(folder, door_file);
  int on = 1;
  // Credentials: the kernel says which process sent the link, also before its connection was accepted.
  if (!listener || bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      setsockopt(listener.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 || listen(listener.get(), 8) != 0) {
    return false;
  }
  waits_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
  timer_ = Descriptor(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  listener_ = std::move(listener);
  return waits_ && timer_ && watch(listener_.get()) && watch(timer_.get());
}

bool LinkDoor::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  return epoll_ctl(waits_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool LinkDoor::spend() {
  int64_t now = monotonic_ms();
  if (refilled_ != 0) tokens_ = std::min(links_at_once, tokens_ + links_per_second * static_cast<double>(now - refilled_) / 1000);
  refilled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void LinkDoor::note(const Request& request, LinkNote::Verdict verdict, bool last) {
  LinkNote out{};
  out.verdict = verdict;
  out.last = last;
  out.process = request.process;
  snprintf(out.host, sizeof out.host, "%s", request.name.c_str());
  // A supervisor that is gone ends the run; nobody is left to write for.
  if (send(notes_.get(), &out, sizeof out, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
}

void LinkDoor::finish(Request& request, std::string_view reason) {
  note(request, reason.empty() ? LinkNote::Verdict::allowed : LinkNote::Verdict::refused, true);
  std::string answer = reason.empty() ? std::string(link_opened) : std::string(link_refused) + std::string(reason);
  if (send(request.server.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) errno = 0;
  request.server.reset();
  request.host.reset();
}

// The helper went before the answer. A rule that the host knew of too has most likely opened the link; a question ends with who
// asked it, and that is a refusal.
void LinkDoor::leave(Request& request) {
  bool told = static_cast<bool>(request.host);
  if (told && !request.granted) note(request, LinkNote::Verdict::asked, false);
  note(request, !told ? LinkNote::Verdict::nothing : request.granted ? LinkNote::Verdict::allowed : LinkNote::Verdict::refused, true);
  request.server.reset();
  request.host.reset();
}

void LinkDoor::take() {
  while (true) {
    Descriptor server(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!server) return;
    // One too many is closed, which its helper understands.
    Request request;
    if (requests_.size() >= requests_max || !watch(server.get())) {
      note(request, LinkNote::Verdict::nothing, true);
      continue;
    }
    request.server = std::move(server);
    request.deadline = monotonic_ms() + packet_wait_ms;
    requests_.push_back(std::move(request));
  }
}

void LinkDoor::read_link(Request& request) {
  char bytes[link_max_bytes];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + 256];
  iovec part{bytes, sizeof bytes};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = recvmsg(request.server.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  for (cmsghdr* at = CMSG_FIRSTHDR(&message); n >= 0 && at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level != SOL_SOCKET) continue;
    // Descriptors that a server passes along are closed, never used.
    if (at->cmsg_type == SCM_RIGHTS) {
      for (size_t i = 0; i < (at->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
        int passed = -1;
        memcpy(&passed, CMSG_DATA(at) + i * sizeof passed, sizeof passed);
        close(passed);
      }
    }
    ucred sender{};
    if (at->cmsg_type != SCM_CREDENTIALS || at->cmsg_len < CMSG_LEN(sizeof sender)) continue;
    memcpy(&sender, CMSG_DATA(at), sizeof sender);
    request.process = parent_process(sender.pid);
  }
  if (n <= 0) return leave(request);
  std::string_view text(bytes, static_cast<size_t>(n));
  auto link = (message.msg_flags & MSG_TRUNC) == 0 ? parse_link(text) : std::nullopt;
  // What is no link is never shown: an event that repeats it could hold a token.
  request.name = link ? link->host : "(not a link)";
  if (!link) return finish(request, "not-a-link");
  request.granted = std::any_of(rules_.begin(), rules_.end(), [&link](const std::string& rule) { return link_rule_covers(rule, *link); });
  if (!request.granted && !ask_links_) return finish(request, "not-allowed");
  if (!spend()) return finish(request, "too-often");
  ask(request, text);
}

void LinkDoor::ask(Request& request, std::string_view link) {
  std::string body = "{\"server\":\"" + server_ + "\",\"run\":\"" + run_ + "\",\"about\":{\"kind\":\"link\",\"url\":";
  append_json_string(body, link);
  body += std::string("},\"granted\":") + (request.granted ? "true" : "false") + "}";
  request.host = ask_host(state_folder_, body);
  if (!request.host || !watch(request.host.get())) return finish(request, "no-host");
  request.deadline = monotonic_ms() + link_guardian_wait_ms;
}

void LinkDoor::read_answer(Request& request) {
  if (!read_host_answer(request.host, request.answer)) return;
  HostVerdict verdict = host_verdict(request.answer);
  if (verdict.asked) note(request, LinkNote::Verdict::asked, false);
  finish(request, verdict.reason);
}

void LinkDoor::serve() {
  uint64_t expirations = 0;
  if (read(timer_.get(), &expirations, sizeof expirations) < 0) expirations = 0;
  take();
  int64_t now = monotonic_ms();
  for (Request& request : requests_) {
    if (!request.host) {
      read_link(request);
      if (request.server && !request.host && now >= request.deadline) leave(request);
      continue;
    }
    read_answer(request);
    if (!request.host) continue;
    if (now >= request.deadline) {
      finish(request, "no-answer");
      continue;
    }
    // The helper waits in silence: whatever comes from it is its end, and nobody is left to answer.
    char byte = 0;
    ssize_t n = recv(request.server.get(), &byte, 1, MSG_DONTWAIT);
    if (n >= 0 || (errno != EAGAIN && errno != EINTR)) leave(request);
  }
  std::erase_if(requests_, [](const Request& request) { return !request.server; });
  set_timer();
}

void LinkDoor::set_timer() {
  int64_t next = 0;
  for (const Request& request : requests_) {
    if (next == 0 || request.deadline < next) next = request.deadline;
  }
  itimerspec when{};
  // Zero would switch the timer off.
  if (next != 0) next = std::max<int64_t>(1, next - monotonic_ms());
  when.it_value.tv_sec = next / 1000;
  when.it_value.tv_nsec = next % 1000 * 1'000'000;
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

}  // namespace belljar
