/*
 * Reaches a host over the internet protocols. inet <way> <address> <port>
 * Family: network
 * Facts: Landlock's CONNECT_TCP (ABI 4, Linux 6.7) covers connect() on plain TCP sockets and port numbers only: not MPTCP
 * (fixed for MPTCP and SMC only by taking them for no TCP, security/landlock/net.c), not MSG_FASTOPEN, not UDP, no
 * addresses. sendto with an address needs no connect at all (man 2 sendto).
 * Witness: the neighbour's log of contacts.
 * Cases: name | what it tries | attack | twin | marks
 *   connect | connect to a service of this machine | connect 127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   connect-net | by another address of loopback | connect 127.1.2.3 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   connect-six | by its IPv6 address | connect ::1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   connect-mapped | by the IPv4 address inside an IPv6 one | connect ::ffff:127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   connect-any | by the address of everything, which is this machine | connect 0.0.0.0 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   connect-any-six | by the IPv6 address of everything | connect :: {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   connect-blocking | with a socket that waits | connect-blocking 127.0.0.1 {tcp} | connect-blocking 127.0.0.1 {allowed} | event=net.connect,syscall
 *   connect-on-six | with a mapped address on an IPv6 socket | connect-on-six 127.0.0.1 {tcp} | connect-on-six 127.0.0.1 {allowed} | event=net.connect,syscall
 *   connect-long-length | with an address that is longer than it is | connect-long-length 127.0.0.1 {tcp} | connect-long-length 127.0.0.1 {allowed} | event=net.connect,syscall
 *   connect-unspec-first | after a connect to no family | connect-unspec-first 127.0.0.1 {tcp} | connect-unspec-first 127.0.0.1 {allowed} | event=net.connect,syscall
 *   fastopen-sendto | connect by sendto with MSG_FASTOPEN | fastopen-sendto 127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   fastopen-sendmsg | connect by sendmsg with MSG_FASTOPEN | fastopen-sendmsg 127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   fastopen-sendmmsg | connect by sendmmsg with MSG_FASTOPEN | fastopen-sendmmsg 127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   fastopen-connect | let the first write connect (TCP_FASTOPEN_CONNECT) | fastopen-connect 127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   mptcp | connect with multipath TCP, which Landlock does not see | mptcp 127.0.0.1 {mptcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   udp-connect | send a datagram after connect | udp-connect 127.0.0.1 {udp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   udp-sendto | send a datagram with sendto | udp-sendto 127.0.0.1 {udp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   udp-sendmsg | send a datagram with sendmsg | udp-sendmsg 127.0.0.1 {udp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   udp-sendmmsg | send datagrams with sendmmsg | udp-sendmmsg 127.0.0.1 {udp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   udplite | send by UDP-Lite | udplite 127.0.0.1 {udp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   udp-six | send an IPv6 datagram | udp-sendto ::1 {udp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   sctp | connect with SCTP | sctp 127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   dccp | connect with DCCP | dccp 127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall
 *   smc | open an SMC socket | smc 127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall surface
 *   ping | send an echo request | ping 127.0.0.1 0 | connect 127.0.0.1 {allowed} | event=net.connect,syscall surface
 *   raw | send a raw packet | raw 127.0.0.1 0 | connect 127.0.0.1 {allowed} | event=net.connect,syscall surface
 *   raw-icmp | send a raw ICMP packet | raw-icmp 127.0.0.1 0 | connect 127.0.0.1 {allowed} | event=net.connect,syscall surface
 *   source-route | let the packet go another way first | source-route 127.0.0.1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall surface
 *   routing-header | the same with a routing header | routing-header ::1 {tcp} | connect 127.0.0.1 {allowed} | event=net.connect,syscall surface
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
