/*
 * Reaches a host over the internet protocols. inet <way> <address> <port>
 * Facts: Landlock's CONNECT_TCP (ABI 4) covers connect() on plain TCP sockets and port numbers only: not MPTCP, not
 * MSG_FASTOPEN, not UDP, no addresses. sendto with an address needs no connect at all.
 */
#include "attack.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/uio.h>

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif
#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif

static struct sockaddr_storage address;
static socklen_t length;

static int own(int type, int protocol) {
  int descriptor = socket(address.ss_family, type, protocol);
  if (descriptor < 0) refused("socket", errno);
  return descriptor;
}

static void finish(int descriptor) {
  struct pollfd wait = {.fd = descriptor, .events = POLLOUT};
  int error = 0;
  socklen_t size = sizeof error;
  if (poll(&wait, 1, 3000) == 0) refused("connect", ETIMEDOUT);
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) refused("connect", error);
}

static void check(const char *step, long result, int descriptor) {
  if (result >= 0) return;
  if (errno != EINPROGRESS) refused(step, errno);
  finish(descriptor);
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *text = argument(argc, argv, 2);
  uint16_t port = htons((uint16_t)atoi(argument(argc, argv, 3)));
  struct sockaddr_in *four = (struct sockaddr_in *)&address;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
  if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = port;
    length = sizeof *four;
  } else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = port;
    length = sizeof *six;
    if (IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) six->sin6_scope_id = 1;
  } else {
    errno = EINVAL;
    broken("address");
  }
  struct sockaddr *to = (struct sockaddr *)&address;
  struct iovec part = {.iov_base = "x", .iov_len = 1};
  struct msghdr message = {.msg_name = &address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
  struct mmsghdr several = {.msg_hdr = message};

  if (is(way, "connect")) {
    int descriptor = own(SOCK_STREAM | SOCK_NONBLOCK, 0);
    check("connect", connect(descriptor, to, length), descriptor);
  } else if (is(way, "connect-blocking")) {
    must("connect", connect(own(SOCK_STREAM, 0), to, length));
  } else if (is(way, "connect-on-six")) {
    /* an AF_INET address on an AF_INET6 socket */
    struct sockaddr_in copy = *four;
    int descriptor = (int)must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = port};
    mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&mapped.sin6_addr.s6_addr[12], &copy.sin_addr, 4);
    must("connect", connect(descriptor, (struct sockaddr *)&mapped, sizeof mapped));
  } else if (is(way, "connect-long-length")) {
    /* a length beyond the address: legal for the kernel up to sizeof(sockaddr_storage) */
    int descriptor = own(SOCK_STREAM, 0);
    must("connect", connect(descriptor, to, sizeof address));
  } else if (is(way, "connect-unspec-first")) {
    int descriptor = own(SOCK_STREAM, 0);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    (void)!connect(descriptor, &none, sizeof none);
    must("connect", connect(descriptor, to, length));
  } else if (is(way, "source-route")) {
    /* the packet goes to the first hop, 10.20.30.40, and names the address that was asked for as the next */
    unsigned char route[] = {0x83, 7, 4, 10, 20, 30, 40, 1};
    int descriptor = own(SOCK_STREAM | SOCK_NONBLOCK, 0);
    must("setsockopt", setsockopt(descriptor, IPPROTO_IP, IP_OPTIONS, route, sizeof route));
    if (connect(descriptor, to, length) < 0 && errno != EINPROGRESS) refused("connect", errno);
  } else if (is(way, "routing-header")) {
    /* segment routing, one segment: fd12::1 */
    unsigned char header[24] = {0, 2, 4, 0, 0, 0, 0, 0, 0xfd, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    int descriptor = own(SOCK_STREAM | SOCK_NONBLOCK, 0);
    must("setsockopt", setsockopt(descriptor, IPPROTO_IPV6, IPV6_RTHDR, header, sizeof header));
    if (connect(descriptor, to, length) < 0 && errno != EINPROGRESS) refused("connect", errno);
  } else if (is(way, "mptcp")) {
    must("connect", connect(own(SOCK_STREAM, 262), to, length));
  } else if (is(way, "sctp")) {
    must("connect", connect(own(SOCK_STREAM, 132), to, length));
  } else if (is(way, "dccp")) {
    must("connect", connect(own(6 /* SOCK_DCCP */, 33), to, length));
  } else if (is(way, "smc")) {
    must("socket", socket(43 /* AF_SMC */, SOCK_STREAM, 0));
  } else if (is(way, "fastopen-sendto")) {
    int descriptor = own(SOCK_STREAM, 0);
    check("sendto", sendto(descriptor, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, to, length), descriptor);
  } else if (is(way, "fastopen-sendmsg")) {
    int descriptor = own(SOCK_STREAM, 0);
    check("sendmsg", sendmsg(descriptor, &message, MSG_FASTOPEN | MSG_NOSIGNAL), descriptor);
  } else if (is(way, "fastopen-sendmmsg")) {
    int descriptor = own(SOCK_STREAM, 0);
    check("sendmmsg", sendmmsg(descriptor, &several, 1, MSG_FASTOPEN | MSG_NOSIGNAL), descriptor);
  } else if (is(way, "fastopen-connect")) {
    int descriptor = own(SOCK_STREAM, 0);
    must("setsockopt", setsockopt(descriptor, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &(int){1}, sizeof(int)));
    must("connect", connect(descriptor, to, length));
    must("write", write(descriptor, "x", 1));
  } else if (is(way, "udp-connect")) {
    int descriptor = own(SOCK_DGRAM, 0);
    must("connect", connect(descriptor, to, length));
    must("send", send(descriptor, "x", 1, 0));
  } else if (is(way, "udp-sendto")) must("sendto", sendto(own(SOCK_DGRAM, 0), "x", 1, 0, to, length));
  else if (is(way, "udp-sendmsg")) must("sendmsg", sendmsg(own(SOCK_DGRAM, 0), &message, 0));
  else if (is(way, "udp-sendmmsg")) must("sendmmsg", sendmmsg(own(SOCK_DGRAM, 0), &several, 1, 0));
  else if (is(way, "udplite")) must("sendto", sendto(own(SOCK_DGRAM, 136), "x", 1, 0, to, length));
  else if (is(way, "ping")) must("sendto", sendto(own(SOCK_DGRAM, 1), "\x08\0\0\0\0\0\0\0", 8, 0, to, length));
  else if (is(way, "raw")) must("sendto", sendto(own(SOCK_RAW, 253), "x", 1, 0, to, length));
  else if (is(way, "raw-icmp")) must("sendto", sendto(own(SOCK_RAW, 1), "\x08\0\xf7\xff\0\0\0\0", 8, 0, to, length));
  else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
