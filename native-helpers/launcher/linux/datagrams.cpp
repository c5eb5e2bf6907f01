// Sending with a destination. Without the permission `datagrams` there are no internet datagram sockets, and a destination
// means nothing on a stream. With it, every call that can name one is made here, on the supervisor's copy of message, address
// and descriptors: another thread of the server may change all three while it waits.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kernel.hpp"
#include "supervisor.hpp"

namespace belljar {

namespace {

constexpr size_t message_max = 1 << 20;
constexpr size_t parts_max = 1024;
constexpr size_t control_max = 4096;
constexpr size_t passed_max = 253;  // SCM_MAX_FD
constexpr size_t pending_sends_max = 128;

int option_of(int socket, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

// Where a datagram leaves from and how; not where it goes.
bool harmless_control(int level, int type) {
  if (level == IPPROTO_IP) return type == IP_PKTINFO || type == IP_TOS || type == IP_TTL;
  if (level == IPPROTO_IPV6) return type == IPV6_PKTINFO || type == IPV6_TCLASS || type == IPV6_HOPLIMIT;
  return level == IPPROTO_UDP && type == UDP_SEGMENT;
}

}  // namespace

// The destination of a datagram, decided as a connect would be. 0, or an errno.
int Supervisor::judge_datagram(Target& target, const sockaddr_storage& storage, size_t size) {
  using Way = ConnectVerdict::Way;
  Address where;
  if (!read_address(storage, size, where)) return storage.ss_family == AF_UNSPEC ? EAFNOSUPPORT : EINVAL;
  take_in_network();
  ConnectVerdict verdict = network_.judge(where);
  bool good = verdict.way == Way::direct || verdict.way == Way::checked;
  record_connect(target, verdict.name, where, good ? 0 : EACCES);
  return good ? 0 : EACCES;
}

Supervisor::Answer Supervisor::do_send_to(Target& target, const __u64* args) {
  if ((args[3] & refused_send_flags) != 0) return refuse(target, "syscall", "sendto", EOPNOTSUPP);
  int error = 0;
  Descriptor copy = target.descriptor(static_cast<int>(args[0]), error);
  if (!copy) return unreadable(target, "net.connect", error);
  int domain = option_of(copy.get(), SO_DOMAIN);
  int type = option_of(copy.get(), SO_TYPE);
  if (domain < 0 || type < 0) return {false, ENOTSOCK, 0, false};
  size_t length = args[2];
  if (length > message_max) return {false, EMSGSIZE, 0, false};
  std::string bytes(length, '\0');
  if (length > 0 && !target.bytes_at(args[1], bytes.data(), length, error)) return unreadable(target, "net.connect", error == EPERM ? error : EFAULT);
  bool datagram = settings_.network.datagrams && (domain == AF_INET || domain == AF_INET6) && type == SOCK_DGRAM;
  sockaddr_storage to{};
  socklen_t size = static_cast<socklen_t>(std::min<uint64_t>(args[5], sizeof to));
  if ((domain == AF_NETLINK || datagram) && !target.bytes_at(args[4], &to, size, error)) {
    return unreadable(target, "net.connect", error == EPERM ? error : EFAULT);
  }
  if (!still_valid(current_id_)) return {false, EINTR, 0, false};
  int flags = static_cast<int>(args[3]) | MSG_NOSIGNAL | MSG_DONTWAIT;
  ssize_t sent = -1;
  if (domain == AF_NETLINK) {
    // To the kernel (process 0) only; the filter admits the route family only.
    uint32_t peer = 0;
    memcpy(&peer, reinterpret_cast<const char*>(&to) + 4, sizeof peer);
    if (to.ss_family != AF_NETLINK || peer != 0) return refuse(target, "syscall", "sendto netlink", EPERM);
    sent = sendto(copy.get(), bytes.data(), length, flags, reinterpret_cast<sockaddr*>(&to), size);
  } else if (type == SOCK_STREAM || type == SOCK_SEQPACKET) {
    // A connected stream ignores the address; so do we.
    sent = send(copy.get(), bytes.data(), length, flags);
  } else if (datagram) {
    int judged = judge_datagram(target, to, size);
    if (judged != 0) return {false, judged, 0, false};
    sent = sendto(copy.get(), bytes.data(), length, flags, reinterpret_cast<sockaddr*>(&to), size);
  } else {
    return refuse(target, "net.connect", "sendto on socket family " + std::to_string(domain), EACCES);
  }
  return {false, sent < 0 ? errno : 0, sent < 0 ? 0 : sent, false};
}

// Returns what was sent, or -1 with `error`; EAGAIN leaves what is to be sent in `rest`.
ssize_t Supervisor::send_one(Target& target, const Descriptor& socket, uint64_t at, int flags, int& error, PendingSend& rest) {
  int domain = option_of(socket.get(), SO_DOMAIN);
  int type = option_of(socket.get(), SO_TYPE);
  auto stop = [&error](int code) {
    error = code;
    return static_cast<ssize_t>(-1);
  };
  if (domain < 0 || type < 0) return stop(ENOTSOCK);
  msghdr theirs{};
  if (!target.bytes_at(at, &theirs, sizeof theirs, error)) return -1;
  if (theirs.msg_iovlen > parts_max || theirs.msg_controllen > control_max) return stop(EMSGSIZE);
  std::vector<iovec> parts(theirs.msg_iovlen);
  if (!parts.empty() && !target.bytes_at(reinterpret_cast<uint64_t>(theirs.msg_iov), parts.data(), parts.size() * sizeof(iovec), error)) return -1;
  bool stream = type == SOCK_STREAM;
  std::string bytes;
  for (const iovec& part : parts) {
    size_t room = message_max - bytes.size();
    // A stream takes what it can; a packet is whole or none.
    if (part.iov_len > room && !stream) return stop(EMSGSIZE);
    size_t take = std::min<size_t>(part.iov_len, room);
    size_t before = bytes.size();
    bytes.resize(before + take);
    if (take > 0 && !target.bytes_at(reinterpret_cast<uint64_t>(part.iov_base), bytes.data() + before, take, error)) return -1;
    if (take < part.iov_len) break;
  }
  std::string control(theirs.msg_controllen, '\0');
  if (!control.empty() && !target.bytes_at(reinterpret_cast<uint64_t>(theirs.msg_control), control.data(), control.size(), error)) return -1;
  sockaddr_storage to{};
  size_t to_size = theirs.msg_name == nullptr ? 0 : theirs.msg_namelen;
  if (to_size > sizeof to) return stop(EINVAL);
  if (to_size > 0 && !target.bytes_at(reinterpret_cast<uint64_t>(theirs.msg_name), &to, to_size, error)) return -1;

  bool inet = domain == AF_INET || domain == AF_INET6;
  bool datagram = inet && type == SOCK_DGRAM;
  if (!datagram && !stream && type != SOCK_SEQPACKET && domain != AF_NETLINK) return stop(EACCES);
  if (domain == AF_NETLINK) {
    uint32_t peer = 0;
    memcpy(&peer, reinterpret_cast<const char*>(&to) + 4, sizeof peer);
    if (to_size > 0 && (to.ss_family != AF_NETLINK || peer != 0)) return stop(EPERM);
  } else if (!datagram) {
    to_size = 0;  // ignored on a connected socket
  }
  // Descriptors that are passed on are named by their numbers in the server; here they have others.
  std::string ours;
  for (size_t offset = 0; offset + sizeof(cmsghdr) <= control.size();) {
    cmsghdr head{};
    memcpy(&head, control.data() + offset, sizeof head);
    if (head.cmsg_len < sizeof head || head.cmsg_len > control.size() - offset) return stop(EINVAL);
    std::string data = control.substr(offset + CMSG_LEN(0), head.cmsg_len - CMSG_LEN(0));
    offset += CMSG_ALIGN(head.cmsg_len);
    if (domain == AF_UNIX && head.cmsg_level == SOL_SOCKET && head.cmsg_type == SCM_RIGHTS) {
      if (data.size() / sizeof(int) > passed_max) return stop(EINVAL);
      for (size_t i = 0; i + sizeof(int) <= data.size(); i += sizeof(int)) {
        int fd = -1;
        memcpy(&fd, data.data() + i, sizeof fd);
        Descriptor copy = target.descriptor(fd, error);
        if (!copy) return stop(EBADF);
        int own = copy.get();
        memcpy(data.data() + i, &own, sizeof own);
        rest.passed.push_back(std::move(copy));
      }
    } else if (!datagram || !harmless_control(head.cmsg_level, head.cmsg_type)) {
      // Credentials would be the supervisor's; routing headers and options lead elsewhere.
      return stop(EPERM);
    }
    size_t begin = ours.size();
    ours.resize(begin + CMSG_SPACE(data.size()));
    head.cmsg_len = CMSG_LEN(data.size());
    memcpy(ours.data() + begin, &head, sizeof head);
    memcpy(ours.data() + begin + CMSG_LEN(0), data.data(), data.size());
  }
  if (!still_valid(current_id_)) return stop(EINTR);
  if (datagram && to_size > 0) {
    int judged = judge_datagram(target, to, to_size);
    if (judged != 0) return stop(judged);
  }
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_name = to_size > 0 ? &to : nullptr;
  message.msg_namelen = static_cast<socklen_t>(to_size);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ours.empty() ? nullptr : ours.data();
  message.msg_controllen = ours.size();
  ssize_t sent = sendmsg(socket.get(), &message, flags | MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return sent;
  error = errno;
  if (error == EAGAIN) {
    rest.bytes = std::move(bytes);
    rest.control = std::move(ours);
  }
  return -1;
}

Supervisor::Answer Supervisor::do_send_message(Target& target, const seccomp_notif& request) {
  const __u64* args = request.data.args;
  int flags = static_cast<int>(args[2]);
  if ((args[2] & refused_send_flags) != 0) return refuse(target, "syscall", "sendmsg", EOPNOTSUPP);
  int error = 0;
  Descriptor copy = target.descriptor(static_cast<int>(args[0]), error);
  if (!copy) return unreadable(target, "net.connect", error);
  bool blocking = (flags & MSG_DONTWAIT) == 0 && (fcntl(copy.get(), F_GETFL) & O_NONBLOCK) == 0;
  PendingSend rest;
  ssize_t sent = send_one(target, copy, args[1], flags, error, rest);
  if (sent >= 0) return {false, 0, sent, false};
  if (error != EAGAIN || !blocking) return {false, error, 0, false};
  // Finished by the housekeeping thread, when there is room.
  std::lock_guard lock(pending_mutex_);
  if (pending_sends_.size() >= pending_sends_max) return {false, EAGAIN, 0, false};
  rest.id = current_id_;
  rest.socket = std::move(copy);
  rest.flags = flags;
  pending_sends_.push_back(std::move(rest));
  uint64_t one = 1;
  if (write(pending_wake_.get(), &one, sizeof one) != sizeof one) return {false, 0, 0, true};
  return {false, 0, 0, true};
}

// With the lock held.
void Supervisor::finish_sends() {
  for (size_t i = 0; i < pending_sends_.size();) {
    PendingSend& one = pending_sends_[i];
    iovec part{one.bytes.data(), one.bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = one.control.empty() ? nullptr : one.control.data();
    message.msg_controllen = one.control.size();
    bool valid = still_valid(one.id);
    ssize_t sent = valid ? sendmsg(one.socket.get(), &message, one.flags | MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
    if (valid && sent < 0 && errno == EAGAIN) {
      i++;
      continue;
    }
    seccomp_notif_resp response{};
    response.id = one.id;
    if (sent < 0) response.error = -(valid ? errno : EINTR);
    else response.val = sent;
    ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
    pending_sends_.erase(pending_sends_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace belljar
