// The folder is made once and serves every run: it holds links to the launcher, which knows itself by their names,
// and the same two texts for everybody. Making it for each run would take as long as all of the walls.
//
// Trust: whoever may write there could replace the launcher as well; it must belong to this user or to root, and to nobody else.
#include "link-programs.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/text.hpp"
#include "link-wire.hpp"
#include "own-places.hpp"

namespace belljar {

namespace {

constexpr std::string_view folder_name = "open-link";
// For programs that ask GLib's or KDE's table of applications instead of the environment: this one opens links.
constexpr std::string_view application_name = "belljar-open-link.desktop";
constexpr std::string_view application =
    "[Desktop Entry]\nType=Application\nName=Open outside\nExec=xdg-open %u\nNoDisplay=true\n"
    "MimeType=x-scheme-handler/https;x-scheme-handler/http;\n";
constexpr std::string_view defaults =
    "[Default Applications]\nx-scheme-handler/https=belljar-open-link.desktop\nx-scheme-handler/http=belljar-open-link.desktop\n";
constexpr std::string_view usual_data_folders = "/usr/local/share:/usr/share";

Descriptor open_folder(const std::string& path) { return Descriptor(open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)); }

bool make_file(const std::string& path, std::string_view text) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Under a name of its own, then moved into place whole: two launchers that start at once make the same.
bool make(const std::string& beside, const std::string& launcher) {
  std::string making = beside + "." + std::to_string(getpid());
  std::string programs = making + "/bin";
  std::string applications = making + "/share/applications";
  bool made = mkdir(making.c_str(), 0755) == 0 && mkdir(programs.c_str(), 0755) == 0 &&
              mkdir((making + "/share").c_str(), 0755) == 0 && mkdir(applications.c_str(), 0755) == 0;
  for (const char* name : link_helper_names) made = made && symlink(launcher.c_str(), (programs + "/" + name).c_str()) == 0;
  made = made && make_file(applications + "/" + std::string(application_name), application) &&
         make_file(applications + "/mimeapps.list", defaults);
  if (made && rename(making.c_str(), beside.c_str()) == 0) return true;
  int error = errno;
  for (const char* name : link_helper_names) unlink((programs + "/" + name).c_str());
  unlink((applications + "/" + std::string(application_name)).c_str());
  unlink((applications + "/mimeapps.list").c_str());
  for (const std::string& folder : {applications, making + "/share", programs, making}) rmdir(folder.c_str());
  errno = error;
  return made && (error == EEXIST || error == ENOTEMPTY);
}

}  // namespace

Descriptor open_link_programs(const std::string& path, Environment& environment) {
  const std::string& launcher = own_program();
  // Nobody may write beside a package's; of a person's own copy it is beside it, so that what is moved stays right.
  std::string folder(launcher == packaged_launcher ? own_data_folder() : std::string(parent_of(launcher)));
  if (launcher.empty() || folder.empty()) return {};
  folder += "/" + std::string(folder_name);
  Descriptor opened = open_folder(folder);
  if (!opened && errno == ENOENT && make(folder, launcher == packaged_launcher ? launcher : "../../" + std::string(base_name(launcher)))) {
    opened = open_folder(folder);
  }
  struct stat info{};
  if (!opened || fstat(opened.get(), &info) != 0) return {};
  if ((info.st_uid != geteuid() && info.st_uid != 0) || (info.st_mode & 022) != 0) {
    errno = EPERM;
    return {};
  }
  environment.set("BROWSER", folder + "/bin/" + link_helper_names[0]);
  if (environment.has("PATH")) environment.set("PATH", folder + "/bin:" + path);
  std::string data(environment.get("XDG_DATA_DIRS"));
  environment.set("XDG_DATA_DIRS", folder + "/share:" + (data.empty() ? std::string(usual_data_folders) : data));
  return opened;
}

}  // namespace belljar
