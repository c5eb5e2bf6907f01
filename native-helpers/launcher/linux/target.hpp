// One stopped thread of the server, seen from the supervisor: its memory, descriptors and view of paths. Everything read
// here is hostile and may change the moment after it was read; callers decide on the copy they got.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "descriptor.hpp"

namespace belljar {

constexpr size_t path_max_bytes = 4096;

// What a path names, as the stopped thread would find it.
struct Resolved {
  int error = 0;             // errno of the look-up; 0 or ENOENT with `parent` set when only the last part is missing
  bool exists = false;
  bool special = false;      // a pipe, socket or memory file reached through /proc: it has no place in the tree
  bool guarded = false;      // a magic link of a process that we may not look into
  Descriptor object;         // O_PATH, when it exists
  Descriptor parent;         // O_PATH folder that holds the last part (absent for special objects)
  std::string name;          // last part
  std::string path;          // real path of the object, or of the parent joined with the name
  uint32_t mode = 0;         // st_mode when it exists
};

// What the run can be apart from the supervisor in, once it may make namespaces of its own.
enum class Apart { users, processes, root };

// What the kernel says of a process or thread in /proc/<number>/status.
class TaskStatus {
 public:
  explicit TaskStatus(int number);
  // What stands behind a mark such as "\nPPid:"; null where it does not stand, as of a task that is gone. The program's own name comes
  // first there, and is written without line ends.
  const char* after(const char* mark) const;

 private:
  char text_[2048];
};

class Target {
 public:
  Target(int thread, int supervisor) : thread_(thread), supervisor_(supervisor) {}

  // Is the thread in other namespaces of users or processes than we, or is its root folder another? Only the thread itself
  // can change the first two, and not while it is stopped. A program can keep us from looking, so the caller says which
  // answer is the safe one then.
  bool is_apart(Apart kind, bool when_hidden) const;
  // In a namespace of users below one below ours.
  bool is_deeper() const;
  // From now on absolute paths begin at the thread's own root folder, and lead no higher.
  void use_own_root() { own_root_ = true; }

  int thread() const { return thread_; }
  int process();  // thread group id; 0 when it is gone
  uint32_t umask();
  // Would it find a number for one more descriptor? The kernel looks for one before anything is made or emptied.
  bool has_room();

  // A NUL-ended string of at most path_max_bytes - 1 bytes. error: EFAULT, ENAMETOOLONG, or EPERM when the thread hides its memory.
  std::optional<std::string> string_at(uint64_t address, int& error) const;
  bool bytes_at(uint64_t address, void* out, size_t size, int& error) const;

  // A copy of the descriptor itself (same open file), or an errno in `error`.
  Descriptor descriptor(int fd, int& error);

  // `at` is a descriptor number of the thread or AT_FDCWD.
  Resolved resolve(int at, const std::string& path, bool follow_last);
  // The same for callers that want no parent of what exists: one call where no link is on the way.
  Resolved resolve_object(int at, const std::string& path, bool follow_last);
  // The folder (O_PATH) in which a call would make, remove or move a name, and that name, with a final slash where there was one.
  // Nothing, with an errno, when there is no such folder; 0 as errno when the path does not end in a name.
  Descriptor resolve_folder(int at, const std::string& path, std::string& name, int& error);
  // The object behind a descriptor of the thread.
  Resolved resolve_descriptor(int fd);

 private:
  Descriptor start(int at, const std::string& path, int& error);
  bool walk(Descriptor from, std::string_view path, bool follow_last, Resolved& out);

  Descriptor root() const;
  void read_status();

  int thread_;
  int supervisor_;
  int process_ = 0;
  uint32_t umask_ = 077;
  uint64_t slots_ = 0;  // in the table of its descriptors, which grows as needed
  bool own_root_ = false;
};

// Is it a pipe, socket, memory file or the like, by the name the kernel gives it? What has no name that can be told (too
// long, unreachable) is not: it lies somewhere, and nobody knows where.
bool has_no_place(const std::string& path, bool deleted);

// Real path of an O_PATH descriptor, empty when it has none.
std::string path_of(int fd);

}  // namespace belljar
