// The kernel's records of refused accesses, where calls on files do not come to the supervisor (record without-files): the program
// beside the launcher that may read them (records/main.cpp), and what it says.
//
// It has a right that the launcher has not, so it is begun before the launcher gives up gaining any; then it waits until the plan
// is read, and ends where that has no use for it.
//
// Trust: what it says is parsed all the same; paths are the server's.
#pragma once
#include <string>
#include <vector>

#include "../core/audit-record.hpp"
#include "descriptor.hpp"

namespace belljar {

// Of what its program says, the part that came since.
struct RecordsHeard {
  std::vector<RefusedFile> refused;
  uint64_t lost = 0;  // times that the kernel or the program left some out, at least
  bool over = false;
};

class KernelRecords {
 public:
  // Before no_new_privs. Nothing happens where the program is not installed.
  void prepare();
  // Whether the run has a use for it.
  void begin(bool wanted);
  // Whether records come; waits for the program's answer, which takes milliseconds where they do.
  bool come();
  // Why not, where it is installed.
  const std::string& missing() const { return missing_; }
  bool is_installed() const { return child_ != -1; }
  // Names the process whose domain is told of. False where nobody is there any more.
  bool follow(int server);
  int descriptor() const { return channel_.get(); }
  // What is there now; never waits.
  RecordsHeard hear();

 private:
  int child_ = -1;  // what becomes the program; -1: it is not installed
  std::string buffer_;
  std::string missing_;
  Descriptor channel_;
};

}  // namespace belljar
