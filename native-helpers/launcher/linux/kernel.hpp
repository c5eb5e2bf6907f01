// Kernel interfaces that the oldest supported build system's headers do not name yet. Values are ABI and never change.
// Sources: include/uapi/linux/{landlock,seccomp}.h and arch/x86/entry/syscalls/syscall_64.tbl of Linux 6.18.
#pragma once
#include <cstdint>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace belljar {

// struct landlock_ruleset_attr as of ABI 6; older kernels take its beginning.
struct LandlockRulesetAttributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

constexpr uint64_t landlock_net_bind_tcp = 1ULL << 0;
constexpr uint64_t landlock_net_connect_tcp = 1ULL << 1;
constexpr uint64_t landlock_scope_abstract_unix = 1ULL << 0;
constexpr uint64_t landlock_scope_signal = 1ULL << 1;
constexpr uint32_t landlock_log_new_exec_on = 1U << 1;
constexpr uint64_t notify_sync_wake_up = 1ULL << 0;
constexpr unsigned pidfd_thread = 0200;  // O_EXCL, Linux 6.9

#if defined(__x86_64__)
constexpr uint32_t native_audit_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t native_audit_arch = AUDIT_ARCH_AARCH64;
#else
#error "This processor is not supported yet"
#endif

// Numbers that are equal on every architecture (all calls since 424), by the kernel's name.
namespace number {
constexpr int pidfd_send_signal = 424, io_uring_setup = 425, io_uring_enter = 426, io_uring_register = 427, open_tree = 428,
              move_mount = 429, fsopen = 430, fsconfig = 431, fsmount = 432, fspick = 433, pidfd_open = 434, clone3 = 435,
              openat2 = 437, pidfd_getfd = 438, faccessat2 = 439, process_madvise = 440, mount_setattr = 442,
              quotactl_fd = 443, landlock_create_ruleset = 444, landlock_add_rule = 445, landlock_restrict_self = 446,
              process_mrelease = 448, fchmodat2 = 452, statmount = 457, listmount = 458, lsm_set_self_attr = 460,
              setxattrat = 463, getxattrat = 464, listxattrat = 465, removexattrat = 466, open_tree_attr = 467,
              file_getattr = 468, file_setattr = 469;
// The newest call this program knows. What a later kernel adds is unknown to the filter and answered with ENOSYS.
constexpr int newest_known = 469;
}  // namespace number

}  // namespace belljar
