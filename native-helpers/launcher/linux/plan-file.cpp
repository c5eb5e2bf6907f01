#include "plan-file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.hpp"

namespace belljar {

bool read_plan_file(const std::string& file, const std::string& server, std::string& bytes, Plan& plan, PlanProblem& problem) {
  auto stop = [&problem](const char* code, const std::string& sentence, const char* remedy) {
    problem = {code, sentence, remedy};
    return false;
  };
  constexpr const char* repair = "See: belljar doctor --repair";
  bytes.clear();
  Descriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) {
    return stop("no-plan", "There is no plan for this server (" + file + "), so it was not started.",
                "Contain it again with belljar contain, or put it back with belljar release.");
  }
  if (!fd) return stop("plan-unreadable", "The plan cannot be opened (" + file + "): " + strerror(errno) + ".", repair);
  struct stat info{};
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return stop("plan-unreadable", "The plan is not a file (" + file + ").", repair);
  if (info.st_uid != geteuid()) return stop("plan-owner", "The plan belongs to another user (" + file + "), so it was not believed.", repair);
  if ((info.st_mode & 077) != 0) return stop("plan-mode", "The plan can be read or changed by others (" + file + "), so it was not believed.", repair);
  if (info.st_size > static_cast<off_t>(plan_max_bytes)) return stop("plan-invalid", "The plan is larger than 1 MiB (" + file + ").", repair);
  char buffer[65536];
  while (bytes.size() <= plan_max_bytes) {
    ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return stop("plan-unreadable", "The plan cannot be read (" + file + "): " + strerror(errno) + ".", repair);
    if (n == 0) break;
    bytes.append(buffer, static_cast<size_t>(n));
  }
  std::string error;
  if (!parse_plan(bytes, plan, error)) {
    bool newer = error.ends_with(newer_plan);
    return stop("plan-invalid", "The plan is not valid (" + file + ", " + error + "), so the server was not started.",
                newer ? "Update the Belljar whose launcher this is, or write the plan again with that one: belljar doctor --repair" : "Write it again: belljar doctor --repair");
  }
  if (!server.empty() && plan.server != server) return stop("plan-invalid", "The plan is another server's (" + file + ").", "Write it again: belljar doctor --repair");
  return true;
}

}  // namespace belljar
