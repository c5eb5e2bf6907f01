/*
 * Reaches a Unix socket of another program. unix-connect <way> <path or abstract name> [inside folder]
 * Family: unix-sockets
 * Facts: connecting is not an open: Landlock (ABI 7) does not see sockets with a path at all, and abstract ones only from
 * ABI 6; datagrams need no connect (man 7 unix). The Docker socket, the session bus, ssh-agent and the display server are
 * reached this way.
 * Witness: the neighbour's log of contacts.
 * Cases: name | what it tries | attack | twin | marks
 *   stream | connect to a socket by path | stream {neighbour}/stream.sock {grant} | own - | event=unix.connect,syscall
 *   seqpacket | connect with packets | seqpacket {neighbour}/packet.sock {grant} | own - | event=unix.connect,syscall
 *   relative | connect by a relative path after chdir | relative {neighbour}/stream.sock {grant} | own - | event=unix.connect,syscall
 *   symlink | connect through a symbolic link inside the grant | symlink {neighbour}/stream.sock {grant} | own - | event=unix.connect,syscall
 *   proc-root | connect through /proc/self/root | proc-root {neighbour}/stream.sock {grant} | own - | event=unix.connect,syscall
 *   proc-fd | connect through an O_PATH handle of the socket | proc-fd {neighbour}/stream.sock {grant} | own - | event=unix.connect,syscall
 *   unterminated | connect by a path without a zero at its end | unterminated {neighbour}/stream.sock {grant} | own - | event=unix.connect,syscall
 *   non-blocking | connect without waiting | non-blocking {neighbour}/stream.sock {grant} | own - | event=unix.connect,syscall
 *   datagram-connect | connect a datagram socket | datagram-connect {neighbour}/datagram.sock {grant} | own-pair stream | event=unix.connect,syscall
 *   sendto | sendto with a path, no connect | sendto {neighbour}/datagram.sock {grant} | own-pair stream | event=unix.connect,syscall
 *   sendmsg | sendmsg with a path | sendmsg {neighbour}/datagram.sock {grant} | own-pair stream | event=unix.connect,syscall
 *   sendmmsg | sendmmsg with a path | sendmmsg {neighbour}/datagram.sock {grant} | own-pair stream | event=unix.connect,syscall
 *   socketpair-sendto | sendto with a path on one end of a pair | socketpair-sendto {neighbour}/datagram.sock {grant} | own-pair stream | event=unix.connect,syscall
 *   socketpair-sendmsg | sendmsg with a path on one end of a pair | socketpair-sendmsg {neighbour}/datagram.sock {grant} | own-pair stream | event=unix.connect,syscall
 *   socketpair-connect | connect one end of a pair elsewhere | socketpair-connect {neighbour}/datagram.sock {grant} | own-pair stream | event=unix.connect,syscall
 *   abstract-stream | connect to an abstract name | abstract-stream {abstract} {grant} | own - | event=unix.connect,syscall
 *   abstract-datagram-connect | connect datagrams to an abstract name | abstract-datagram-connect {abstractdatagram} {grant} | own-pair stream | event=unix.connect,syscall
 *   abstract-sendto | sendto an abstract name | abstract-sendto {abstractdatagram} {grant} | own-pair stream | event=unix.connect,syscall
 */
#include "attack.h"

#include <libgen.h>
#include <stddef.h>
#include <sys/uio.h>
#include <sys/un.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t length = sizeof address;

static void by_path(const char *path) { snprintf(address.sun_path, sizeof address.sun_path, "%s", path); }

static void by_name(const char *name) {
  int written = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
  length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)written);
}

static int own(int type) { return (int)must("socket", socket(AF_UNIX, type, 0)); }

static void connect_stream(int type) {
  int descriptor = own(type);
  must("connect", connect(descriptor, (struct sockaddr *)&address, length));
}

