/*
 * Opens a door for others. listen <way> [port]
 * Facts: listen() without bind() takes any free port and escapes Landlock's BIND_TCP; a UDP socket receives without listen.
 */
#include "attack.h"

#include <netinet/in.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  uint16_t port = htons((uint16_t)(argc > 2 ? atoi(argv[2]) : 0));
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_ANY)}};
  struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = port};
  if (is(way, "bind-any") || is(way, "bind-loopback")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("bind", bind(descriptor, (struct sockaddr *)(is(way, "bind-any") ? &any : &loopback), sizeof any));
    must("listen", listen(descriptor, 1));
  } else if (is(way, "bind-six")) {
    int descriptor = (int)must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    must("bind", bind(descriptor, (struct sockaddr *)&six, sizeof six));
    must("listen", listen(descriptor, 1));
  } else if (is(way, "no-bind")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("listen", listen(descriptor, 1));
  } else if (is(way, "no-bind-six")) {
    int descriptor = (int)must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    must("listen", listen(descriptor, 1));
  } else if (is(way, "mptcp")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 262));
    must("bind", bind(descriptor, (struct sockaddr *)&any, sizeof any));
    must("listen", listen(descriptor, 1));
  } else if (is(way, "udp")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_DGRAM, 0));
    must("bind", bind(descriptor, (struct sockaddr *)&any, sizeof any));
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
