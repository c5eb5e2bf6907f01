// What an attacker tries from inside of one of the launcher's processes; the same code runs bare, where each must get through.
#pragma once
#include <cstddef>

namespace takeover {

// A page that the test made and reads: the launcher's processes inherit it, and say in it what came of an attempt without a call to the
// kernel. Text of parameters (`key=value` lines), then what came of it.
struct Page {
  char parameters[2048];
  int victim;   // who tried
  int ended;    // 1: it has ended, with `status` of waitpid
  int status;
  char result[1024];  // `begun`, `reached` or `refused <errno> <step>`
};

// Tries what the page says.
void attempt(Page& page);

// The value of a parameter, into `out`; false when there is none.
bool parameter(const Page& page, const char* key, char* out, size_t room);

}  // namespace takeover