static void send_message(int descriptor) {
  struct iovec part = {.iov_base = "x", .iov_len = 1};
  struct msghdr message = {.msg_name = &address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
  must("sendmsg", sendmsg(descriptor, &message, 0));
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *target = argument(argc, argv, 2);
  char spelled[4096];
  if (strncmp(way, "abstract", 8) == 0) by_name(target);
  else by_path(target);

  if (is(way, "stream") || is(way, "abstract-stream")) connect_stream(SOCK_STREAM);
  else if (is(way, "seqpacket")) connect_stream(SOCK_SEQPACKET);
  else if (is(way, "datagram-connect") || is(way, "abstract-datagram-connect")) {
    int descriptor = own(SOCK_DGRAM);
    must("connect", connect(descriptor, (struct sockaddr *)&address, length));
    must("send", send(descriptor, "x", 1, 0));
  } else if (is(way, "sendto") || is(way, "abstract-sendto")) {
    must("sendto", sendto(own(SOCK_DGRAM), "x", 1, 0, (struct sockaddr *)&address, length));
  } else if (is(way, "sendmsg")) send_message(own(SOCK_DGRAM));
  else if (is(way, "sendmmsg")) {
    struct iovec part = {.iov_base = "x", .iov_len = 1};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1}};
    must("sendmmsg", sendmmsg(own(SOCK_DGRAM), &message, 1, 0));
  } else if (is(way, "socketpair-sendto")) {
    int pair[2];
    must("socketpair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    must("sendto", sendto(pair[0], "x", 1, 0, (struct sockaddr *)&address, length));
  } else if (is(way, "socketpair-sendmsg")) {
    int pair[2];
    must("socketpair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    send_message(pair[0]);
  } else if (is(way, "socketpair-connect")) {
    int pair[2];
    must("socketpair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    must("connect", connect(pair[0], (struct sockaddr *)&address, length));
    must("send", send(pair[0], "x", 1, 0));
  } else if (is(way, "relative")) {
    snprintf(spelled, sizeof spelled, "%s", target);
    must("chdir", chdir(dirname(spelled)));
    snprintf(spelled, sizeof spelled, "%s", target);
    by_path(basename(spelled));
    connect_stream(SOCK_STREAM);
  } else if (is(way, "symlink")) {
    snprintf(spelled, sizeof spelled, "%s/l%d", argument(argc, argv, 3), getpid());
    prepare("symlink inside", symlink(target, spelled));
    by_path(spelled);
    connect_stream(SOCK_STREAM);
  } else if (is(way, "proc-root")) {
    snprintf(spelled, sizeof spelled, "/proc/self/root%s", target);
    by_path(spelled);
    connect_stream(SOCK_STREAM);
  } else if (is(way, "proc-fd")) {
    /* an O_PATH handle of the socket itself, connected to through its descriptor */
    int handle = (int)must("open with O_PATH", open(target, O_PATH));
    snprintf(spelled, sizeof spelled, "/proc/self/fd/%d", handle);
    by_path(spelled);
    connect_stream(SOCK_STREAM);
  } else if (is(way, "unterminated")) {
    /* a path that fills its length exactly, without the zero at the end */
    length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(target));
    connect_stream(SOCK_STREAM);
  } else if (is(way, "non-blocking")) {
    int descriptor = own(SOCK_STREAM | SOCK_NONBLOCK);
    must("connect", connect(descriptor, (struct sockaddr *)&address, length));
  } else if (is(way, "moved") || is(way, "linked")) {
    /* into the folder where sockets are our own */
    const char *folder = getenv("TMPDIR");
    char beside[4096];
    if (folder == NULL) {
      snprintf(beside, sizeof beside, "%s", target);
      folder = dirname(beside);
    }
    snprintf(spelled, sizeof spelled, "%s/m%d", folder, getpid());
    if (is(way, "moved")) must("rename", rename(target, spelled));
    else must("link", link(target, spelled));
    by_path(spelled);
    connect_stream(SOCK_STREAM);
  } else if (is(way, "own")) {
    /* allowed: a socket of its own in its own folder */
    int listener = own(SOCK_STREAM);
    const char *folder = getenv("TMPDIR");
    snprintf(spelled, sizeof spelled, "%s/s%d", folder != NULL && *folder ? folder : "/tmp", getpid());
    by_path(spelled);
    must("bind", bind(listener, (struct sockaddr *)&address, length));
    must("listen", listen(listener, 1));
    connect_stream(SOCK_STREAM);
  } else if (is(way, "own-pair")) {
    int pair[2];
    char byte = 0;
    must("socketpair", socketpair(AF_UNIX, is(target, "datagram") ? SOCK_DGRAM : SOCK_STREAM, 0, pair));
    must("send", send(pair[0], "x", 1, 0));
    must("recv", recv(pair[1], &byte, 1, 0));
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
