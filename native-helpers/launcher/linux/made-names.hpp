// What this run itself made under the first name of a `protect-old` pattern (a `.git`), known by the object and not by its name: it is
// held open, so that nothing else can become it. What was not made here, or is forgotten, is protected.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor.hpp"

namespace belljar {

class MadeNames {
 public:
  // A folder or file that was just made in a folder that is open; a folder only while nothing is in it.
  void note(int folder, const std::string& name);
  bool holds(uint64_t device, uint64_t inode) const;
  // Of a real path: where each of its folders that was made here ends, in bytes.
  std::vector<size_t> ends_in(std::string_view path) const;

 private:
  struct Made {
    Descriptor object;  // O_PATH
    uint64_t device;
    uint64_t inode;
  };
  std::vector<Made> made_;
};

}  // namespace belljar
