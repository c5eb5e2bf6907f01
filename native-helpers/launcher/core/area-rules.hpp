// What may be done in areas: places that the supervisor opens and changes on the server's behalf, so that patterns count and
// grants can come and go while it runs. Pure: decides over real paths, as the kernel tells them for an open object. What it remembers of
// folders makes it one thread's.
#pragma once
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "pattern.hpp"

namespace belljar {

struct Area {
  std::string root;  // real path
  bool write = false;
  bool late = false;  // granted while the server runs: outside of what the supervisor itself may open
};

struct AreaVerdict {
  enum class Kind {
    outside,  // in no area
    allowed,
    refused,
  };
  Kind kind = Kind::outside;
  bool late = false;     // allowed, and only through a late one
  std::string_view why;  // refused: the pattern, or `area read`
};

enum class Touch {
  read,
  change,
  name,  // a name is made, removed or moved: the area must hold the folder around it
};

// One way on from a folder to where a pattern names something: names below it, in which `*` is any run.
using WayBelow = std::vector<std::string>;

class AreaRules {
 public:
  AreaRules() = default;
  AreaRules(std::vector<Area> areas, Patterns patterns);

  bool empty() const { return areas_.empty(); }
  const std::vector<Area>& areas() const { return areas_; }
  const Patterns& patterns() const { return patterns_; }

  // The widest access of the areas that hold it counts, each judged with its own root. A path that ends in ` (deleted)` is what
  // the kernel says of a file without a name, or a name like any other: both must be allowed.
  // `made`: as judge_patterns takes it.
  AreaVerdict judge(std::string_view path, Touch touch, const std::vector<size_t>& made = {}) const;

  // Is the last name of the path the first one of a `protect-old` pattern? What stands there and was not made by the run is not taken
  // away, and changed only where it is a folder. Not where a person took back a part of what begins with that name.
  bool keeps_old(std::string_view path) const;

  // A folder that is moved takes along what lies below, and a pattern with several names may see other names there then.
  std::vector<WayBelow> ways_below(std::string_view path) const;

 private:
  // What is known of a folder: no pattern names it, and these last names of longer patterns would, below it.
  struct Folder {
    std::string path;
    int area = -1;  // the one that holds it, not late; -1 where judging takes longer
    std::vector<std::string> last_names;
  };

  AreaVerdict judge_name(std::string_view path, Touch touch, const std::vector<size_t>& made) const;
  const Folder& known_folder(std::string_view path) const;
  bool is_plain(std::string_view path, Touch touch) const;

  std::vector<Area> areas_;
  Patterns patterns_;
  // Patterns of one name, which nearly all are, made ready: literal ones, and those with stars.
  std::unordered_set<std::string> names_;
  std::vector<std::string> stars_;
  std::vector<std::string> old_names_;
  mutable std::vector<Folder> folders_;  // by the hash of their path; rules never change, so nothing in here does
};

}  // namespace belljar
