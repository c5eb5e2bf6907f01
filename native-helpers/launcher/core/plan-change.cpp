#include "plan-change.hpp"

#include <algorithm>
#include <map>
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
  std::map<std::string_view, int> count;
  for (std::string_view line : split(before, '\n')) count[line]--;
  for (std::string_view line : split(after, '\n')) count[line]++;
  PlanChange change;
  auto add = [&](std::string_view line, bool added) {
    std::string_view key = line.substr(0, line.find(' '));
    bool now = false;
    if (is_one_of(key, {"area", "deny", "protect", "except", "socket", "link", "refuse"})) now = true;
    else if (is_one_of(key, {"host", "local", "listen"})) now = networked;
    // What is added is an area until the next start; what the kernel's walls hold since the start they keep.
    else if (is_one_of(key, {"read", "write"})) now = added || !started.contains(line);
    else now = added == started.contains(line);  // back to what the run has, or never had
    std::vector<std::string>& list = now ? change.now : change.restart;
    if (list.size() < plan_change_lines_max) list.push_back((added ? "+ " : "- ") + std::string(line.substr(0, plan_change_line_max - 2)));
  };
  for (const auto& [line, times] : count) {
    if (times < 0) add(line, false);
  }
  for (const auto& [line, times] : count) {
    if (times > 0) add(line, true);
  }
  return change;
}

}  // namespace belljar
