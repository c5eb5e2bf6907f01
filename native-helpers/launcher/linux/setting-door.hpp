// The few settings of its own processes that a run may change in /proc, opened by the guardian. The supervisor, whose place they would
// be, may write nothing there: Landlock cannot tell one process' folder from another's, nor both from the machine's own settings, which
// root's run could change without any capability.
//
// Trust: the supervisor that asks may have been taken over. It hands over the object; the guardian looks what that is, whose it is and
// whether it may be changed at all, and opens exactly that object.
#pragma once
#include <cstdint>

#include "descriptor.hpp"

namespace belljar {

class SettingDoor {
 public:
  // False with errno when there can be none.
  bool open();
  // The guardian's end, to be waited for; -1 when there is none.
  int descriptor() const { return own_end_.get(); }
  Descriptor take_supervisor_end() { return std::move(supervisor_end_); }
  // Answers what has come. `supervisor`: whose descendants the run's processes are.
  void serve(int supervisor);

 private:
  Descriptor own_end_;
  Descriptor supervisor_end_;
};

// The supervisor's side: `object` (O_PATH) opened for writing with these flags of open(2), or an errno in `error`. Waits for the guardian,
// which answers at once, or gives up.
Descriptor ask_for_setting(int channel, int object, uint64_t flags, int& error);

// Is it below `ancestor` in the tree of processes, by /proc?
bool descends_from(int process, int ancestor);

}  // namespace belljar
