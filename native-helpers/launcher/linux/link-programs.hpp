// What programs inside find when they look for a browser.
#pragma once
#include <string>

#include "descriptor.hpp"
#include "environment.hpp"

namespace belljar {

// The folder `open-link` beside the launcher or, for a package's, in the data folder, which the server may read and execute, named in the environment; made when it
// is missing. None, with errno, when it cannot be. `path` is the PATH that the server is given.
Descriptor open_link_programs(const std::string& path, Environment& environment);

}  // namespace belljar
