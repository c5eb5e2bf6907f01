// How a program inside asks for a link to be opened, as both ends know it.
//
// The helper (link-helper.cpp, inside, contained like everything) connects a SOCK_SEQPACKET socket to an abstract name that
// only the run's own supervisor knows what to do with, so there is no other run's door to knock at: the supervisor leads the
// connection to the guardian (link-door.cpp). One packet each way: the link, then `opened` or `refused <reason>`.
#pragma once
#include <string_view>

namespace belljar {

constexpr std::string_view link_door_name = "belljar-open-link";  // after the leading zero byte

constexpr std::string_view link_opened = "opened";
constexpr std::string_view link_refused = "refused ";

// The guardian gives up on the host before the helper gives up on the guardian.
constexpr int link_guardian_wait_ms = 25'000;
constexpr int link_helper_wait_ms = 30'000;

// By these names programs look for whatever opens a link. The first one is what BROWSER names.
constexpr const char* link_helper_names[] = {"xdg-open", "sensible-browser", "x-www-browser", "www-browser"};

// What the guardian tells the supervisor, which writes the events: of each connection one note with `last`, so that the
// supervisor knows when all is said.
struct LinkNote {
  enum class Verdict : int { nothing, asked, allowed, refused } verdict;
  bool last;
  int process;      // that started the helper; 0 when it is gone
  char host[256];
};

}  // namespace belljar
