#include "packets.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace belljar {

bool send_packet(int socket, const std::string& bytes, const int* descriptors, size_t count) {
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
  do n = sendmsg(socket, &header, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(bytes.size());
}

bool receive_packet(int socket, std::string& bytes, size_t max, std::vector<Descriptor>& descriptors, bool wait) {
  bytes.resize(max);
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(packet_descriptors_max * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t n = -1;
  do n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  while (n < 0 && errno == EINTR);
  int error = errno;
  for (cmsghdr* one = CMSG_FIRSTHDR(&header); n >= 0 && one != nullptr; one = CMSG_NXTHDR(&header, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(one) + i * sizeof(int), sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
  bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
  errno = n < 0 ? error : EPIPE;
  return n > 0 && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
}

}  // namespace belljar
