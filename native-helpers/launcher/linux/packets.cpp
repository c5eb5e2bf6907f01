#include "packets.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace belljar {

bool send_packet(int socket, std::string_view bytes, const int* descriptors, size_t count, bool wait) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(packet_descriptors_max * sizeof(int))] = {};
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
  ssize_t n = -1;
  do n = sendmsg(socket, &header, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
  while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(bytes.size());
}

Received receive_packet(int socket, void* bytes, size_t max, size_t& size, Descriptor* descriptors, size_t room, bool wait) {
  iovec part{bytes, max};
  alignas(cmsghdr) char control[CMSG_SPACE(packet_descriptors_max * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t n = -1;
  do n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Received::nothing : Received::closed;
  size_t came = 0;
  for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(one) + i * sizeof(int), sizeof fd);
      Descriptor owned(fd);
      if (came < room) descriptors[came] = std::move(owned);
      came++;
    }
  }
  size = static_cast<size_t>(n);
  bool too_much = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || came > room;
  return n == 0 || too_much ? Received::closed : Received::packet;
}

Received receive_packet(int socket, std::string& bytes, size_t max, std::vector<Descriptor>& descriptors, bool wait) {
  bytes.resize(max);
  size_t size = 0;
  Descriptor came[packet_descriptors_max];
  Received received = receive_packet(socket, bytes.data(), bytes.size(), size, came, packet_descriptors_max, wait);
  bytes.resize(size);
  for (Descriptor& one : came) {
    if (one) descriptors.push_back(std::move(one));
  }
  return received;
}

}  // namespace belljar
