/*
 * Changes the mode, owner, times, extended attributes or flags of a file. change-attributes <call> <path> [inside folder]
 * Family: attributes
 * Facts: Landlock has no right for any of these up to ABI 7 (Documentation/userspace-api/landlock.rst, "current
 * limitations"), and most of them need no descriptor that is open for writing (man 2 chmod, utimensat, setxattr). fchmodat2
 * came with Linux 6.6, setxattrat with 6.13, file_setattr with 6.17.
 * Witness: mode, change time or attributes of the file outside.
 * Cases: name | what it tries | attack | twin | marks
 *   chmod | change a file outside with chmod | chmod {secret} {grant} | chmod {inside} {grant} | event=file.attr xattr
 *   chmod-call | change a file outside with chmod-call | chmod-call {secret} {grant} | chmod-call {inside} {grant} | event=file.attr xattr
 *   fchmodat | change a file outside with fchmodat | fchmodat {secret} {grant} | fchmodat {inside} {grant} | event=file.attr xattr
 *   fchmodat2 | change a file outside with fchmodat2 | fchmodat2 {secret} {grant} | fchmodat2 {inside} {grant} | event=file.attr xattr
 *   fchmodat2-empty-path | change a file outside with fchmodat2-empty-path | fchmodat2-empty-path {secret} {grant} | fchmodat2-empty-path {inside} {grant} | event=file.attr xattr
 *   chmod-symlink | change a file outside with chmod-symlink | chmod-symlink {secret} {grant} | chmod-symlink {inside} {grant} | event=file.attr xattr
 *   chmod-proc-fd | change a file outside with chmod-proc-fd | chmod-proc-fd {secret} {grant} | chmod-proc-fd {inside} {grant} | event=file.attr xattr
 *   chmod-proc-root | change a file outside with chmod-proc-root | chmod-proc-root {secret} {grant} | chmod-proc-root {inside} {grant} | event=file.attr xattr
 *   chmod-chdir | change a file outside with chmod-chdir | chmod-chdir {secret} {grant} | chmod-chdir {inside} {grant} | event=file.attr xattr
 *   chmod-dirfd | change a file outside with chmod-dirfd | chmod-dirfd {secret} {grant} | chmod-dirfd {inside} {grant} | event=file.attr xattr
 *   chmod-dotdot | change a file outside with chmod-dotdot | chmod-dotdot {secret} {grant} | chmod-dotdot {inside} {grant} | event=file.attr xattr
 *   chown-call | change a file outside with chown-call | chown-call {secret} {grant} | chown-call {inside} {grant} | event=file.attr xattr
 *   lchown-call | change a file outside with lchown-call | lchown-call {secret} {grant} | lchown-call {inside} {grant} | event=file.attr xattr
 *   fchownat | change a file outside with fchownat | fchownat {secret} {grant} | fchownat {inside} {grant} | event=file.attr xattr
 *   fchownat-nofollow | change a file outside with fchownat-nofollow | fchownat-nofollow {secret} {grant} | fchownat-nofollow {inside} {grant} | event=file.attr xattr
 *   fchownat-empty-path | change a file outside with fchownat-empty-path | fchownat-empty-path {secret} {grant} | fchownat-empty-path {inside} {grant} | event=file.attr xattr
 *   utime-call | change a file outside with utime-call | utime-call {secret} {grant} | utime-call {inside} {grant} | event=file.attr xattr
 *   utimes-call | change a file outside with utimes-call | utimes-call {secret} {grant} | utimes-call {inside} {grant} | event=file.attr xattr
 *   futimesat-call | change a file outside with futimesat-call | futimesat-call {secret} {grant} | futimesat-call {inside} {grant} | event=file.attr xattr
 *   utimensat | change a file outside with utimensat | utimensat {secret} {grant} | utimensat {inside} {grant} | event=file.attr xattr
 *   utimensat-nofollow | change a file outside with utimensat-nofollow | utimensat-nofollow {secret} {grant} | utimensat-nofollow {inside} {grant} | event=file.attr xattr
 *   utimensat-empty-path | change a file outside with utimensat-empty-path | utimensat-empty-path {secret} {grant} | utimensat-empty-path {inside} {grant} | event=file.attr xattr
 *   setxattr | change a file outside with setxattr | setxattr {secret} {grant} | setxattr {inside} {grant} | event=file.attr xattr
 *   lsetxattr | change a file outside with lsetxattr | lsetxattr {secret} {grant} | lsetxattr {inside} {grant} | event=file.attr xattr
 *   setxattrat | change a file outside with setxattrat | setxattrat {secret} {grant} | setxattr {inside} {grant} | event=file.attr,syscall xattr
 *   removexattr | change a file outside with removexattr | removexattr {secret} {grant} | removexattr {inside} {grant} | event=file.attr xattr
 *   lremovexattr | change a file outside with lremovexattr | lremovexattr {secret} {grant} | lremovexattr {inside} {grant} | event=file.attr xattr
 *   removexattrat | change a file outside with removexattrat | removexattrat {secret} {grant} | removexattr {inside} {grant} | event=file.attr,syscall xattr
 *   file-setattr | change a file outside with file-setattr | file-setattr {secret} {grant} | chmod {inside} {grant} | event=file.attr,syscall xattr
 *   fchmod-read-only | change a file that may only be read, through a descriptor: fchmod-read-only | fchmod-read-only {readonly} {grant} | fchmod-read-only {inside} {grant} | event=file.attr xattr
 *   fchown-read-only | change a file that may only be read, through a descriptor: fchown-read-only | fchown-read-only {readonly} {grant} | fchown-read-only {inside} {grant} | event=file.attr xattr
 *   futimens-read-only | change a file that may only be read, through a descriptor: futimens-read-only | futimens-read-only {readonly} {grant} | futimens-read-only {inside} {grant} | event=file.attr xattr
 *   utimensat-null-path | change a file that may only be read, through a descriptor: utimensat-null-path | utimensat-null-path {readonly} {grant} | utimensat-null-path {inside} {grant} | event=file.attr xattr
 *   fsetxattr-read-only | change a file that may only be read, through a descriptor: fsetxattr-read-only | fsetxattr-read-only {readonly} {grant} | fsetxattr-read-only {inside} {grant} | event=file.attr xattr
 *   fremovexattr-read-only | change a file that may only be read, through a descriptor: fremovexattr-read-only | fremovexattr-read-only {readonly} {grant} | fremovexattr-read-only {inside} {grant} | event=file.attr xattr
 *   ioctl-setflags-read-only | change a file that may only be read, through a descriptor: ioctl-setflags-read-only | ioctl-setflags-read-only {readonly} {grant} | fchmod-read-only {inside} {grant} | event=file.attr,syscall xattr
 *   ioctl-fssetxattr-read-only | change a file that may only be read, through a descriptor: ioctl-fssetxattr-read-only | ioctl-fssetxattr-read-only {readonly} {grant} | fchmod-read-only {inside} {grant} | event=file.attr,syscall xattr
 */
