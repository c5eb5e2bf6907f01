#include "link-programs.hpp"

#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link-wire.hpp"
#include "target.hpp"

namespace belljar {

namespace {

// For programs that ask GLib's or KDE's table of applications instead of the environment: this one opens links.
constexpr std::string_view application_name = "belljar-open-link.desktop";
constexpr std::string_view application =
    "[Desktop Entry]\nType=Application\nName=Open outside\nExec=xdg-open %u\nNoDisplay=true\n"
    "MimeType=x-scheme-handler/https;x-scheme-handler/http;\n";
constexpr std::string_view defaults =
    "[Default Applications]\nx-scheme-handler/https=belljar-open-link.desktop\nx-scheme-handler/http=belljar-open-link.desktop\n";
constexpr std::string_view usual_data_folders = "/usr/local/share:/usr/share";

Descriptor make_folder(int parent, const char* name) {
  if (mkdirat(parent, name, 0700) != 0) return {};
  return Descriptor(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool make_file(int folder, std::string_view name, std::string_view text) {
  Descriptor file(openat(folder, std::string(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

std::vector<Descriptor> make_link_programs(int folder, const std::string& path, Environment& environment) {
  std::vector<Descriptor> made;
  char self[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self);
  if (n <= 0 || n >= PATH_MAX) return made;
  self[n] = '\0';
  Descriptor programs = make_folder(folder, "bin");
  Descriptor share = make_folder(folder, "share");
  Descriptor applications = share ? make_folder(share.get(), "applications") : Descriptor();
  if (!programs || !applications) return made;
  for (const char* name : link_helper_names) {
    // To this very program, which knows itself by their names: a copy would cost more than the start of many a server.
    if (symlinkat(self, programs.get(), name) != 0) return made;
  }
  if (!make_file(applications.get(), application_name, application) || !make_file(applications.get(), "mimeapps.list", defaults)) return made;

  std::string programs_path = path_of(programs.get());
  environment.set("BROWSER", programs_path + "/" + link_helper_names[0]);
  if (environment.has("PATH")) environment.set("PATH", programs_path + ":" + path);
  std::string data(environment.get("XDG_DATA_DIRS"));
  environment.set("XDG_DATA_DIRS", path_of(share.get()) + ":" + (data.empty() ? std::string(usual_data_folders) : data));
  made.push_back(std::move(programs));
  made.push_back(std::move(share));
  return made;
}

}  // namespace belljar
