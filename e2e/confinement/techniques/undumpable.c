/*
 * Hides its memory from a supervisor, then asks for something that needs a look at it. undumpable <way> <target> [inside]
 * Facts: after PR_SET_DUMPABLE 0 (or after executing a program of mode 0111) nobody of the same user can read our memory or
 * take our descriptors. What cannot be looked at must be refused, never waved through.
 */
#include "attack.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/un.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *target = argument(argc, argv, 2);
  const char *how = argc > 3 ? argv[3] : "prctl";
  if (is(how, "prctl")) must("prctl", prctl(PR_SET_DUMPABLE, 0));
  if (is(way, "connect-unix")) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", target);
    must("connect", connect((int)must("socket", socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&address, sizeof address));
  } else if (is(way, "connect-tcp")) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(target)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    must("connect", connect((int)must("socket", socket(AF_INET, SOCK_STREAM, 0)), (struct sockaddr *)&address, sizeof address));
  } else if (is(way, "chmod")) must(way, chmod(target, 0777));
  else if (is(way, "sendto-unix")) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", target);
    must("sendto", sendto((int)must("socket", socket(AF_UNIX, SOCK_DGRAM, 0)), "x", 1, 0, (struct sockaddr *)&address, sizeof address));
  } else if (is(way, "open")) must(way, open(target, O_RDONLY));
  else if (is(way, "write")) must(way, open(target, O_WRONLY | O_CREAT, 0600));
  else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
