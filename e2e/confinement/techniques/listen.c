/*
 * Opens a door for others. listen <way> [port] [address]; listen hold-<way> tells the port and stays until its input ends
 * Facts: listen() without bind() takes any free port and escapes Landlock's BIND_TCP; a UDP socket receives without listen.
 */
#include "attack.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

static bool hold = false;

static void listens(int descriptor) {
  must("listen", listen(descriptor, 16));
  if (!hold) return;
  struct sockaddr_in6 name;
  socklen_t size = sizeof name;
  prepare("getsockname", getsockname(descriptor, (struct sockaddr *)&name, &size));
  printf("PORT %d\n", ntohs(name.sin6_port));
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  hold = strncmp(way, "hold-", 5) == 0;
  if (hold) way += 5;
  uint16_t port = htons((uint16_t)(argc > 2 ? atoi(argv[2]) : 0));
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_ANY)}};
  struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = port};
  if (is(way, "bind-any") || is(way, "bind-loopback")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("bind", bind(descriptor, (struct sockaddr *)(is(way, "bind-any") ? &any : &loopback), sizeof any));
    listens(descriptor);
  } else if (is(way, "bind-six")) {
    int descriptor = (int)must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    must("bind", bind(descriptor, (struct sockaddr *)&six, sizeof six));
    listens(descriptor);
  } else if (is(way, "no-bind")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    listens(descriptor);
  } else if (is(way, "no-bind-six")) {
    int descriptor = (int)must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    listens(descriptor);
  } else if (is(way, "mptcp")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 262));
    must("bind", bind(descriptor, (struct sockaddr *)&any, sizeof any));
    listens(descriptor);
  } else if (is(way, "bind-address")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    if (inet_pton(AF_INET, argument(argc, argv, 3), &any.sin_addr) != 1) broken("address");
    must("bind", bind(descriptor, (struct sockaddr *)&any, sizeof any));
    listens(descriptor);
  } else if (is(way, "reuse-port")) {
    /* two listeners of one user on one port share its connections, when both say so */
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("setsockopt SO_REUSEPORT", setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)));
  } else if (is(way, "untie")) {
    /* a listener that was tied to an interface is made to hear all of them */
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("bind", bind(descriptor, (struct sockaddr *)&any, sizeof any));
    listens(descriptor);
    must("setsockopt SO_BINDTODEVICE", setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
  } else if (is(way, "untie-index")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("bind", bind(descriptor, (struct sockaddr *)&any, sizeof any));
    listens(descriptor);
    must("setsockopt SO_BINDTOIFINDEX", setsockopt(descriptor, SOL_SOCKET, 62, &(int){0}, sizeof(int)));
  } else if (is(way, "udp")) {
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_DGRAM, 0));
    must("bind", bind(descriptor, (struct sockaddr *)&any, sizeof any));
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
