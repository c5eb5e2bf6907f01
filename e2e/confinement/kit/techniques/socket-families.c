/*
 * Opens a socket of a family or protocol that a server has no business with. socket-families <family> <type> <protocol>
 * Family: socket-families
 * Facts: each family is code of the kernel of its own, reached by one call (man 2 socket), and many had holes in these years:
 * AF_VSOCK CVE-2025-21756 (fixed in 6.6.79, 6.12.16), AF_ALG CVE-2026-31431 ("Copy Fail": a page of a file that may only be
 * read is written through splice), AF_RXRPC CVE-2026-43500, AF_PACKET CVE-2020-14386, AF_TIPC CVE-2021-43267, AF_CAN
 * CVE-2021-3609, AF_NETLINK's netfilter CVE-2024-1086. Datagram sockets send without connect.
 * Witness: the kernel's own answer: a socket that was made was reachable.
 * Cases: name | what it tries | attack | twin | marks
 *   unix-datagram | Unix datagrams, which send to any path | 1 2 0 | 1 1 0 | event=syscall surface
 *   unix-raw | Unix datagrams by their other name | 1 3 0 | 1 1 0 | event=syscall surface
 *   udp | internet datagrams | 2 2 0 | 2 1 0 | event=syscall surface
 *   udp-six | IPv6 datagrams | 10 2 0 | 10 1 0 | event=syscall surface
 *   udp-lite | UDP-Lite | 2 2 136 | 2 1 0 | event=syscall surface
 *   ping | echo requests | 2 2 1 | 2 1 0 | event=syscall surface
 *   raw | raw packets | 2 3 255 | 2 1 0 | event=syscall surface
 *   mptcp | multipath TCP | 2 1 262 | 2 1 0 | event=syscall surface
 *   sctp | SCTP | 2 5 132 | 2 1 0 | event=syscall surface
 *   dccp | DCCP | 2 6 33 | 2 1 0 | event=syscall surface
 *   netlink-generic | generic netlink: WireGuard, nl80211, TIPC and more | 16 3 16 | 16 3 0 | event=syscall surface
 *   netlink-netfilter | packet filters (CVE-2024-1086) | 16 3 12 | 16 3 0 | event=syscall surface
 *   netlink-xfrm | IPsec (CVE-2026-43284) | 16 3 6 | 16 3 0 | event=syscall surface
 *   netlink-audit | the audit log | 16 3 9 | 16 3 0 | event=syscall surface
 *   netlink-uevent | what devices come and go | 16 3 15 | 16 3 0 | event=syscall surface
 *   netlink-diag | every socket of the machine and its peer | 16 3 4 | 16 3 0 | event=syscall surface
 *   netlink-connector | every process that starts | 16 3 11 | 16 3 0 | event=syscall surface
 *   netlink-crypto | the kernel's cryptography | 16 3 21 | 16 3 0 | event=syscall surface
 *   netlink-scsi | disks | 16 3 18 | 16 3 0 | event=syscall surface
 *   alg | the kernel's cryptography as sockets (CVE-2026-31431) | 38 5 0 | 2 1 0 | event=syscall surface
 *   vsock | the host of a virtual machine (CVE-2025-21756) | 40 1 0 | 2 1 0 | event=syscall surface
 *   vsock-datagram | the same with datagrams | 40 2 0 | 2 1 0 | event=syscall surface
 *   packet | whole packets of an interface | 17 2 0 | 2 1 0 | event=syscall surface
 *   key | keys of IPsec | 15 3 2 | 2 1 0 | event=syscall surface
 *   rxrpc | RxRPC (CVE-2026-43500) | 33 2 2 | 2 1 0 | event=syscall surface
 *   xdp | packets past the kernel | 44 3 0 | 2 1 0 | event=syscall surface
 *   tipc | TIPC (CVE-2021-43267) | 30 5 0 | 2 1 0 | event=syscall surface
 *   bluetooth | Bluetooth | 31 3 1 | 2 1 0 | event=syscall surface
 *   can | the bus of a car | 29 3 1 | 2 1 0 | event=syscall surface
 *   kcm | messages over TCP | 41 2 0 | 2 1 0 | event=syscall surface
 *   qrtr | Qualcomm's router | 42 2 0 | 2 1 0 | event=syscall surface
 *   smc | shared memory for TCP | 43 1 0 | 2 1 0 | event=syscall surface
 *   rds | reliable datagrams | 21 5 0 | 2 1 0 | event=syscall surface
 *   nfc | near field | 39 3 1 | 2 1 0 | event=syscall surface
 *   phonet | phones | 35 2 0 | 2 1 0 | event=syscall surface
 *   caif | modems | 37 1 0 | 2 1 0 | event=syscall surface
 *   ieee802154 | low-power radio | 36 2 0 | 2 1 0 | event=syscall surface
 *   pppox | PPP over something | 24 1 0 | 2 1 0 | event=syscall surface
 *   llc | LLC | 26 1 0 | 2 1 0 | event=syscall surface
 *   appletalk | AppleTalk | 5 2 0 | 2 1 0 | event=syscall surface
 *   ax25 | amateur radio | 3 5 0 | 2 1 0 | event=syscall surface
 *   x25 | X.25 | 9 5 0 | 2 1 0 | event=syscall surface
 *   mctp | management components | 45 2 0 | 2 1 0 | event=syscall surface
 *   ib | InfiniBand | 27 3 0 | 2 1 0 | event=syscall surface
 *   netlink-rdma | RDMA devices | 16 3 20 | 16 3 0 | event=syscall surface
 *   netlink-iscsi | iSCSI (CVE-2021-27365) | 16 3 8 | 16 3 0 | event=syscall surface
 *   netlink-selinux | what SELinux tells | 16 3 7 | 16 3 0 | event=syscall surface
 *   netlink-fib-lookup | questions to the routing table | 16 3 10 | 16 3 0 | event=syscall surface
 *   netlink-smc | what SMC tells | 16 3 22 | 16 3 0 | event=syscall surface
 *   netlink-usersock | messages between programs, by netlink | 16 3 2 | 16 3 0 | event=syscall surface
 *   l2tp | L2TP over IP (CVE-2022-4129) | 2 2 115 | 2 1 0 | event=syscall surface
 *   l2tp-six | L2TP over IPv6 | 10 2 115 | 10 1 0 | event=syscall surface
 *   pppol2tp | PPP over L2TP | 24 2 1 | 2 1 0 | event=syscall surface
 *   atmpvc | ATM, fixed circuits | 8 2 0 | 2 1 0 | event=syscall surface
 *   atmsvc | ATM, switched circuits | 20 2 0 | 2 1 0 | event=syscall surface
 *   netrom | NET/ROM | 6 5 0 | 2 1 0 | event=syscall surface
 *   rose | ROSE (CVE-2022-2961) | 11 5 0 | 2 1 0 | event=syscall surface
 *   iucv | between virtual machines of a mainframe | 32 1 0 | 2 1 0 | event=syscall surface
 *   isdn | ISDN | 34 3 1 | 2 1 0 | event=syscall surface
 */
#include "attack.h"

int main(int argc, char **argv) {
  int family = atoi(argument(argc, argv, 1)), type = atoi(argument(argc, argv, 2)), protocol = atoi(argument(argc, argv, 3));
  must("socket", socket(family, type | SOCK_CLOEXEC, protocol));
  reached("socket");
}
