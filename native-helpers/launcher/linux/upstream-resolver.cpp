#include "upstream-resolver.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "network.hpp"

namespace belljar {

namespace {

constexpr int64_t refresh_every = 500'000'000;
constexpr int stray_packets_max = 32;

uint16_t random_number() {
  uint16_t number = 0;
  if (getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) _exit(1);
  return number;
}

DnsAnswer failed(int code) {
  DnsAnswer answer;
  answer.code = code;
  return answer;
}

}  // namespace

std::string read_resolver_file(const char* path) {
  std::string out;
  Descriptor fd(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!fd || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return out;
  out.resize(std::min<size_t>(resolver_file_max, static_cast<size_t>(info.st_size) + 4096));
  size_t size = 0;
  while (size < out.size()) {
    ssize_t n = read(fd.get(), out.data() + size, out.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    size += static_cast<size_t>(n);
  }
  out.resize(size);
  return out;
}

// One question on its way.
class UpstreamResolver::Lookup : public Watched {
 public:
  Lookup(UpstreamResolver& owner, uint64_t id, Asker* asker, std::string name, uint16_t type)
      : owner_(owner), id_(id), asker_(asker), name_(std::move(name)), type_(type) {}
  ~Lookup() override { end_attempt(); }

  Asker* asker() const { return asker_; }
  int64_t deadline() const { return deadline_; }

  // The next server, or the end. Each server is asked twice, the second time with more patience.
  void next() {
    end_attempt();
    size_t servers = std::min(owner_.servers_.size(), servers_asked_max);
    while (attempt_ < 2 * servers) {
      bool first = attempt_ < servers;
      server_ = owner_.servers_[attempt_++ % servers];
      deadline_ = steady_nanoseconds() + (first ? first_round_wait : second_round_wait);
      if (open_socket(SOCK_DGRAM)) return;
    }
    owner_.finish(id_, failed(last_code_));
  }

  void ready(uint32_t events) override {
    if (!stream_) read_datagrams();
    else if (!write_stream(events) || !read_stream()) next();
  }

 private:
  void end_attempt() {
    if (socket_) owner_.loop_.remove(socket_.get());
    socket_.reset();
    stream_ = false;
    sent_ = 0;
    input_.clear();
    strays_ = 0;
  }

  bool open_socket(int type) {
    sockaddr_storage to{};
    socklen_t size = write_address(server_, server_.v4 ? AF_INET : AF_INET6, to);
    socket_ = Descriptor(socket(to.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) return false;
    stream_ = type == SOCK_STREAM;
    dns_id_ = random_number();
    query_ = build_dns_query(dns_id_, name_, type_);
    // Connected: only the server's own address and port can answer, at a port of ours that the kernel picked at random.
    int done = connect(socket_.get(), reinterpret_cast<sockaddr*>(&to), size);
    if (done != 0 && !(stream_ && errno == EINPROGRESS)) return false;
    if (stream_) {
      query_.insert(0, {static_cast<char>(query_.size() >> 8), static_cast<char>(query_.size() & 0xFF)});
    } else if (send(socket_.get(), query_.data(), query_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(query_.size())) {
      return false;
    }
    return owner_.loop_.add(socket_.get(), stream_ ? EPOLLOUT : EPOLLIN, this);
  }

  void read_datagrams() {
    static char buffer[dns_message_max];
    while (true) {
      ssize_t n = recv(socket_.get(), buffer, sizeof buffer, 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n < 0) return next();  // unreachable: nobody answers there
      DnsAnswer answer;
      if (!parse_dns_answer(std::string_view(buffer, static_cast<size_t>(n)), dns_id_, name_, type_, owner_.bare_, answer)) {
        if (++strays_ > stray_packets_max) return next();
        continue;
      }
      if (answer.truncated) {
        Address server = server_;
        end_attempt();
        server_ = server;
        deadline_ = steady_nanoseconds() + second_round_wait;
        if (!open_socket(SOCK_STREAM)) next();
        return;
      }
      return take(answer);
    }
  }

  bool write_stream(uint32_t events) {
    if (sent_ >= query_.size()) return true;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return false;
    ssize_t n = send(socket_.get(), query_.data() + sent_, query_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<size_t>(n);
    return sent_ < query_.size() || owner_.loop_.change(socket_.get(), EPOLLIN, this);
  }

  bool read_stream() {
    char buffer[4096];
    while (true) {
      ssize_t n = recv(socket_.get(), buffer, sizeof buffer, 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
      if (n <= 0) return false;
      input_.append(buffer, static_cast<size_t>(n));
      if (input_.size() < 2) continue;
      size_t length = static_cast<size_t>(static_cast<uint8_t>(input_[0])) << 8 | static_cast<uint8_t>(input_[1]);
      if (input_.size() < 2 + length) continue;
      DnsAnswer answer;
      if (!parse_dns_answer(std::string_view(input_).substr(2, length), dns_id_, name_, type_, owner_.bare_, answer) || answer.truncated) return false;
      take(answer);
      return true;
    }
  }

  void take(const DnsAnswer& answer) {
    // A server that cannot or will not is not the last word while there are others.
    if (answer.code == dns_code::no_error || answer.code == dns_code::no_such_name) return owner_.finish(id_, answer);
    last_code_ = answer.code;
    next();
  }

  UpstreamResolver& owner_;
  uint64_t id_;
  Asker* asker_;
  std::string name_;
  uint16_t type_;
  size_t attempt_ = 0;
  Address server_;
  Descriptor socket_;
  bool stream_ = false;
  uint16_t dns_id_ = 0;
  std::string query_;
  size_t sent_ = 0;
  std::string input_;
  int strays_ = 0;
  int64_t deadline_ = 0;
  int last_code_ = dns_code::server_failure;
};

UpstreamResolver::~UpstreamResolver() = default;

bool UpstreamResolver::changed(const char* path, Stamp& stamp) {
  struct stat info{};
  Stamp now;
  if (stat(path, &info) == 0) now = {info.st_dev, info.st_ino, info.st_size, info.st_mtim};
  bool same = now.dev == stamp.dev && now.ino == stamp.ino && now.size == stamp.size && now.changed.tv_sec == stamp.changed.tv_sec &&
              now.changed.tv_nsec == stamp.changed.tv_nsec;
  stamp = now;
  return !same;
}

void UpstreamResolver::refresh() {
  int64_t now = steady_nanoseconds();
  if (refreshed_ != 0 && now - refreshed_ < refresh_every) return;
  bool first = refreshed_ == 0;
  refreshed_ = now;
  if (changed("/etc/resolv.conf", resolv_stamp_) || first) {
    servers_ = name_servers_of(read_resolver_file("/etc/resolv.conf"));
    // resolv.conf(5): without one, the name server on this machine is asked.
    if (servers_.empty()) {
      Address here;
      parse_address("127.0.0.1", here);
      here.port = 53;
      servers_.push_back(here);
    }
  }
  if (changed("/etc/hosts", hosts_stamp_) || first) hosts_ = entries_of_hosts(read_resolver_file("/etc/hosts"));
}

bool UpstreamResolver::from_own_files(std::string_view name, uint16_t type, DnsAnswer& out) {
  std::vector<Address> found;
  for (const HostsEntry& entry : hosts_) {
    if (entry.name == name) found.push_back(entry.address);
  }
  if (found.empty() && (name == "localhost" || name.ends_with(".localhost"))) {
    // RFC 6761: never asked outside.
    for (const char* text : {"127.0.0.1", "::1"}) {
      Address address;
      parse_address(text, address);
      found.push_back(address);
    }
  }
  if (found.empty()) return false;
  bool addresses = type == dns_type::a || type == dns_type::aaaa;
  out = addresses ? make_dns_answer(name, type, found, 60) : DnsAnswer{};
  return true;
}

uint64_t UpstreamResolver::ask(Asker* asker, std::string_view name, uint16_t type) {
  refresh();
  if (waiting_.size() + ready_.size() >= lookups_waiting_max) return 0;
  uint64_t id = next_id_++;
  DnsAnswer own;
  if (from_own_files(name, type, own)) {
    ready_.push_back({id, asker, std::move(own), true});
    return id;
  }
  waiting_.push_back({id, asker, std::string(name), type});
  start_waiting();
  return id;
}

void UpstreamResolver::start_waiting() {
  while (!waiting_.empty() && active_.size() < lookups_at_once) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    auto lookup = std::make_unique<Lookup>(*this, next.id, next.asker, std::move(next.name), next.type);
    Lookup* at = lookup.get();
    active_.emplace(next.id, std::move(lookup));
    at->next();
  }
}

void UpstreamResolver::forget(uint64_t id) {
  auto found = active_.find(id);
  if (found != active_.end()) {
    loop_.bury(std::move(found->second));
    active_.erase(found);
  }
  std::erase_if(waiting_, [id](const Waiting& one) { return one.id == id; });
  std::erase_if(ready_, [id](const Ready& one) { return one.id == id; });
}

void UpstreamResolver::finish(uint64_t id, const DnsAnswer& answer) {
  auto found = active_.find(id);
  if (found == active_.end()) return;
  std::unique_ptr<Watched> lookup = std::move(found->second);
  Asker* asker = static_cast<Lookup*>(lookup.get())->asker();
  active_.erase(found);
  loop_.bury(std::move(lookup));
  if (asker != nullptr) ready_.push_back({id, asker, answer, false});
}

int UpstreamResolver::tick() {
  int64_t now = steady_nanoseconds();
  std::vector<Lookup*> late;
  for (auto& [id, lookup] : active_) {
    Lookup* one = static_cast<Lookup*>(lookup.get());
    if (one->deadline() <= now) late.push_back(one);
  }
  for (Lookup* one : late) one->next();
  start_waiting();
  while (!ready_.empty()) {
    Ready one = std::move(ready_.front());
    ready_.pop_front();
    one.asker->answered(one.id, one.answer, one.of_hosts);
  }
  return active_.empty() ? -1 : 100;
}

}  // namespace belljar
