// What programs inside find when they look for a browser.
#pragma once
#include <string>
#include <vector>

#include "descriptor.hpp"
#include "environment.hpp"

namespace belljar {

// Makes `bin` and `share` in a run's own folder and names them in the environment. Returns the folders, which the server may
// read and execute; none, with errno, when they could not be made. `path` is the PATH that the server is given.
std::vector<Descriptor> make_link_programs(int folder, const std::string& path, Environment& environment);

}  // namespace belljar
