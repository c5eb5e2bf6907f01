// What a new plan changes for a run that goes on: which of its lines take effect now, and which at the next start. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belljar {

constexpr size_t plan_change_lines_max = 100;
constexpr size_t plan_change_line_max = 400;

struct PlanChange {
  std::vector<std::string> now;      // `+ ` or `- ` and the line
  std::vector<std::string> restart;
};

// Texts of whole, valid plans: the one that the run was started with, the one before, and the new one.
PlanChange compare_plans(std::string_view start, std::string_view before, std::string_view after);

}  // namespace belljar
