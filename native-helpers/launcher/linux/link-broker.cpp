// The supervisor's part of opening links: it leads a connection to the guardian's door, and writes what came of it.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "supervisor.hpp"

namespace belljar {

namespace {

constexpr int finish_wait_ms = 300;
constexpr int finish_step_ms = 20;

}  // namespace

// The server's own socket is connected: what it sends then is between it and the guardian, who believes none of it.
Supervisor::Answer Supervisor::connect_link_door(const Descriptor& socket) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d", settings_.link_door.get());
  int flags = fcntl(socket.get(), F_GETFL);
  bool blocking = (flags & O_NONBLOCK) == 0;
  // The supervisor never waits for a door that is full: that is EAGAIN, for a blocking socket too.
  if (blocking) fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK);
  int code = connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
  if (blocking) fcntl(socket.get(), F_SETFL, flags);
  if (code == 0) links_open_++;
  return {false, code, 0, false};
}

// From the guardian, which made them of what it decided; only the host of the link, never the link.
void Supervisor::write_link_notes() {
  LinkNote note{};
  while (recv(settings_.link_notes.get(), &note, sizeof note, MSG_DONTWAIT) == static_cast<ssize_t>(sizeof note)) {
    if (note.last) links_open_--;
    if (note.verdict == LinkNote::Verdict::nothing) continue;
    Observation observation;
    observation.kind = "link.open";
    observation.target = std::string(note.host, strnlen(note.host, sizeof note.host));
    observation.refused = note.verdict == LinkNote::Verdict::refused;
    observation.asked = note.verdict == LinkNote::Verdict::asked;
    observation.by = "broker";
    observation.pid = note.process;
    spool_.observe(std::move(observation), program_of);
  }
}

void Supervisor::finish_links() {
  if (!settings_.link_notes) return;
  write_link_notes();
  for (int waited = 0; links_open_ > 0 && waited < finish_wait_ms; waited += finish_step_ms) {
    pollfd wait{settings_.link_notes.get(), POLLIN, 0};
    poll(&wait, 1, finish_step_ms);
    write_link_notes();
  }
}

}  // namespace belljar
