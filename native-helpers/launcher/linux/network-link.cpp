#include "network-link.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../core/resolver-files.hpp"
#include "event-loop.hpp"
#include "upstream-resolver.hpp"

namespace belljar {

namespace {

constexpr int64_t hosts_read_every = 1'000'000'000;
constexpr size_t drained_at_once = 512;
constexpr size_t unsent_max = 2048;
constexpr size_t asked_names_max = 64;
constexpr size_t failures_max = 512;

bool is_mapped(const sockaddr_storage& storage) {
  sockaddr_in6 six{};
  memcpy(&six, &storage, sizeof six);
  return storage.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six.sin6_addr);
}

size_t count_of(int server, int upstream) { return server < 0 ? 0 : upstream < 0 ? 1 : 2; }

}  // namespace

NetworkLink::NetworkLink(Descriptor socket, Holes holes, const NetworkRules& rules)
    : socket_(std::move(socket)), holes_(std::move(holes)), rules_(rules) {
  if (rules_.network == Network::hosts) made_up_ = rules_.hosts.full_names();
  if (made_up_.size() > made_up_addresses_max) made_up_.resize(made_up_addresses_max);
  take_hosts_file();
}

// Programs read /etc/hosts themselves and connect to what they found there.
bool NetworkLink::take_hosts_file() {
  int64_t now = steady_nanoseconds();
  if (rules_.network == Network::none || rules_.hosts.empty() || (hosts_read_ != 0 && now - hosts_read_ < hosts_read_every)) return false;
  hosts_read_ = now;
  for (const HostsEntry& entry : entries_of_hosts(read_resolver_file("/etc/hosts"))) {
    if (rules_.hosts.names_host(entry.name)) names_.learn(entry.address, entry.name, now + 3600LL * 1'000'000'000, true);
  }
  return true;
}

std::string NetworkLink::made_up_name(const Address& address) const {
  size_t index = 0;
  return made_up_index(address, index) && index < made_up_.size() ? made_up_[index] : std::string();
}

std::vector<KnownName> NetworkLink::names_of(const Address& address) { return names_.names_of(address, steady_nanoseconds()); }

std::vector<Observation> NetworkLink::drain() {
  std::vector<Observation> seen;
  if (!socket_) return seen;
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < drained_at_once; i++) {
    NetworkMessage message;
    Descriptor passed[2];
    Received received = receive_message(socket_.get(), message, passed, false);
    if (received == Received::closed) {
      socket_.reset();
      break;
    }
    if (received == Received::nothing) break;
    Observation one;
    one.by = "broker";
    one.pid = message.pid;
    one.refused = message.refused;
    one.target = std::string(message.text());
    switch (message.kind) {
      case NetworkMessage::Kind::learnt: {
        int64_t lifetime = std::max(static_cast<int64_t>(message.seconds) * 1'000'000'000, answer_lifetime_least);
        if (valid_host_name(one.target)) names_.learn(message.remote, one.target, steady_nanoseconds() + lifetime, message.flag);
        break;
      }
      case NetworkMessage::Kind::made_up: {
        size_t index = 0;
        if (made_up_index(message.remote, index) && index == made_up_.size() && index < made_up_addresses_max && valid_host_name(one.target)) {
          made_up_.push_back(std::move(one.target));
        }
        break;
      }
      case NetworkMessage::Kind::looked_up:
        one.kind = "net.dns";
        one.error = message.refused ? "EACCES" : nullptr;
        seen.push_back(std::move(one));
        break;
      case NetworkMessage::Kind::carried:
        one.kind = "net.connect";
        one.error = message.refused ? (message.flag ? "ECONNRESET" : "ECONNREFUSED") : nullptr;
        if (message.flag) one.known = "other-name";
        one.target += ":" + std::to_string(message.remote.port);
        one.address = address_text(message.remote);
        seen.push_back(std::move(one));
        break;
      case NetworkMessage::Kind::ask_name:
        if (valid_host_name(one.target) && asked_names_.size() < asked_names_max) asked_names_.push_back({std::move(one.target), message.pid});
        break;
      case NetworkMessage::Kind::failed:
        if (failures_.size() >= failures_max) failures_.pop_front();
        failures_.push_back({message.local, static_cast<int>(std::min(message.seconds, 4095u))});
        if (passed[0]) end_connecting(holes_, passed[0], failures_.back().error);
        break;
      case NetworkMessage::Kind::finished:
        finished_ = true;
        break;
      default:
        break;
    }
  }
  return seen;
}

ConnectVerdict NetworkLink::judge(const Address& address) {
  std::lock_guard lock(mutex_);
  std::string made_up = made_up_name(address);
  ConnectVerdict verdict = judge_connect(rules_, address, names_of(address), made_up);
  if (verdict.way != ConnectVerdict::Way::refuse || !made_up.empty() || !take_hosts_file()) return verdict;
  return judge_connect(rules_, address, names_of(address), made_up);
}

std::string NetworkLink::name_of(const Address& address) {
  std::lock_guard lock(mutex_);
  std::vector<KnownName> names = names_of(address);
  return names.empty() ? std::string() : names[0].name;
}

int NetworkLink::carry(const Descriptor& socket, int family, const ConnectVerdict& verdict, const Address& remote,
                       const sockaddr_storage& to, size_t to_size, int pid, Address& own) {
  using Way = ConnectVerdict::Way;
  std::lock_guard lock(mutex_);
  if (!socket_) return ENETUNREACH;
  sockaddr_storage hole{};
  // By what the server gave: a socket may be for IPv6 only.
  Address given = remote;
  given.v4 = family == AF_INET || is_mapped(to);
  socklen_t size = write_address(hole_for(holes_, family, given), family, hole);
  // A connect on a socket that is on its way or there already: only the kernel's answer is wanted.
  uint8_t state = TCP_CLOSE;
  socklen_t state_size = sizeof state;
  if (getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &state, &state_size) != 0) return errno;
  if (state != TCP_CLOSE) return connect(socket.get(), reinterpret_cast<sockaddr*>(&hole), size) == 0 ? 0 : errno;
  NetworkMessage message;
  message.pid = pid;
  message.remote = remote;
  message.set_text(verdict.name);
  message.kind = verdict.way == Way::resolver  ? NetworkMessage::Kind::serve_names
                 : verdict.way == Way::by_name ? NetworkMessage::Kind::carry_by_name
                                               : NetworkMessage::Kind::carry;
  Descriptor upstream;
  if (verdict.way == Way::checked) {
    // The real connection is begun here, where it was decided. What fails at once fails as it would without us.
    upstream = Descriptor(::socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!upstream) return errno;
    if (connect(upstream.get(), reinterpret_cast<const sockaddr*>(&to), static_cast<socklen_t>(to_size)) != 0 && errno != EINPROGRESS) return errno;
  }
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&hole), size) == 0) return EISCONN;  // nobody can be there
  if (errno != EINPROGRESS) return errno;
  sockaddr_storage local{};
  size = sizeof local;
  bool sent = getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local), &size) == 0 && read_address(local, size, message.local) &&
              send_or_keep(message, socket.get(), upstream.get());
  own = message.local;
  if (sent) return EINPROGRESS;
  sockaddr none{};
  // AF_UNSPEC: not on its way any more.
  return connect(socket.get(), &none, sizeof none) == 0 ? ENETUNREACH : errno;
}

