/*
 * Knocks at the run's door for links as no helper would. ask-for-link <way> [text]
 * Facts: the helper is a convenience; whoever runs inside can connect to the name himself and send whatever he likes.
 */
#include "attack.h"

#include <poll.h>
#include <stddef.h>
#include <sys/un.h>

static int try_to_knock(int type) {
  static const char name[] = "belljar-open-link";
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path + 1, name, sizeof name - 1);
  int descriptor = (int)must("socket", socket(AF_UNIX, type, 0));
  if (connect(descriptor, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof name)) == 0) return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

static int knock(int type) { return (int)must("connect", try_to_knock(type)); }

static const char *answer_of(int descriptor) {
  static char answer[256];
  struct pollfd wait = {.fd = descriptor, .events = POLLIN};
  if (poll(&wait, 1, 10000) <= 0) return "(nothing)";
  ssize_t length = recv(descriptor, answer, sizeof answer - 1, 0);
  if (length <= 0) return "(closed)";
  answer[length] = 0;
  return answer;
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  if (is(way, "stream")) {
    knock(SOCK_STREAM);
  } else if (is(way, "send")) {
    const char *text = argument(argc, argv, 2);
    int descriptor = knock(SOCK_SEQPACKET);
    must("send", send(descriptor, text, strlen(text), 0));
    reached(answer_of(descriptor));
  } else if (is(way, "bytes")) {
    /* zero bytes, line ends and what is no text at all */
    static const char bytes[] = "https://a.example/\0\r\nhost: b\r\n\xff";
    int descriptor = knock(SOCK_SEQPACKET);
    must("send", send(descriptor, bytes, sizeof bytes, 0));
    reached(answer_of(descriptor));
  } else if (is(way, "large")) {
    static char large[100000];
    memset(large, 'a', sizeof large);
    memcpy(large, "https://a.example/", 18);
    int descriptor = knock(SOCK_SEQPACKET);
    must("send", send(descriptor, large, sizeof large, 0));
    reached(answer_of(descriptor));
  } else if (is(way, "descriptor")) {
    /* a descriptor passed along with the link */
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {.iov_base = "https://a.example/", .iov_len = 18};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &(int){0}, sizeof(int));
    int descriptor = knock(SOCK_SEQPACKET);
    must("sendmsg", sendmsg(descriptor, &message, 0));
    reached(answer_of(descriptor));
  } else if (is(way, "flood")) {
    /* twenty different links, one after the other; tells how many were opened */
    int opened = 0;
    char text[64];
    for (int index = 0; index < 20; index++) {
      snprintf(text, sizeof text, "https://h%d.example/", index);
      int descriptor = knock(SOCK_SEQPACKET);
      must("send", send(descriptor, text, strlen(text), 0));
      if (is(answer_of(descriptor), "opened")) opened++;
      close(descriptor);
    }
    snprintf(text, sizeof text, "opened %d", opened);
    reached(text);
  } else if (is(way, "silent")) {
    /* holds every place at the door without a word, and then comes once more */
    for (int index = 0; index < 30; index++) try_to_knock(SOCK_SEQPACKET);
    for (int tries = 0; tries < 100; tries++) {
      int descriptor = try_to_knock(SOCK_SEQPACKET);
      if (descriptor >= 0 && send(descriptor, "https://a.example/", 18, MSG_NOSIGNAL) == 18 && is(answer_of(descriptor), "opened")) reached("opened");
      if (descriptor >= 0) close(descriptor);
      poll(NULL, 0, 100);
    }
    reached("nothing");
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
