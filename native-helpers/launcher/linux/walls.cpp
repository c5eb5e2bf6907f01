#include "walls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kernel.hpp"

namespace belljar {

namespace {

constexpr uint64_t file_rights = right_execute | right_write_file | right_read_file | right_truncate | right_device_ioctl;
constexpr uint64_t read_rights = right_read_file | right_read_folder;
constexpr uint64_t write_rights = read_rights | right_write_file | right_truncate | right_remove_folder | right_remove_file |
                                  right_make_folder | right_make_file | right_make_socket | right_make_fifo |
                                  right_make_symlink | right_refer | right_attributes;

// What each ABI knows of the file rights. Source: Documentation/userspace-api/landlock.rst of Linux 6.18.
uint64_t handled_files(int abi) {
  uint64_t all = (1ULL << 13) - 1;
  if (abi >= 2) all |= right_refer;
  if (abi >= 3) all |= right_truncate;
  if (abi >= 5) all |= right_device_ioctl;
  return all;
}

Descriptor make_ruleset(int abi, bool net, bool abstract) {
  LandlockRulesetAttributes attributes{};
  attributes.handled_access_fs = handled_files(abi);
  size_t size = sizeof(uint64_t);
  if (abi >= 4) {
    size = 2 * sizeof(uint64_t);
    // The server connects and binds through the supervisor only, so its own domain allows neither at all.
    if (net) attributes.handled_access_net = landlock_net_bind_tcp | landlock_net_connect_tcp;
  }
  if (abi >= 6) {
    size = 3 * sizeof(uint64_t);
    attributes.scoped = (abstract ? 0 : landlock_scope_abstract_unix) | landlock_scope_signal;
  }
  return Descriptor(static_cast<int>(syscall(number::landlock_create_ruleset, &attributes, size, 0)));
}

bool add_path(int ruleset, int fd, uint64_t rights, int abi) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights & handled_files(abi);
  rule.parent_fd = fd;
  if (rule.allowed_access == 0) return true;
  return syscall(number::landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

}  // namespace

uint64_t rights_of(Access access, bool folder, bool device, int abi) {
  uint64_t rights = access == Access::read ? read_rights : access == Access::exec ? read_rights | right_execute : write_rights;
  if (access == Access::own) {
    // Sockets in the private folder count as the run's own, so nothing may be moved in from elsewhere. Landlock refuses a
    // move that gains a right; device commands are one that no other folder gives and that means nothing here.
    if (abi >= 5) rights |= right_device_ioctl;
    else rights &= ~right_refer;
  }
  if (!folder) rights &= file_rights | right_attributes;
  // isatty() of /dev/null and the like asks the device; refusing that changes an errno and protects nothing.
  if (device && access == Access::write) rights |= right_device_ioctl;
  if (device) rights &= ~right_attributes;
  return rights;
}

int landlock_abi() {
  long abi = syscall(number::landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

bool build_walls(const std::vector<Grant>& grants, const std::vector<std::string>& sockets, int abi,
                 const std::vector<std::string>& extra_read, Walls& walls, std::string& error) {
  // An abstract socket that was granted is connected to by the supervisor, which must then be able to.
  bool abstract = std::any_of(sockets.begin(), sockets.end(), [](const std::string& one) { return one.front() == '@'; });
  walls.outer = make_ruleset(abi, false, abstract);
  walls.inner = make_ruleset(abi, true, false);
  if (!walls.outer || !walls.inner) {
    error = std::string("landlock_create_ruleset: ") + strerror(errno);
    return false;
  }
  for (const Grant& grant : grants) {
    uint64_t rights = rights_of(grant.access, grant.folder, grant.device, abi);
    if (!add_path(walls.outer.get(), grant.fd.get(), rights, abi) ||
        (!grant.area && !add_path(walls.inner.get(), grant.fd.get(), rights, abi))) {
      error = "landlock_add_rule " + grant.path + ": " + strerror(errno);
      return false;
    }
  }
  for (const std::string& path : extra_read) {
    Descriptor fd(open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat info{};
    if (!fd || fstat(fd.get(), &info) != 0) continue;
    uint64_t rights = S_ISDIR(info.st_mode) ? read_rights : right_read_file;
    if (!add_path(walls.outer.get(), fd.get(), rights, abi)) {
      error = "landlock_add_rule " + path + ": " + strerror(errno);
      return false;
    }
  }
  return true;
}

int apply_wall(int ruleset, int abi) {
  // Audit records also for programs that the server executes (ABI 7); without the flag only the first one would be logged.
  uint32_t flags = abi >= 7 ? landlock_log_new_exec_on : 0;
  return syscall(number::landlock_restrict_self, ruleset, flags) == 0 ? 0 : errno;
}

int drop_capabilities() {
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) return errno;
  for (int capability = 0; capability <= 63; capability++) {
    // EINVAL: past the last one this kernel knows. EPERM: an ordinary user, whose bounding set cannot matter because
    // no_new_privs keeps every later execution from gaining anything.
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL && errno != EPERM) return errno;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (syscall(SYS_capset, &header, none) != 0) return errno;
  __user_cap_data_struct now[2] = {};
  if (syscall(SYS_capget, &header, now) != 0) return errno;
  for (const auto& part : now) {
    if (part.effective != 0 || part.permitted != 0 || part.inheritable != 0) return EPERM;
  }
  return 0;
}

namespace {

bool action_available(uint32_t action) {
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

// Tries, in a process of its own, a filter with a listener and the flags on it; exit status tells what worked.
int try_listener() {
  pid_t child = fork();
  if (child < 0) return 0;
  if (child == 0) {
    sock_filter allow[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    sock_fprog program{1, allow};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(0);
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (listener < 0) _exit(0);
    int found = 1;
    if (ioctl(static_cast<int>(listener), SECCOMP_IOCTL_NOTIF_SET_FLAGS, notify_sync_wake_up) == 0) found |= 2;
    // ADDFD with a request that does not exist: ENOENT where the flag is known, EINVAL where it is not.
    seccomp_notif_addfd add{};
    add.id = 1;
    add.flags = SECCOMP_ADDFD_FLAG_SEND;
    errno = 0;
    if (ioctl(static_cast<int>(listener), SECCOMP_IOCTL_NOTIF_ADDFD, &add) != 0 && errno == ENOENT) found |= 4;
    _exit(found);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

bool try_user_namespace() {
  pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) _exit(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) == 0 ? 0 : 1);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

bool try_memory_seal() {
  int fd = static_cast<int>(syscall(SYS_memfd_create, "belljar-probe", 1U | 8U));
  if (fd < 0) return false;
  close(fd);
  return true;
}

Offer probe_kernel() {
  Offer offer;
  offer.landlock_abi = landlock_abi();
  offer.filter = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 && action_available(SECCOMP_RET_ERRNO);
  int listener = action_available(SECCOMP_RET_USER_NOTIF) ? try_listener() : 0;
  offer.notify = (listener & 1) != 0;
  offer.sync_wake_up = (listener & 2) != 0;
  offer.addfd_send = (listener & 4) != 0;
  errno = 0;
  offer.pidfd_getfd = syscall(number::pidfd_getfd, -1, 0, 0) < 0 && errno == EBADF;
  offer.user_namespaces = try_user_namespace();
  offer.memory_seal = try_memory_seal();
  return offer;
}

EnforcementReport enforcement_of(const Offer& offer, Level level, bool nested) {
  EnforcementReport report;
  bool brokering = offer.notify && offer.addfd_send && offer.pidfd_getfd;
  auto put = [](std::vector<std::string>& list, std::string text) { list.push_back(std::move(text)); };
  if (level == Level::watch) {
    if (offer.notify) put(report.full, "seccomp.notify");
    else put(report.missing, "seccomp.notify: this kernel cannot report system calls");
    return report;
  }
  int abi = offer.landlock_abi;
  // What this kernel cannot hold is closed altogether at strict.
  bool strict = level == Level::strict;
  if (abi == 0) put(report.missing, "landlock.files: this kernel has no Landlock, or it is switched off");
  else if (abi < 2) put(report.partial, "landlock.files: moving files between folders is refused everywhere (ABI 1)");
  else put(report.full, "landlock.files");
  if (abi >= 3) put(report.full, "landlock.truncate");
  else if (abi > 0) put(report.partial, "landlock.truncate: shortening a file is decided by the supervisor alone before ABI 3");
  if (abi >= 4) put(report.full, "landlock.tcp");
  else if (abi > 0) put(report.partial, "landlock.tcp: connections are decided by the supervisor alone before ABI 4");
  if (abi >= 5) put(report.full, "landlock.devices");
  else if (abi > 0) put(report.partial, strict ? "landlock.devices: device commands are not limited before ABI 5, so that no device is granted to be read" : "landlock.devices: commands to devices that may be read are not limited before ABI 5");
  if (abi >= 6) put(report.full, "landlock.signals");
  else if (abi > 0) put(report.partial, "landlock.signals: signals are decided by the supervisor alone before ABI 6");
  put(offer.filter ? report.full : report.missing, offer.filter ? "seccomp.filter" : "seccomp.filter: not offered by this kernel");
  put(offer.notify ? report.full : report.missing, offer.notify ? "seccomp.notify" : "seccomp.notify: not offered by this kernel");
  put(brokering ? report.full : report.missing,
      brokering ? "supervisor.broker" : "supervisor.broker: needs Linux 5.14");
  if (!offer.memory_seal) put(report.partial, strict ? "exec.memory: files in memory cannot be sealed before Linux 6.3, so that none is allowed" : "exec.memory: programs made in memory may outrun the supervisor before Linux 6.3");
  if (nested) put(report.partial, "kernel.namespaces: it may make user namespaces of its own, in which more of the kernel can be asked for (permission nested-sandbox)");
  // Without a group both are held all the same, which is another thing than the kernel's bound.
  std::string why = offer.group_missing.empty() ? "" : ": " + offer.group_missing;
  if (offer.group_memory) put(report.full, "limits.memory");
  else if (offer.bound_memory) put(report.partial, "limits.memory: watched by the supervisor, which ends the largest process of the run beyond the bound" + why);
  if (offer.group_processes) put(report.full, "limits.processes");
  else if (offer.bound_processes && offer.notify) put(report.partial, "limits.processes: counted by the supervisor before each new one" + why);
  if (offer.notify && !offer.sync_wake_up) put(report.partial, "seccomp.speed: no synchronous wake-up before Linux 6.6");
  return report;
}

}  // namespace belljar
