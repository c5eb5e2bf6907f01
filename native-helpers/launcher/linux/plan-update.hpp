// What the guardian tells the supervisor of a new plan, in a memory file: the text of the plan, and what was found for it. Written and
// read here alone; the guardian is trusted, the form is checked all the same.
#pragma once
#include <string>
#include <vector>

#include "../core/area-rules.hpp"
#include "descriptor.hpp"

namespace belljar {

struct PlanUpdate {
  bool refused = false;       // only `event` counts then
  std::string event;          // the member `plan` of the event, JSON
  std::string plan;           // text
  std::vector<Area> areas;
  std::vector<std::string> sockets;
};

constexpr size_t plan_update_max_bytes = 4 << 20;

// A sealed memory file, or none.
Descriptor write_plan_update(const PlanUpdate& update);
bool read_plan_update(const Descriptor& file, PlanUpdate& update);

}  // namespace belljar
