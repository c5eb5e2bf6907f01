/*
 * Hides its memory from a supervisor, then asks for something that needs a look at it. undumpable <way> <target> [inside]
 * Family: supervisor
 * Facts: after PR_SET_DUMPABLE 0 (man 2 prctl) nobody of the same user can read our memory or take our descriptors. What
 * cannot be looked at must be refused, never waved through.
 * Witness: contacts of the neighbour; files outside.
 * Cases: name | what it tries | attack | twin | marks
 *   connect-unix | connect to a socket | connect-unix {neighbour}/stream.sock | @unix-connect own - | 
 *   connect-tcp | connect to a port | connect-tcp {tcp} | @inet connect 127.0.0.1 {allowed} | 
 *   chmod | change a file's mode | chmod {secret} | @change-attributes chmod {inside} {grant} | 
 *   sendto-unix | send to a socket by path | sendto-unix {neighbour}/datagram.sock | @unix-connect own-pair stream | 
 *   write | make a file outside | write {outside}/made | @open-file absolute create {grant}/made {grant} | 
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
