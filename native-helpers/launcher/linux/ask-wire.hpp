// What supervisor and guardian say to each other about refused accesses that a person may allow: packets of fixed size over a
// pair of SOCK_SEQPACKET sockets that the run's processes never hold. Neither believes more of the other than it must.
#pragma once
#include <cstdint>

namespace belljar {

enum class AskKind : uint32_t { read = 1, write, host, local, socket };

struct AskMessage {
  enum class Step : uint32_t { ask = 1, gone } step = Step::ask;
  uint32_t number = 0;  // of the call that waits
  AskKind kind = AskKind::read;
  // Files: what open(2) was asked for, the mode without the bits of the server's umask, and whether a folder is there.
  uint32_t flags = 0;
  uint32_t mode = 0;
  uint32_t folder = 0;
  uint32_t port = 0;     // host: 0 when a name is looked up; local: the port
  uint32_t length = 0;   // of `text`
  char address[64] = {};  // host: the address that was meant, where the text is a name
  char text[4096] = {};   // real path, name or address; not NUL-ended
};

// With a descriptor where a file was opened.
struct AskAnswer {
  uint32_t number = 0;
  uint32_t allowed = 0;
  uint32_t asked = 0;    // a person was, just now
  uint32_t seconds = 0;  // host: how long the name may be looked up
  int32_t error = 0;     // allowed, and this came of it
};

// A name that was allowed once may be looked up, and what was found connected to, for so long.
constexpr uint32_t name_once_seconds = 60;
constexpr uint32_t name_for_the_run = UINT32_MAX;

constexpr unsigned calls_waiting_max = 16;

}  // namespace belljar
