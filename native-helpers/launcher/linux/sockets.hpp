// The plan's Unix sockets as they are at this start: real paths, and abstract names with `@` before them. Variables are the
// client's own, whether or not the server gets to see them.
#pragma once
#include <string>
#include <vector>

#include "../core/plan.hpp"
#include "places.hpp"

namespace belljar {

// What could not be applied is added to `not_applied`, each `socket …: why`.
std::vector<std::string> find_sockets(const Plan& plan, const PlaceResolver& resolver, std::vector<std::string>& not_applied);

}  // namespace belljar