#include "attack.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#endif
#ifndef SYS_removexattrat
#define SYS_removexattrat 466
#endif
#ifndef SYS_file_setattr
#define SYS_file_setattr 469
#endif

static int read_only(const char *path) { return (int)must("open read-only", open(path, O_RDONLY)); }
static int handle_of(const char *path) { return (int)must("open with O_PATH", open(path, O_PATH)); }

int main(int argc, char **argv) {
  const char *call = argument(argc, argv, 1);
  const char *path = argument(argc, argv, 2);
  const char *inside = argc > 3 ? argv[3] : "";
  const struct timespec times[2] = {{.tv_sec = 86400}, {.tv_sec = 86400}};
  const struct timeval old_times[2] = {{.tv_sec = 86400}, {.tv_sec = 86400}};
  const struct utimbuf oldest_times = {.actime = 86400, .modtime = 86400};
  char spelled[8192];

  if (is(call, "prepare-xattr")) prepare(call, setxattr(path, "user.decoy", "1", 1, 0));
  else if (is(call, "chmod")) must(call, chmod(path, 0777));
#ifdef SYS_chmod
  else if (is(call, "chmod-call")) must(call, syscall(SYS_chmod, path, 0777));
  else if (is(call, "chown-call")) must(call, syscall(SYS_chown, path, getuid(), getgid()));
  else if (is(call, "lchown-call")) must(call, syscall(SYS_lchown, path, getuid(), getgid()));
  else if (is(call, "utime-call")) must(call, syscall(SYS_utime, path, &oldest_times));
  else if (is(call, "utimes-call")) must(call, syscall(SYS_utimes, path, old_times));
  else if (is(call, "futimesat-call")) must(call, syscall(SYS_futimesat, AT_FDCWD, path, old_times));
#endif
  else if (is(call, "fchmod-read-only")) must(call, fchmod(read_only(path), 0777));
  else if (is(call, "fchmodat")) must(call, syscall(SYS_fchmodat, AT_FDCWD, path, 0777));
  else if (is(call, "fchmodat2")) must(call, syscall(SYS_fchmodat2, AT_FDCWD, path, 0777, 0));
  else if (is(call, "fchmodat2-empty-path")) must(call, syscall(SYS_fchmodat2, handle_of(path), "", 0777, AT_EMPTY_PATH));
  else if (is(call, "chmod-symlink")) {
    snprintf(spelled, sizeof spelled, "%s/link-%d", inside, getpid());
    prepare("symlink inside", symlink(path, spelled));
    must(call, chmod(spelled, 0777));
  } else if (is(call, "chmod-proc-fd")) {
    snprintf(spelled, sizeof spelled, "/proc/self/fd/%d", handle_of(path));
    must(call, chmod(spelled, 0777));
  } else if (is(call, "chmod-proc-root")) {
    snprintf(spelled, sizeof spelled, "/proc/self/root%s", path);
    must(call, chmod(spelled, 0777));
  } else if (is(call, "chmod-chdir")) {
    snprintf(spelled, sizeof spelled, "%s", path);
    char *slash = strrchr(spelled, '/');
    *slash = 0;
    must("chdir", chdir(spelled));
    must(call, chmod(slash + 1, 0777));
  } else if (is(call, "chmod-dirfd")) {
    snprintf(spelled, sizeof spelled, "%s", path);
    char *slash = strrchr(spelled, '/');
    *slash = 0;
    must(call, fchmodat(handle_of(spelled), slash + 1, 0777, 0));
  } else if (is(call, "chmod-dotdot")) {
    snprintf(spelled, sizeof spelled, "%s/../../../../../../../../../..%s", inside, path);
    must(call, chmod(spelled, 0777));
  } else if (is(call, "fchown-read-only")) must(call, fchown(read_only(path), getuid(), getgid()));
  else if (is(call, "fchownat")) must(call, fchownat(AT_FDCWD, path, getuid(), getgid(), 0));
  else if (is(call, "fchownat-nofollow")) must(call, fchownat(AT_FDCWD, path, getuid(), getgid(), AT_SYMLINK_NOFOLLOW));
  else if (is(call, "fchownat-empty-path")) must(call, fchownat(handle_of(path), "", getuid(), getgid(), AT_EMPTY_PATH));
  else if (is(call, "utimensat")) must(call, utimensat(AT_FDCWD, path, times, 0));
  else if (is(call, "utimensat-nofollow")) must(call, utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
  else if (is(call, "futimens-read-only")) must(call, futimens(read_only(path), times));
  else if (is(call, "utimensat-empty-path")) must(call, syscall(SYS_utimensat, handle_of(path), "", times, AT_EMPTY_PATH));
  else if (is(call, "utimensat-null-path")) must(call, syscall(SYS_utimensat, read_only(path), NULL, times, 0));
  else if (is(call, "setxattr")) must(call, setxattr(path, "user.belljar", "1", 1, 0));
  else if (is(call, "lsetxattr")) must(call, lsetxattr(path, "user.belljar", "1", 1, 0));
  else if (is(call, "fsetxattr-read-only")) must(call, fsetxattr(read_only(path), "user.belljar", "1", 1, 0));
  else if (is(call, "removexattr")) must(call, removexattr(path, "user.decoy"));
  else if (is(call, "lremovexattr")) must(call, lremovexattr(path, "user.decoy"));
  else if (is(call, "fremovexattr-read-only")) must(call, fremovexattr(read_only(path), "user.decoy"));
  else if (is(call, "setxattrat")) {
    struct {
      uint64_t value;
      uint32_t size, flags;
    } arguments = {.value = (uint64_t)(uintptr_t)"1", .size = 1};
    long result = syscall(SYS_setxattrat, AT_FDCWD, path, 0, "user.belljar", &arguments, sizeof arguments);
    must(call, result);
  } else if (is(call, "removexattrat")) must(call, syscall(SYS_removexattrat, AT_FDCWD, path, 0, "user.decoy"));
  else if (is(call, "file-setattr")) {
    /* the flag "no dump": an owner may set it without a privilege */
    struct {
      uint64_t xflags;
      uint32_t extent, next, project, cow;
    } attributes = {.xflags = 0x80 /* FS_XFLAG_NODUMP */};
    must(call, syscall(SYS_file_setattr, AT_FDCWD, path, &attributes, sizeof attributes, 0));
  } else if (is(call, "ioctl-setflags-read-only")) {
    int descriptor = read_only(path);
    int flags = 0;
    if (ioctl(descriptor, FS_IOC_GETFLAGS, &flags) < 0 && errno == ENOTTY) absent(call);
    flags |= FS_NODUMP_FL;
    must(call, ioctl(descriptor, FS_IOC_SETFLAGS, &flags));
  } else if (is(call, "ioctl-fssetxattr-read-only")) {
    int descriptor = read_only(path);
    struct fsxattr attributes;
    memset(&attributes, 0, sizeof attributes);
    if (ioctl(descriptor, FS_IOC_FSGETXATTR, &attributes) < 0 && errno == ENOTTY) absent(call);
    attributes.fsx_xflags |= FS_XFLAG_NODUMP;
    must(call, ioctl(descriptor, FS_IOC_FSSETXATTR, &attributes));
  } else {
    errno = EINVAL;
    broken("call");
  }
  reached(call);
}
