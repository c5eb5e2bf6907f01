/*
 * Makes a socket of an odd family. make-socket <way>
 * Facts: each family is a door of its own into the kernel (or, for vsock, into the host of a virtual machine), and none of
 * them is covered by Landlock's network rights.
 */
#include "attack.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  static const struct {
    const char *name;
    int family, type, protocol;
  } table[] = {
      {"packet", AF_PACKET, SOCK_RAW, 0x0300},
      {"packet-datagram", AF_PACKET, SOCK_DGRAM, 0x0300},
      {"vsock", AF_VSOCK, SOCK_STREAM, 0},
      {"alg", AF_ALG, SOCK_SEQPACKET, 0},
      {"bluetooth", AF_BLUETOOTH, SOCK_RAW, 1},
      {"can", AF_CAN, SOCK_RAW, 1},
      {"tipc", AF_TIPC, SOCK_RDM, 0},
      {"rds", AF_RDS, SOCK_SEQPACKET, 0},
      {"xdp", 44, SOCK_RAW, 0},
      {"key", AF_KEY, SOCK_RAW, 2},
      {"pppox", AF_PPPOX, SOCK_STREAM, 0},
      {"ax25", AF_AX25, SOCK_DGRAM, 0},
      {"appletalk", AF_APPLETALK, SOCK_DGRAM, 0},
      {"x25", AF_X25, SOCK_SEQPACKET, 0},
      {"nfc", AF_NFC, SOCK_SEQPACKET, 0},
      {"kcm", AF_KCM, SOCK_DGRAM, 0},
      {"qipcrtr", 42, SOCK_DGRAM, 0},
      {"smc", 43, SOCK_STREAM, 0},
      {"mctp", 45, SOCK_DGRAM, 0},
      {"netlink-sock-diag", AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG},
      {"netlink-generic", AF_NETLINK, SOCK_RAW, NETLINK_GENERIC},
      {"netlink-audit", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT},
      {"netlink-uevent", AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT},
      {"netlink-netfilter", AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER},
      {"netlink-connector", AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR},
      {"raw-inet", AF_INET, SOCK_RAW, 1},
      {"raw-inet6", AF_INET6, SOCK_RAW, 58},
      {"udplite", AF_INET, SOCK_DGRAM, 136},
      {"sctp", AF_INET, SOCK_STREAM, 132},
      {"sctp-seqpacket", AF_INET, SOCK_SEQPACKET, 132},
      {"dccp", AF_INET, 6, 33},
      {"packet-type", AF_INET, 10 /* SOCK_PACKET, obsolete, still there */, 0x0300},
      {"family-beyond", 200, SOCK_STREAM, 0},
      /* twins */
      {"unix", AF_UNIX, SOCK_STREAM, 0},
      {"tcp", AF_INET, SOCK_STREAM, 0},
      {"tcp6", AF_INET6, SOCK_STREAM, 0},
      {"netlink-route", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
  };
  for (size_t index = 0; index < sizeof table / sizeof *table; index++) {
    if (!is(table[index].name, way)) continue;
    must("socket", socket(table[index].family, table[index].type | SOCK_CLOEXEC, table[index].protocol));
    reached(way);
  }
  errno = EINVAL;
  broken("way");
}
