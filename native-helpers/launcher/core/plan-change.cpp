#include "plan-change.hpp"

#include <algorithm>
#include <set>

#include "text.hpp"

namespace belljar {

namespace {

using Lines = std::vector<std::string_view>;

bool is_one_of(std::string_view key, std::initializer_list<std::string_view> keys) { return std::find(keys.begin(), keys.end(), key) != keys.end(); }

}  // namespace

PlanChange compare_plans(std::string_view start, std::string_view before, std::string_view after) {
  Lines first = split(start, '\n');
  std::set<std::string_view> started(first.begin(), first.end());
  bool networked = !started.contains("network none");
  bool files_seen = !started.contains("record without-files");
  Lines earlier = split(before, '\n');
  Lines later = split(after, '\n');
  std::set<std::string_view> old(earlier.begin(), earlier.end());
  std::set<std::string_view> fresh(later.begin(), later.end());
  PlanChange change;
  auto add = [&](std::string_view line, bool added) {
    std::string_view key = line.substr(0, line.find(' '));
    bool of_areas = is_one_of(key, {"area", "deny", "protect", "protect-old", "except"});
    bool as_started = added == started.contains(line);  // back to what the run has, or never had
    bool now = as_started;
    // Where nobody looks at its files nothing of them changes before it is started again.
    if (is_one_of(key, {"socket", "link", "refuse"}) || (files_seen && of_areas)) now = true;
    else if (is_one_of(key, {"host", "local", "listen"})) now = networked;
    // What is added is an area until the next start; what the kernel's walls hold since the start they keep.
    else if (files_seen && is_one_of(key, {"read", "write"})) now = added || as_started;
    std::vector<std::string>& list = now ? change.now : change.restart;
    if (list.size() < plan_change_lines_max) list.push_back((added ? "+ " : "- ") + std::string(line.substr(0, plan_change_line_max - 2)));
  };
  for (std::string_view line : old) {
    if (!fresh.contains(line)) add(line, false);
  }
  for (std::string_view line : fresh) {
    if (!old.contains(line)) add(line, true);
  }
  return change;
}

}  // namespace belljar
