// The server's environment: the names the plan passes on, what it sets, and the run's own temporary folder.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "../core/plan.hpp"

namespace belljar {

class Environment {
 public:
  static Environment from_plan(const Plan& plan, char** inherited);

  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::vector<std::string> names() const;
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  // NULL-ended, valid as long as this object is unchanged.
  std::vector<char*> pointers();

 private:
  std::vector<std::string> entries_;
};

}  // namespace belljar
