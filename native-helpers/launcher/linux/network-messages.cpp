#include "network-messages.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace belljar {

std::string_view NetworkMessage::text() const { return std::string_view(name, strnlen(name, sizeof name)); }

void NetworkMessage::set_text(std::string_view value) {
  size_t size = std::min(value.size(), sizeof name - 1);
  memcpy(name, value.data(), size);
  memset(name + size, 0, sizeof name - size);
}

bool send_message(int socket, const NetworkMessage& message, const int* descriptors, size_t count, bool wait) {
  NetworkMessage copy = message;
  iovec part{&copy, sizeof copy};
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (count > 0) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(rights), descriptors, count * sizeof(int));
  }
  ssize_t sent = -1;
  do sent = sendmsg(socket, &header, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof copy);
}

void tell_failure(int socket, const Descriptor& server, const Address& local, int error) {
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::failed;
  message.local = local;
  message.seconds = static_cast<uint32_t>(error);
  int descriptor = server.get();
  send_message(socket, message, &descriptor, 1, true);
}

Received receive_message(int socket, NetworkMessage& message, Descriptor descriptors[2], bool wait) {
  iovec part{&message, sizeof message};
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t size = -1;
  do size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  while (size < 0 && errno == EINTR);
  size_t taken = 0;
  for (cmsghdr* one = CMSG_FIRSTHDR(&header); size >= 0 && one != nullptr; one = CMSG_NXTHDR(&header, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(one) + i * sizeof(int), sizeof fd);
      Descriptor owned(fd);
      if (taken < 2) descriptors[taken++] = std::move(owned);
    }
  }
  if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Received::nothing : Received::closed;
  // Neither side sends anything else; who does has been taken over.
  if (size != static_cast<ssize_t>(sizeof message) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return Received::closed;
  message.name[sizeof message.name - 1] = '\0';
  return Received::message;
}

}  // namespace belljar
