// Where this program lies, and where the data folder is that holds the plans of whoever runs it.
#pragma once
#include <string>
#include <string_view>

namespace belljar {

// Where a package puts it, for everybody on this machine (app/platform/confinement/linux/packaged-launcher.ts).
constexpr std::string_view packaged_launcher = "/usr/lib/belljar/bin/belljar-launcher";

// Without links; empty where the kernel does not tell. Asked once, as is its data folder.
const std::string& own_program();
const std::string& own_data_folder();

// A person's own copy lies in it: <data>/bin/belljar-launcher. The packaged one looks in the home of who runs it: the one of
// /etc/passwd, since a client may pass on another HOME or none, and HOME for users whom that file does not know. A folder elsewhere
// (XDG_DATA_HOME) is never looked for: few clients pass that variable on, so such a person's entries name the own copy.
// Empty where it cannot be told.
std::string data_folder(std::string_view program);

}  // namespace belljar
