/*
 * Not an attack: does as many calls as it is told on files and sockets, chosen by a seed, and says of each what it was and how
 * it ended. random-access <seed> <calls> <pid> <port>... -- <folder>...
 * Of every folder the same names are used (made by whoever starts it): files a, b, .env and d/a, folders d, d/e and .git/hooks,
 * links to_file, to_folder and loose, the program run, the socket s. One line a call: <number> <call> <errno's name or OK> <path> [<path>].
 * The same seed makes the same calls; what comes of them depends on what came before, in the same way each time.
 */
#include "attack.h"

#include <arpa/inet.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sys/un.h>

static uint64_t state;

/* xorshift64* of Marsaglia and Vigna: small, and good enough for choosing. */
static uint32_t draw(uint32_t below) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * 2685821657736338717ull) >> 33) % below;
}

static char **folders;
static int folder_count;

static const char *const names[] = {"a", "b", "d/a", "d", "d/e", ".env", ".git/hooks", ".git/hooks/a", "to_file", "to_folder", "to_folder/a",
                                    "loose", "new", "newer", "d/new", "d/newer", "missing/a", "a/below", ".", "s"};
enum { name_count = sizeof names / sizeof *names };

static void choose(char *path, size_t size) {
  const char *folder = folders[draw((uint32_t)folder_count)];
  const char *name = names[draw(name_count)];
  switch (draw(8)) {
    case 0: snprintf(path, size, "%s/d/../%s", folder, name); return;
    case 1: snprintf(path, size, "/proc/self/root%s/%s", folder, name); return;
    case 2: snprintf(path, size, "%s//./%s%s", folder, name, draw(4) == 0 ? "/" : ""); return;
    /* relative to wherever the program stands, which it changes now and then */
    case 3: snprintf(path, size, "%s", name); return;
    default: snprintf(path, size, "%s/%s", folder, name);
  }
}

static int random_flags(void) {
  static const int access[] = {O_RDONLY, O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE};
  int flags = access[draw(6)] | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  static const int one_in_four[] = {O_CREAT, O_TRUNC, O_APPEND, O_EXCL, O_NOFOLLOW, O_DIRECTORY};
  for (size_t index = 0; index < sizeof one_in_four / sizeof *one_in_four; index++)
    if (draw(4) == 0) flags |= one_in_four[index];
  if (draw(24) == 0) flags |= O_PATH;
  if (draw(24) == 0) flags = O_TMPFILE | (draw(2) == 0 ? O_RDWR : O_WRONLY) | O_CLOEXEC;
  return flags;
}

static int closed(int descriptor) {
  if (descriptor < 0) return -1;
  close(descriptor);
  return 0;
}

static int executed(const char *path) {
  int ends[2];
  /* the kernel's own answer to what is no file, or may be run by nobody, is the one that a refusal has */
  struct stat info;
  if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & S_IXUSR) == 0) return 0;
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    char *const arguments[] = {(char *)path, NULL}, *const environment[] = {NULL};
    execve(path, arguments, environment);
    (void)!write(ends[1], &errno, sizeof errno);
    _exit(0);
  }
  close(ends[1]);
  int error = 0;
  ssize_t got = read(ends[0], &error, sizeof error);
  close(ends[0]);
  waitpid(child, NULL, 0);
  errno = error;
  return got > 0 ? -1 : 0;
}

