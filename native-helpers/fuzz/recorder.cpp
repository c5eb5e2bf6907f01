// Writes what a real supervisor is asked as records for the target `calls` (calls.cpp says their form): linked with the launcher's own
// objects, whose looks at the server and at the listener the linker leads through here. `make build/recorder`; then a run of it writes to
// the file that BELLJAR_RECORDS names: how many bytes (8), then records without the two bytes of the world. Paths in the folder
// BELLJAR_RECORDS_BELOW are written as if they began at /.
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

constexpr size_t area_bytes = 32 << 20;
constexpr size_t piece_max = 8192;

// A mapped file: the supervisor may open none when it serves.
struct Area {
  uint64_t used;
  char bytes[area_bytes - sizeof(uint64_t)];
};
Area* area = nullptr;
std::string below;
std::string pieces;  // memory that was looked at for the call that is decided
std::string call;

void put(std::string& out, const void* bytes, size_t size) { out.append(static_cast<const char*>(bytes), size); }

void write_out(const std::string& bytes) {
  if (area == nullptr || area->used + bytes.size() > sizeof area->bytes) return;
  memcpy(area->bytes + area->used, bytes.data(), bytes.size());
  area->used += bytes.size();
}

__attribute__((constructor)) void begin() {
  const char* file = std::getenv("BELLJAR_RECORDS");
  const char* prefix = std::getenv("BELLJAR_RECORDS_BELOW");
  int fd = file != nullptr ? open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
  if (fd < 0 || ftruncate(fd, area_bytes) != 0) return;
  void* mapped = mmap(nullptr, area_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) area = static_cast<Area*>(mapped);
  if (prefix != nullptr) below = prefix;
}

}  // namespace

extern "C" {

ssize_t __real_process_vm_readv(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long);
ssize_t __wrap_process_vm_readv(pid_t process, const iovec* local, unsigned long locals, const iovec* remote, unsigned long remotes, unsigned long flags) {
  ssize_t n = __real_process_vm_readv(process, local, locals, remote, remotes, flags);
  if (area == nullptr || n <= 0) return n;
  std::string bytes(static_cast<const char*>(local->iov_base), static_cast<size_t>(n));
  // A path needs no more than its end; what lies behind it may be anything.
  if (bytes.size() > 1 && bytes[0] == '/') bytes.resize(std::min(bytes.size(), bytes.find('\0') + 1));
  if (!below.empty() && bytes.starts_with(below)) bytes.erase(0, below.size());
  if (bytes.size() > piece_max) bytes.resize(piece_max);
  uint64_t address = reinterpret_cast<uint64_t>(remote->iov_base);
  uint16_t size = static_cast<uint16_t>(bytes.size());
  pieces += 'M';
  put(pieces, &address, sizeof address);
  put(pieces, &size, sizeof size);
  pieces += bytes;
  return n;
}

int __real_ioctl(int, unsigned long, ...);
int __wrap_ioctl(int fd, unsigned long command, ...) {
  va_list more;
  va_start(more, command);
  void* argument = va_arg(more, void*);
  va_end(more);
  int result = __real_ioctl(fd, command, argument);
  if (area == nullptr || command != SECCOMP_IOCTL_NOTIF_RECV || result != 0) return result;
  // The one before is complete now.
  if (!call.empty()) write_out(pieces + call);
  pieces.clear();
  const seccomp_notif* request = static_cast<const seccomp_notif*>(argument);
  int16_t number = static_cast<int16_t>(request->data.nr);
  call = 'C';
  put(call, &number, sizeof number);
  put(call, request->data.args, sizeof request->data.args);
  return result;
}

}  // extern "C"
