// What may be done in areas: places that the supervisor opens and changes on the server's behalf, so that patterns count and
// grants can come and go while it runs. Pure: decides over real paths, as the kernel tells them for an open object.
#pragma once
#include <string>
#include <string_view>
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
  AreaRules(std::vector<Area> areas, Patterns patterns) : areas_(std::move(areas)), patterns_(std::move(patterns)) {}

  bool empty() const { return areas_.empty(); }
  const std::vector<Area>& areas() const { return areas_; }
  const Patterns& patterns() const { return patterns_; }

  // The widest access of the areas that hold it counts, each judged with its own root. A path that ends in ` (deleted)` is what
  // the kernel says of a file without a name, or a name like any other: both must be allowed.
  AreaVerdict judge(std::string_view path, Touch touch) const;

  // A folder that is moved takes along what lies below, and a pattern with several names may see other names there then.
  std::vector<WayBelow> ways_below(std::string_view path) const;

 private:
  AreaVerdict judge_name(std::string_view path, Touch touch) const;

  std::vector<Area> areas_;
  Patterns patterns_;
};

}  // namespace belljar
