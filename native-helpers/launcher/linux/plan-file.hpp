// Reads a plan as the launcher believes it: a regular file of the user's own, that nobody else may read or change, and valid.
#pragma once
#include <string>

#include "../core/plan.hpp"

namespace belljar {

struct PlanProblem {
  const char* code = "";
  std::string sentence;
  const char* remedy = "";
};

// False, with what is wrong. `server` is the one it must be for, or empty. `bytes` is what was read, as far as it was.
bool read_plan_file(const std::string& file, const std::string& server, std::string& bytes, Plan& plan, PlanProblem& problem);

}  // namespace belljar
