#include "refusal.hpp"

#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "text.hpp"

namespace belljar {

namespace {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

// The first line of stdin, or nothing within the bounds of time and size.
std::string first_line() {
  std::string line;
  timespec start{};
  clock_gettime(CLOCK_MONOTONIC, &start);
  while (line.size() < initialize_max_bytes) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t spent = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1'000'000;
    if (spent >= initialize_wait_ms) return {};
    pollfd input{0, POLLIN, 0};
    int ready = poll(&input, 1, static_cast<int>(initialize_wait_ms - spent));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return {};
    char buffer[4096];
    ssize_t n = read(0, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return {};
    line.append(buffer, static_cast<size_t>(n));
    size_t end = line.find('\n');
    if (end != std::string::npos) {
      line.resize(end);
      return line;
    }
  }
  return {};
}

}  // namespace

void refuse(const Refusal& refusal, std::string_view server) {
  std::string notice = "belljar: " + refusal.code + ": " + refusal.sentence;
  if (!refusal.remedy.empty()) notice += " " + refusal.remedy;
  for (char& c : notice) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  notice.push_back('\n');
  write_all(2, notice);
  if (isatty(0) == 0) {
    std::string line = first_line();
    auto id = initialize_request_id(line);
    if (id) {
      std::string answer = "{\"jsonrpc\":\"2.0\",\"id\":" + *id + ",\"error\":{\"code\":-32000,\"message\":";
      append_json_string(answer, "Belljar: " + refusal.sentence);
      answer += ",\"data\":{\"belljar\":{\"code\":";
      append_json_string(answer, refusal.code);
      answer += ",\"server\":";
      append_json_string(answer, server);
      answer += ",\"remedy\":";
      append_json_string(answer, refusal.remedy);
      answer += "}}}}\n";
      write_all(1, answer);
    }
  }
  _exit(refusal.exit);
}

}  // namespace belljar
