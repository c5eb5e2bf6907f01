// The launcher as a program of the sandbox: opens a link, or says why not.
#pragma once
#include <string_view>

namespace belljar {

bool is_link_helper_name(std::string_view program);

// `xdg-open <link>` and kin. Returns the exit status: 0 opened, 1 not understood, 4 not opened (as xdg-open's own).
int run_link_helper(int count, char** arguments);

}  // namespace belljar
