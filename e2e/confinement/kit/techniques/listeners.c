/*
 * Offers a service that others can reach. listeners <way> <port>
 * Family: listeners
 * Facts: a listener on every address is reached from the network (man 2 bind, man 7 ip); Landlock's BIND_TCP (ABI 4) sees no
 * listen() without bind(), no multipath TCP and no addresses. With SO_REUSEPORT two programs of a user share a port's
 * connections (man 7 socket). SO_BINDTODEVICE ties a socket to an interface, and needs a capability to be undone.
 * Witness: a connection from another address of this machine.
 * Cases: name | what it tries | attack | twin | marks
 *   any | listen on every address | any {free} | pair 0 | event=net.listen,syscall listens
 *   any-six | listen on every address, IPv6 and IPv4 in one | any-six {free} | pair 0 | event=net.listen,syscall listens
 *   multipath | listen with multipath TCP | multipath {free} | pair 0 | event=net.listen,syscall listens
 *   reuse-address | listen with SO_REUSEADDR | reuse-address {free} | pair 0 | event=net.listen,syscall listens
 *   freed | listen on every address after the device was taken away | freed {free} | pair 0 | event=net.listen,syscall listens
 *   transparent | listen with SO_MARK and freebind set before | freebind {free} | pair 0 | event=net.listen,syscall listens
 *   two-steps | bind to loopback, then connect to nothing and bind again to all | two-steps {free} | pair 0 | event=net.listen,syscall listens
 *   steal-port | share the port of another program's connections | steal {tcp} | pair 0 | event=net.listen,syscall surface
 *   datagrams | wait for datagrams on every address | datagrams {free} | pair 0 | event=net.listen,syscall surface
 *   fast-open | listen with a queue for fast open | fast-open {free} | pair 0 | event=net.listen,syscall surface
 */
#include "attack.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static void offer(int descriptor) {
  must("listen", listen(descriptor, 16));
  /* somebody outside has the time to come */
  usleep(400000);
  reached("listening");
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument(argc, argv, 2)))};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = any.sin_port};
  if (is(way, "pair")) {
    int pair[2];
    must("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    reached(way);
  }
  bool multipath = is(way, "multipath"), wide = is(way, "any-six"), loose = is(way, "datagrams");
  int descriptor = (int)must("socket", socket(wide ? AF_INET6 : AF_INET, loose ? SOCK_DGRAM : SOCK_STREAM, multipath ? 262 : 0));
  int one = 1, zero = 0;
  if (wide) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  if (is(way, "reuse-address")) must("SO_REUSEADDR", setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
  if (is(way, "freebind")) must("IP_FREEBIND", setsockopt(descriptor, IPPROTO_IP, IP_FREEBIND, &one, sizeof one));
  if (is(way, "steal")) {
    must("SO_REUSEPORT", setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one));
    reached(way);
  }
  if (is(way, "fast-open")) {
    must("TCP_FASTOPEN", setsockopt(descriptor, IPPROTO_TCP, TCP_FASTOPEN, &(int){16}, sizeof one));
    reached(way);
  }
  if (is(way, "two-steps")) {
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr_in first = any;
    first.sin_port = 0;
    must("bind", bind(descriptor, (struct sockaddr *)&first, sizeof first));
    (void)!connect(descriptor, &none, sizeof none);
    close(descriptor);
    descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    any.sin_addr.s_addr = 0;
  }
  must("bind", wide ? bind(descriptor, (struct sockaddr *)&six, sizeof six) : bind(descriptor, (struct sockaddr *)&any, sizeof any));
  if (loose) reached(way);
  if (is(way, "freed")) {
    char nothing[IFNAMSIZ] = "";
    (void)!setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, nothing, sizeof nothing);
    must("listen", listen(descriptor, 16));
    (void)!setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, nothing, sizeof nothing);
    (void)!setsockopt(descriptor, SOL_SOCKET, 62 /* SO_BINDTOIFINDEX */, &zero, sizeof zero);
  }
  offer(descriptor);
}
