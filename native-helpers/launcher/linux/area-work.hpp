// One call in an area, decided and made: by the supervisor for what was granted at the start, by the opener for what was granted
// later. Objects are open already (O_PATH), so what is decided on is what is opened; names are changed in a folder that is open.
//
// Nothing here waits: FIFOs, devices and files with a lease are opened without waiting, and the caller tries again.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "../core/area-rules.hpp"
#include "descriptor.hpp"
#include "made-names.hpp"

namespace belljar {

struct AreaCall {
  enum class Kind : uint32_t { open = 1, create, make_folder, make_node, make_link, remove, remove_folder, rename, link, shorten, bind };
  Kind kind = Kind::open;
  uint32_t umask = 0;   // of the server, for what is made
  uint64_t flags = 0;   // of open or rename
  uint64_t mode = 0;
  uint64_t device = 0;
  int64_t length = 0;   // shorten
  std::string name{};   // in `folder`, with a final slash where the caller wrote one
  std::string other_name{};
  std::string text{};   // what a new link leads to
};

struct AreaObjects {
  int object = -1;  // open, shorten, link: O_PATH; bind: the socket
  int folder = -1;  // O_PATH
  int other_folder = -1;
};

struct AreaDone {
  AreaVerdict::Kind kind = AreaVerdict::Kind::outside;
  bool late = false;    // not made: only a late area allows it
  int error = 0;
  Descriptor fd;        // open, create
  std::string refused;  // the path that was refused …
  std::string why;      // … and what by
};

// `late_too`: what only a late area allows is made as well.
// `made`: what the run made so far, which what is made here is added to.
AreaDone do_in_area(const AreaRules& rules, MadeNames& made, const AreaCall& call, const AreaObjects& objects, bool late_too);

// What the rules say of a path in this run. Where they refuse it, what the run made on the way there is looked up, which costs calls.
AreaVerdict judge_in_run(const AreaRules& rules, const MadeNames& made, std::string_view path, Touch touch);

// Opens what an O_PATH descriptor stands for, as open(2) with these flags would, but never waits. An errno when negative.
int open_again(int object, uint64_t flags);

// The errno with which an open that would have waited failed, and that is tried again.
bool would_wait(int error, uint64_t flags);

// Takes O_NONBLOCK away again, which every open here is made with.
void wait_as_asked(int fd, uint64_t flags);

// Is there something below a folder that is moved, on one of these ways, of which `counts` says so? It is told the path below the
// folder, with a slash before each name. Says yes where it cannot find out.
bool leads_somewhere(int folder, const std::vector<WayBelow>& ways, const std::function<bool(const std::string&)>& counts);

}  // namespace belljar