static int connected(const char *path, int port) {
  int descriptor = socket(path == NULL ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  struct sockaddr_in inet = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (path != NULL) snprintf(local.sun_path, sizeof local.sun_path, "%s", path);
  int result = path == NULL ? connect(descriptor, (struct sockaddr *)&inet, sizeof inet) : connect(descriptor, (struct sockaddr *)&local, sizeof local);
  int error = errno;
  close(descriptor);
  errno = error;
  return result;
}

static int bound(const char *path) {
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  if (snprintf(local.sun_path, sizeof local.sun_path, "%s", path) >= (int)sizeof local.sun_path) {
    close(descriptor);
    errno = ENAMETOOLONG;
    return -1;
  }
  int result = bind(descriptor, (struct sockaddr *)&local, sizeof local);
  int error = errno;
  close(descriptor);
  errno = error;
  return result;
}

int main(int argc, char **argv) {
  state = strtoull(argument(argc, argv, 1), NULL, 10) * 2 + 1;
  long calls = atol(argument(argc, argv, 2));
  pid_t other_process = atoi(argument(argc, argv, 3));
  char **ports = argv + 4;
  int port_count = 0;
  while (ports[port_count] != NULL && !is(ports[port_count], "--")) port_count++;
  folders = ports + port_count + 1;
  for (folder_count = 0; folders[folder_count] != NULL; folder_count++) continue;
  static char out[1 << 16];
  setvbuf(stdout, out, _IOFBF, sizeof out);
  for (long number = 0; number < calls; number++) {
    char path[4096], other[4096] = "";
    const char *call = "";
    long result = 0;
    choose(path, sizeof path);
    errno = 0;
    switch (draw(24)) {
      case 0: case 1: case 2: case 3: case 4: case 5: {
        int flags = random_flags();
        snprintf(other, sizeof other, "flags=%o", flags);
        call = "openat", result = closed(openat(AT_FDCWD, path, flags, 0700));
        break;
      }
      case 6: case 7: {
        static const uint64_t resolves[] = {0, 0, 0, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS};
        struct open_how how = {.flags = (uint64_t)random_flags(), .resolve = resolves[draw(6)]};
        if ((how.flags & O_CREAT) != 0 || (how.flags & O_TMPFILE) == O_TMPFILE) how.mode = 0700;
        snprintf(other, sizeof other, "flags=%o,resolve=%o", (int)how.flags, (int)how.resolve);
        call = "openat2", result = closed((int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
        break;
      }
      case 8: call = "mkdir", result = mkdir(path, 0700); break;
      case 9: call = "rmdir", result = rmdir(path); break;
      case 10: call = "unlink", result = unlink(path); break;
      case 11: choose(other, sizeof other), errno = 0, call = "rename", result = rename(path, other); break;
      case 12: {
        unsigned flags = draw(2) == 0 ? RENAME_NOREPLACE : RENAME_EXCHANGE;
        choose(other, sizeof other), errno = 0;
        call = flags == RENAME_EXCHANGE ? "exchange" : "rename-new", result = renameat2(AT_FDCWD, path, AT_FDCWD, other, flags);
        break;
      }
      case 13: choose(other, sizeof other), errno = 0, call = "link", result = link(path, other); break;
      case 14: call = "symlink", result = symlink("a", path); break;
      case 15: call = "mkfifo", result = mkfifo(path, 0700); break;
      case 16: call = "mknod", result = mknod(path, S_IFREG | 0700, 0); break;
      case 17: call = "truncate", result = truncate(path, 3); break;
      case 18: {
        /* it would wait for the other end of a pipe */
        struct stat info;
        call = "creat", result = stat(path, &info) == 0 && S_ISFIFO(info.st_mode) ? 0 : closed(creat(path, 0700));
        break;
      }
      case 19: call = "chmod", result = chmod(path, 0700); break;
      case 20:
        if (draw(2) == 0) call = "connect-unix", result = connected(path, 0);
        else call = "bind-unix", result = bound(path);
        break;
      case 21: {
        int port = port_count == 0 ? 1 : atoi(ports[draw((uint32_t)port_count)]);
        snprintf(path, sizeof path, "127.0.0.1:%d", port);
        call = "connect", result = connected(NULL, port);
        break;
      }
      case 22:
        if (draw(2) == 0) call = "execve", result = executed(path);
        else snprintf(path, sizeof path, "%d", other_process), call = "kill", result = kill(other_process, 0);
        break;
      default: call = "chdir", result = chdir(path);
    }
    printf("%ld %s %s %s %s\n", number, call, result == 0 ? "OK" : errno_name(errno), path, other);
  }
  return 0;
}
