// Listening, decided by address and port on the supervisor's own copy. The server's own domain may bind no TCP port at all;
// the supervisor binds for it, as it connects for it.
//
//   a granted port (`listen`)      on any address
//   `permission loopback-listener` any port, reachable from this machine only: on a loopback address as it is, and on
//                                  "every address" by tying the socket to the loopback interface, which takes rights to
//                                  undo. So callbacks work that name no address, and nothing is opened to the network
//   all else                       refused
//
// A bound address cannot be changed any more, so what is looked at before listen() is what listens.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

#include "supervisor.hpp"

namespace belljar {

namespace {

bool contains(const std::vector<uint16_t>& ports, uint16_t port) { return std::find(ports.begin(), ports.end(), port) != ports.end(); }

// `listen 0` is any port the system picks: an unbound socket gets one now, a bound one shows one of the dynamic range.
bool granted(const NetworkRules& rules, uint16_t port) {
  return (port != 0 && contains(rules.listen_ports, port)) || (contains(rules.listen_ports, 0) && (port == 0 || port >= 32768));
}

bool tie_to_loopback(int socket) {
  constexpr char loopback[] = "lo";
  char now[16] = {};
  socklen_t size = sizeof now;
  if (getsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, now, &size) != 0) return false;
  if (strcmp(now, loopback) == 0) return true;
  return now[0] == '\0' && setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, loopback, sizeof loopback) == 0;
}

// True when the socket, at this address, can be heard by this machine alone; ties it to the loopback interface for that.
bool keep_local(const NetworkRules& rules, int socket, const Address& where) {
  if (!rules.loopback_listener) return false;
  AddressKind kind = kind_of(where);
  return kind == AddressKind::loopback || (kind == AddressKind::unspecified && tie_to_loopback(socket));
}

}  // namespace

Supervisor::Answer Supervisor::bind_stream(Target& target, int fd, const sockaddr_storage& storage, size_t size) {
  int error = 0;
  Descriptor copy = target.descriptor(fd, error);
  if (!copy) return unreadable(target, "net.listen", error);
  int domain = 0;
  int type = 0;
  socklen_t option = sizeof domain;
  if (getsockopt(copy.get(), SOL_SOCKET, SO_DOMAIN, &domain, &option) != 0) return {false, errno, 0, false};
  option = sizeof type;
  getsockopt(copy.get(), SOL_SOCKET, SO_TYPE, &type, &option);
  // Others cannot listen; should the number mean another socket by the time the kernel looks, Landlock says no.
  if ((domain != AF_INET && domain != AF_INET6) || type != SOCK_STREAM) return {};
  Address where;
  if (!read_address(storage, size, where)) return {false, EAFNOSUPPORT, 0, false};
  if (!still_valid(current_id_)) return {false, EINTR, 0, false};
  // A port that the system picks is how clients name where they come from; listening on it is decided when it is asked for.
  bool free_port = where.port == 0;
  if (!free_port && !granted(settings_.network, where.port) && !keep_local(settings_.network, copy.get(), where)) {
    return refuse(target, "net.listen", address_text(where), EACCES);
  }
  int done = bind(copy.get(), reinterpret_cast<const sockaddr*>(&storage), static_cast<socklen_t>(size));
  return {false, done == 0 ? 0 : errno, 0, false};
}

Supervisor::Answer Supervisor::listen_stream(Target& target, const Descriptor& socket, int domain, int backlog) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  Address where;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0 || !read_address(storage, size, where)) {
    return refuse(target, "net.listen", "socket family " + std::to_string(domain), EACCES);
  }
  bool named = granted(settings_.network, where.port);
  if (!named && !keep_local(settings_.network, socket.get(), where)) return refuse(target, "net.listen", address_text(where), EACCES);
  int done = listen(socket.get(), backlog);
  int code = done == 0 ? 0 : errno;
  if (!named && kind_of(where) == AddressKind::unspecified) {
    // Said as it is, not as it was asked for; an unbound socket has its port only now.
    size = sizeof storage;
    if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) == 0) read_address(storage, size, where);
    record(target, "net.listen", "localhost:" + std::to_string(where.port), false, 0, "broker");
  } else {
    record(target, "net.listen", address_text(where), false, 0, "broker");
  }
  return {false, code, 0, false};
}

}  // namespace belljar
