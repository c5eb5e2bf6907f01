// From a plan's rules to concrete places of this machine at this moment: symbols resolved, the fixed refusals applied, what
// the found command needs to run added. Everything is decided once, before anything of the server runs.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../core/plan.hpp"
#include "descriptor.hpp"

namespace belljar {

// A place that the walls will allow. `fd` is an O_PATH descriptor of the object itself, so that the kernel's rule and the
// supervisor's prediction speak of the same object.
struct Grant {
  Access access = Access::read;
  std::string path;  // real path
  Descriptor fd;
  bool folder = false;
  bool device = false;
  bool area = false;  // the supervisor's alone to open; the server's own walls do not hold it
  uint64_t dev = 0;
  uint64_t ino = 0;
};

struct Launch {
  std::string command;            // as the client wrote it
  std::vector<std::string> args;  // after the command
  std::string cwd;
  std::string program;  // absolute path that is executed
};

struct Places {
  std::vector<Grant> grants;
  std::vector<std::string> not_applied;  // `rule: why`
};

// Takes out the devices that are granted to be read, but for those that know no command which changes anything (memory devices, the terminal),
// and folders of devices. For a kernel that cannot keep commands from what may be read.
void leave_out_devices(Places& places);

class PlaceResolver {
 public:
  // `own_folders` are Belljar's own: no symbol ever reaches them.
  PlaceResolver(const Plan& plan, const Launch& launch, const std::vector<std::string>& own_folders,
                std::string path_variable);

  // Empty when a symbol may reach `real_path`, else why not.
  std::string refused(std::string_view real_path) const;

  void add(Access access, const std::string& path, const std::string& rule, bool symbol, bool area = false);
  // The same for what is open already (O_PATH).
  void add_opened(Access access, Descriptor fd, const std::string& rule, bool symbol, bool area = false);
  void add_rules();
  // Only the areas, of a plan that came while the server runs: nothing is looked at twice by its name.
  void add_late_areas();
  // What `path` leads to, or empty when a link that the server could have made leads out of what it may write.
  std::string believed(const std::string& path) const;
  // Real paths that the server may write to, or could earlier, besides those of the plan.
  void distrust(std::vector<std::string> paths) { distrusted_ = std::move(paths); }
  std::vector<std::string>& notes() { return places_.not_applied; }
  Places take() { return std::move(places_); }

 private:
  void add_runtime();
  void add_rule(const AccessRule& rule);
  void add_variable(const AccessRule& rule);
  // Opens `path` step by step (O_PATH); nothing, and why, where a link that the server could have made leads on.
  Descriptor walk_believed(const std::string& path, std::string& why) const;
  // Empty when a grant of `real_path` keeps what patterns name by their whole path, else why it cannot.
  std::string exposes(std::string_view real_path, Access access, bool area) const;
  void add_program(const std::string& path, int depth);
  void add_script(const std::string& real, std::string_view text, int depth);
  void add_script_argument(size_t first);
  void add_package(const std::string& file);
  void add_prefix(const std::string& folder, const std::string& file);
  bool covered(std::string_view real_path, Access access) const;
  // Where the plan lets the server write, as real paths; known before anything is granted.
  void find_writable();
  bool in_writable(std::string_view real_path) const;
  std::string written_path(const Place& place) const;
  // Does `path` itself (not what it links to) lie where the server may write? Then the server may have put it there.
  bool planted(const std::string& path) const;
  // Does the way to `path` lead through a symlink that the server could have made?
  bool led_by_planted_link(const std::string& path) const;
  // What realpath() says, with each part of a path looked at once: rules lie in few folders, and are looked at several times.
  // What is granted is compared with what was opened, so that a part that changed since leads nowhere.
  std::string real(const std::string& path) const;
  struct Part {
    bool there = false;
    std::string target;  // of a link
  };
  const Part& part_at(const std::string& path) const;
  const Plan& plan_;
  const Launch& launch_;
  struct Secret {
    std::string path;
    bool own;
    std::string name;
  };
  std::string path_variable_;
  std::string home_;
  std::vector<Secret> secrets_;
  mutable std::unordered_map<std::string, Part> parts_;
  std::vector<std::string> writable_;
  std::vector<std::string> distrusted_;
  std::vector<std::string> visited_;
  Places places_;
};

// Absolute path of `command` (PATH search as execvp does, then the usual places of version managers), or empty.
// `found_in` is the folder when it was not on PATH, so that the caller can append it.
std::string find_program(const std::string& command, const std::string& cwd, std::string_view path_variable,
                         const std::string& home, std::string& found_in, int& error);

std::string real_path(const std::string& path);

}  // namespace belljar
