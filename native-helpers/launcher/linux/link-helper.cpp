#include "link-helper.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include "../core/link.hpp"
#include "../core/text.hpp"
#include "descriptor.hpp"
#include "link-wire.hpp"

namespace belljar {

namespace {

constexpr int exit_not_understood = 1;
constexpr int exit_not_opened = 4;

// One line, so that it survives in whatever log keeps the server's stderr.
int say(int status, const std::string& sentence) {
  fprintf(stderr, "belljar: %s\n", sentence.c_str());
  return status;
}

std::string reason_sentence(std::string_view reason, const std::string& host) {
  std::string remedy = " Open it yourself, or allow it: belljar grant <server> link " + host;
  if (reason == "no") return host + " was not opened: the question was answered with no.";
  if (reason == "never") return host + " was not opened: it was refused for good. See: belljar show <server>";
  if (reason == "no-answer") return host + " was not opened: nobody answered the question." + remedy;
  if (reason == "not-allowed") return host + " was not opened: this server may not ask for it." + remedy;
  if (reason == "no-host") return host + " was not opened: no Belljar host runs that could ask or open it. Start it: belljar host --background";
  if (reason == "no-browser") return host + " was not opened: no browser could be started on this desktop.";
  if (reason == "too-often" || reason == "too-many") return host + " was not opened: this server asks too often.";
  return host + " was not opened." + remedy;
}

}  // namespace

bool is_link_helper_name(std::string_view program) {
  for (const char* name : link_helper_names) {
    if (base_name(program) == name) return true;
  }
  return false;
}

int run_link_helper(int count, char** arguments) {
  std::string text = count == 2 ? arguments[1] : "";
  auto link = count == 2 ? parse_link(text) : std::nullopt;
  if (!link) {
    return say(exit_not_understood, "Only one https link can be opened from inside, with nothing beside it (http for this machine's own pages).");
  }
  Descriptor door(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  memcpy(name.sun_path + 1, link_door_name.data(), link_door_name.size());
  socklen_t size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + link_door_name.size());
  if (!door || connect(door.get(), reinterpret_cast<sockaddr*>(&name), size) != 0) {
    return say(exit_not_opened, reason_sentence(errno == EAGAIN ? "too-often" : "not-allowed", link->host));
  }
  // A door that is full closes at once; that is an answer too.
  char answer[128];
  ssize_t n = -1;
  if (send(door.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())) {
    pollfd wait{door.get(), POLLIN, 0};
    int ready = 0;
    do {
      ready = poll(&wait, 1, link_helper_wait_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready > 0) n = recv(door.get(), answer, sizeof answer, MSG_DONTWAIT);
  }
  std::string_view said(answer, n > 0 ? static_cast<size_t>(n) : 0);
  if (said == link_opened) return 0;
  bool refused = said.substr(0, link_refused.size()) == link_refused;
  return say(exit_not_opened, reason_sentence(refused ? said.substr(link_refused.size()) : n == 0 ? "too-often" : "", link->host));
}

}  // namespace belljar