int NetworkLink::failure_of(const Address& local) {
  std::lock_guard lock(mutex_);
  auto found = std::find_if(failures_.rbegin(), failures_.rend(),
                            [&local](const Failure& one) { return same_host(one.local, local) && one.local.port == local.port; });
  if (found == failures_.rend()) return 0;
  int error = found->error;
  failures_.erase(std::next(found).base());
  return error;
}

bool NetworkLink::send_or_keep(const NetworkMessage& message, int server, int upstream) {
  int descriptors[2] = {server, upstream};
  if (unsent_.empty() && send_message(socket_.get(), message, descriptors, count_of(server, upstream), false)) return true;
  if ((unsent_.empty() && errno != EAGAIN) || unsent_.size() >= unsent_max) return false;
  Unsent one{message, Descriptor(server >= 0 ? fcntl(server, F_DUPFD_CLOEXEC, 3) : -1), Descriptor(upstream >= 0 ? fcntl(upstream, F_DUPFD_CLOEXEC, 3) : -1)};
  if ((server >= 0 && !one.server) || (upstream >= 0 && !one.upstream)) return false;
  unsent_.push_back(std::move(one));
  return true;
}

bool NetworkLink::finished() {
  std::lock_guard lock(mutex_);
  if (!socket_) return true;
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::finish;
  if (!finish_asked_) finish_asked_ = unsent_.empty() && send_message(socket_.get(), message, nullptr, 0, false);
  return finished_;
}

bool NetworkLink::behind() {
  std::lock_guard lock(mutex_);
  return !unsent_.empty();
}

void NetworkLink::catch_up() {
  std::lock_guard lock(mutex_);
  while (!unsent_.empty()) {
    const Unsent& next = unsent_.front();
    int descriptors[2] = {next.server.get(), next.upstream.get()};
    if (!send_message(socket_.get(), next.message, descriptors, count_of(next.server.get(), next.upstream.get()), false) && errno == EAGAIN) return;
    unsent_.pop_front();
  }
}

std::vector<NetworkLink::AskedName> NetworkLink::asked_names() {
  std::lock_guard lock(mutex_);
  return std::exchange(asked_names_, {});
}

// In its turn before what is carried to the name.
void NetworkLink::tell_name(const std::string& name, bool allowed, uint32_t seconds) {
  std::lock_guard lock(mutex_);
  if (!socket_) return;
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::name_answer;
  message.refused = !allowed;
  message.seconds = seconds;
  message.set_text(name);
  send_or_keep(message, -1, -1);
}

void NetworkLink::change_hosts(NetworkRules& rules, const std::vector<HostRule>& lines, HostRules hosts) {
  std::lock_guard lock(mutex_);
  hosts.keep_own(rules.hosts);
  rules.hosts = std::move(hosts);
  hosts_read_ = 0;
  if (!socket_) return;
  std::string text = format_hosts(lines);
  Descriptor file(static_cast<int>(syscall(SYS_memfd_create, "belljar-hosts", MFD_CLOEXEC)));
  if (!file || pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return;
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::rules;
  send_or_keep(message, file.get(), -1);
}

void NetworkLink::seen_query(const std::string& name) {
  std::lock_guard lock(mutex_);
  if (!socket_) return;
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::seen_query;
  message.set_text(name);
  send_message(socket_.get(), message, nullptr, 0, false);
}

}  // namespace belljar
