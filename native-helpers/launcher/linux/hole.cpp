#include "hole.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "network.hpp"

namespace belljar {

namespace {

bool own_address(int socket, Address& out) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  return getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) == 0 && read_address(storage, size, out);
}

bool far_address(int socket, Address& out) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  return getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) == 0 && read_address(storage, size, out);
}

bool same_place(const Address& one, const Address& other) { return same_host(one, other) && one.port == other.port; }

Descriptor open_hole(const char* host, Address& at, Descriptor& filler) {
  if (!parse_address(host, at)) return {};
  sockaddr_storage storage{};
  socklen_t size = write_address(at, at.v4 ? AF_INET : AF_INET6, storage);
  Descriptor fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int one = 1;
  bool good = fd && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0 &&
              bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0 && listen(fd.get(), 0) == 0 && own_address(fd.get(), at);
  // The one that fills the queue. Never taken in; whoever else should have come first fills it as well.
  size = write_address(at, storage.ss_family, storage);
  if (good) filler = Descriptor(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int done = filler ? connect(filler.get(), reinterpret_cast<sockaddr*>(&storage), size) : -1;
  if (filler && (done == 0 || errno == EINPROGRESS)) return fd;
  at = Address{};
  return {};
}

}  // namespace

bool open_holes(Holes& holes) {
  holes.v4 = open_hole("127.0.0.1", holes.v4_address, holes.v4_filler);
  holes.v6 = open_hole("::1", holes.v6_address, holes.v6_filler);
  parse_address("127.0.0.1", holes.nobody_address);
  sockaddr_storage at{};
  socklen_t size = write_address(holes.nobody_address, AF_INET, at);
  holes.nobody = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  bool bound = holes.nobody && bind(holes.nobody.get(), reinterpret_cast<sockaddr*>(&at), size) == 0;
  return bound && own_address(holes.nobody.get(), holes.nobody_address) && holes.v4;
}

const Address& hole_for(const Holes& holes, int family, const Address& destination) {
  return family == AF_INET6 && !destination.v4 && holes.v6_address.port != 0 ? holes.v6_address : holes.v4_address;
}

Descriptor connect_back(const Holes& holes, const Descriptor& server, const Address& local) {
  uint8_t state = TCP_CLOSE;
  socklen_t state_size = sizeof state;
  Address now;
  if (getsockopt(server.get(), IPPROTO_TCP, TCP_INFO, &state, &state_size) != 0 || state != TCP_SYN_SENT) return {};
  if (!own_address(server.get(), now) || !same_place(now, local)) return {};
  const Address& hole = local.v4 ? holes.v4_address : holes.v6_address;
  if (hole.port == 0) return {};
  sockaddr_storage from{};
  sockaddr_storage to{};
  int family = local.v4 ? AF_INET : AF_INET6;
  socklen_t size = write_address(hole, family, from);
  write_address(local, family, to);
  Descriptor fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int one = 1;
  if (!fd || setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) return {};
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&from), size) != 0) return {};
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size) != 0 && errno != EINPROGRESS) return {};
  return fd;
}

bool has_met(const Descriptor& server, int back) {
  Address ours;
  Address theirs;
  Address its_own;
  Address its_far;
  // Two ends of one connection name each other; no other socket of this machine can have the same pair.
  return own_address(back, ours) && far_address(back, theirs) && own_address(server.get(), its_own) && far_address(server.get(), its_far) &&
         same_place(ours, its_far) && same_place(theirs, its_own);
}

void end_connecting(const Holes& holes, const Descriptor& socket, int error) {
  sockaddr_storage name{};
  sockaddr_storage nobody{};
  socklen_t size = sizeof name;
  bool refused = error != ECONNRESET && getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) == 0;
  if (refused) size = write_address(holes.nobody_address, name.ss_family, nobody);
  // A socket that is connecting and is shut down fails with ECONNRESET; to be refused it must go where nobody listens. Waiting
  // for that here would take the error away from the program, which may have made its socket one that waits (Rust does).
  shutdown(socket.get(), SHUT_RDWR);
  if (!refused) return;
  int flags = fcntl(socket.get(), F_GETFL);
  bool waits = (flags & O_NONBLOCK) == 0;
  if (waits) fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK);
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&nobody), size) == 0) shutdown(socket.get(), SHUT_RDWR);
  if (waits) fcntl(socket.get(), F_SETFL, flags);
}

}  // namespace belljar
