#include "host-question.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../core/text.hpp"

namespace belljar {

namespace {

constexpr const char* host_file = "host.sock";
constexpr uint64_t up_max = 127;

// The host of this user, or nothing: a folder that others may write to could lead to somebody else's.
Descriptor reach_host(const std::string& state_folder) {
  Descriptor folder(open(state_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info{};
  if (!folder || fstat(folder.get(), &info) != 0 || info.st_uid != geteuid() || (info.st_mode & 022) != 0) return {};
  Descriptor host(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Through the folder's descriptor, so that the address fits however deep the folder lies.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder.get(), host_file);
  if (!host || connect(host.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(host.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid()) return {};
  return host;
}

}  // namespace

HostVerdict host_verdict(std::string_view answer) {
  HostVerdict unknown{"no-host", false, false, 0};
  constexpr std::string_view ok = "HTTP/1.1 200 ";
  constexpr std::string_view allowed = "{\"outcome\":\"allowed\"";
  constexpr std::string_view refused = "{\"outcome\":\"refused\",\"reason\":\"";
  constexpr std::string_view until = ",\"until\":\"stop\",\"up\":";
  size_t head = answer.find("\r\n\r\n");
  if (answer.substr(0, ok.size()) != ok || head == std::string_view::npos) return unknown;
  std::string_view body = answer.substr(head + 4);
  if (body.empty() || body.back() != '}') return unknown;
  body.remove_suffix(1);
  HostVerdict verdict;
  if (size_t at = body.find(until); at != std::string_view::npos && body.substr(0, allowed.size()) == allowed) {
    auto up = parse_number(body.substr(at + until.size()), up_max);
    if (!up) return unknown;
    verdict.until_stop = true;
    verdict.up = static_cast<uint32_t>(*up);
    body = body.substr(0, at);
  }
  for (std::string_view end : {",\"asked\":true", ",\"asked\":false"}) {
    if (!body.ends_with(end)) continue;
    verdict.asked = end.ends_with("true");
    body.remove_suffix(end.size());
    // Nothing lasts without a person having said so just now.
    if (body == allowed) return verdict.until_stop && !verdict.asked ? unknown : verdict;
    break;
  }
  if (body.size() <= refused.size() || body.substr(0, refused.size()) != refused || body.back() != '"') return unknown;
  std::string_view reason = body.substr(refused.size(), body.size() - refused.size() - 1);
  bool plain = !reason.empty() && reason.size() <= 32 &&
               std::all_of(reason.begin(), reason.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  if (!plain) return unknown;
  return {std::string(reason), verdict.asked, false, 0};
}

Descriptor ask_host(const std::string& state_folder, const std::string& body) {
  Descriptor host = reach_host(state_folder);
  if (!host) return {};
  std::string text = "POST /rpc/questions.ask HTTP/1.1\r\nhost: belljar\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: " +
                     std::to_string(body.size()) + "\r\n\r\n" + body;
  bool sent = send(host.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(text.size());
  return sent ? std::move(host) : Descriptor();
}

bool read_host_answer(const Descriptor& host, std::string& answer) {
  char bytes[4096];
  while (true) {
    ssize_t n = recv(host.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0 || answer.size() + static_cast<size_t>(n) > host_answer_max_bytes) return true;
    answer.append(bytes, static_cast<size_t>(n));
  }
}

}  // namespace belljar
