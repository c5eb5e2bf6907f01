#include "../launcher/core/spool.hpp"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../launcher/core/text.hpp"
#include "check.hpp"

using namespace belljar;

namespace {

std::string nobody(int) { return "/bin/x"; }

struct File {
  char name[32] = "/tmp/belljar-spool-XXXXXX";
  int fd;
  File() : fd(mkostemp(name, O_APPEND | O_CLOEXEC)) {}
  ~File() {
    close(fd);
    unlink(name);
  }
  std::string text() const {
    std::string out;
    char buffer[65536];
    off_t at = 0;
    ssize_t n = 0;
    while ((n = pread(fd, buffer, sizeof buffer, at)) > 0) {
      out.append(buffer, static_cast<size_t>(n));
      at += n;
    }
    return out;
  }
};

Observation denial(std::string target) {
  Observation seen;
  seen.kind = "file.read";
  seen.target = std::move(target);
  seen.refused = true;
  seen.error = "EACCES";
  seen.pid = 7;
  return seen;
}

// Sum of `"count":N` over all lines.
uint64_t total(const std::string& text) {
  uint64_t sum = 0;
  for (size_t at = text.find("\"count\":"); at != std::string::npos; at = text.find("\"count\":", at + 1)) {
    sum += strtoull(text.c_str() + at + 8, nullptr, 10);
  }
  return sum;
}

}  // namespace

void test_spool() {
  {
    File file;
    Shared shared;
    Spool spool(file.fd, 1 << 20, "r", "s", &shared);
    spool.observe(denial("/a"), nobody);
    Observation other = denial("/a");
    other.error = "EXDEV";
    spool.observe(other, nobody);
    other.by = "broker";
    spool.observe(other, nobody);
    check::that(file.text().find("\"by\":\"predicted\",\"errno\":\"EXDEV\",\"count\":1") != std::string::npos, "another error is another event");
    check::that(file.text().find("\"by\":\"broker\",\"errno\":\"EXDEV\",\"count\":1") != std::string::npos, "and so is another wall");
  }
  {
    File file;
    Shared shared;
    Spool spool(file.fd, 1 << 20, "r", "s", &shared);
    spool.observe(denial("/a"), nobody);
    std::string first = file.text();
    check::that(first.find("\"target\":\"/a\",\"verdict\":\"refused\",\"by\":\"predicted\",\"errno\":\"EACCES\",\"count\":1") != std::string::npos,
                "the first occurrence is written at once");
    for (int i = 0; i < 999; i++) spool.observe(denial("/a"), nobody);
    check::equal(file.text(), first, "repeats wait");
    spool.flush(false);
    check::that(file.text().find("\"count\":999") != std::string::npos, "and come as one line with their count");
    check::equal(total(file.text()), 1000u, "the sum is exact");
    check::equal(shared.denials.load(), 1000u, "and counted for the run");
    auto near = spool.near_denials(0);
    check::that(near.size() == 1 && near[0].target == "/a", "the denials just before the end, merged");
  }
  {
    File file;
    Shared shared;
    constexpr uint64_t limit = 65'536;
    Spool spool(file.fd, limit, "r", "s", &shared);
    for (int i = 0; i < 20'000; i++) spool.observe(denial("/flood/" + std::to_string(i)), nobody);
    spool.flush(true);
    spool.run_end("{}", 7, "/bin/x");
    struct stat info{};
    fstat(file.fd, &info);
    check::that(info.st_size <= static_cast<off_t>(limit), "a flood of different targets stays within the file's bound");
    check::that(file.text().find("spool.dropped") != std::string::npos, "what was dropped is said");
    check::equal(total(file.text()), 20'001u, "and counted exactly (with the end's own line)");
    check::that(file.text().find("\"kind\":\"run.end\"") != std::string::npos, "the end has its place");
  }
  {
    File file;
    Shared shared;
    Spool spool(file.fd, 1 << 20, "r", "s", &shared);
    spool.observe(denial(std::string(10'000, 'x')), nobody);
    spool.observe(denial("bad\xFF"), nobody);
    std::string text = file.text();
    check::that(text.find("\"targetBytes\":10000") != std::string::npos, "a long target tells its length");
    check::that(text.find("bad\xEF\xBF\xBD\",\"targetBytes\":4") != std::string::npos, "an invalid one too");
    size_t lines = 0;
    for (char c : text) lines += c == '\n' ? 1 : 0;
    check::equal(lines, 2u, "one line each");
  }
}
