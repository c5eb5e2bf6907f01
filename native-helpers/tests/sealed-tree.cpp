#include "../launcher/linux/sealed-tree.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.hpp"

using namespace belljar;

namespace {

std::string digest_of(const std::string& folder) {
  std::string error;
  std::string digest = tree_digest(folder, error);
  return digest.empty() ? "error: " + error : digest;
}

void write_file(const std::string& path, std::string_view text) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) abort();
  close(fd);
}

// Times of files move with the kernel's tick; what is changed within one cannot be told apart.
void pass_a_tick() {
  timespec pause{0, 20'000'000};
  nanosleep(&pause, nullptr);
}

}  // namespace

void test_sealed_tree() {
  char root[] = "/tmp/belljar-sealed-XXXXXX";
  if (mkdtemp(root) == nullptr) abort();
  std::string top = std::string(root) + "/tree";
  auto at = [&top](const std::string& name) { return top + "/" + name; };
  mkdir(top.c_str(), 0700);
  mkdir(at("a").c_str(), 0755);
  mkdir(at("a/empty").c_str(), 0755);
  write_file(at("a/one.js"), "one");
  write_file(at("b.js"), "two");
  if (symlink("a/one.js", at("link").c_str()) != 0) abort();
  std::string before = digest_of(top);
  check::that(before.size() == 64, "a digest: " + before);
  check::equal(digest_of(top), before, "the same again");

  auto changed = [&](const char* what, auto change) {
    pass_a_tick();
    change();
    std::string now = digest_of(top);
    check::that(now.size() == 64 && now != before, std::string("is seen: ") + what);
    before = now;
  };
  changed("other content of the same length", [&] { write_file(at("b.js"), "six"); });
  changed("other content with the old time put back", [&] {
    struct stat info{};
    stat(at("b.js").c_str(), &info);
    write_file(at("b.js"), "ten");
    timespec times[2] = {info.st_atim, info.st_mtim};
    utimensat(AT_FDCWD, at("b.js").c_str(), times, 0);
  });
  changed("another mode", [&] { chmod(at("b.js").c_str(), 0755); });
  changed("a new file", [&] { write_file(at("a/new.js"), ""); });
  changed("one file less", [&] { unlink(at("a/new.js").c_str()); });
  changed("another name", [&] { rename(at("a/one.js").c_str(), at("a/eno.js").c_str()); });
  changed("a link elsewhere", [&] {
    unlink(at("link").c_str());
    if (symlink("b.js", at("link").c_str()) != 0) abort();
  });
  changed("a folder in a link's place", [&] {
    unlink(at("link").c_str());
    mkdir(at("link").c_str(), 0755);
  });
  changed("a second name of a file", [&] {
    if (link(at("b.js").c_str(), (std::string(root) + "/elsewhere").c_str()) != 0) abort();
  });
  write_file(std::string(root) + "/outside", "changes beside it are no concern");
  check::equal(digest_of(top), before, "and nothing else is");

  mkfifo(at("fifo").c_str(), 0600);
  check::equal(digest_of(top), "error: fifo: neither a file, a folder nor a link", "what cannot be sealed");
  unlink(at("fifo").c_str());
  check::equal(digest_of(at("b.js")), "error: .: Not a directory", "a file is no tree");
  check::equal(digest_of(at("missing")), "error: .: No such file or directory", "nor is nothing");
  if (symlink(top.c_str(), (std::string(root) + "/way").c_str()) != 0) abort();
  check::that(digest_of(std::string(root) + "/way").substr(0, 6) == "error:", "nor a link to one");
  std::string deep = top;
  for (int i = 0; i <= sealed_tree_depth_max + 1; i++) {
    deep += "/d";
    mkdir(deep.c_str(), 0755);
  }
  check::that(digest_of(top).find("too deep") != std::string::npos, "depth is bounded");
  if (system((std::string("rm -rf ") + root).c_str()) != 0) check::that(false, "cleaning up");
}
