#include "relay.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "../core/first-bytes.hpp"

namespace belljar {

namespace {

constexpr size_t moved_at_once = 256UL * 1024;
constexpr int moves_a_turn = 8;
constexpr size_t idle_pipes_max = 8;

int socket_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// The other side is told as the first one was: by a reset.
void close_with_reset(Descriptor& socket) {
  if (!socket) return;
  linger now{1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  socket.reset();
}

void make_ready(int socket) {
  int one = 1;
  // Urgent bytes come in their place among the others: what is checked is what is sent on.
  setsockopt(socket, SOL_SOCKET, SO_OOBINLINE, &one, sizeof one);
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}

Descriptor begin_connect(const Address& address) {
  sockaddr_storage to{};
  socklen_t size = write_address(address, address.v4 ? AF_INET : AF_INET6, to);
  Descriptor fd(socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd && connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size) != 0 && errno != EINPROGRESS) {
    int error = errno;
    fd.reset();
    errno = error;
  }
  return fd;
}

// fatal alert, access denied
constexpr std::string_view tls_refusal("\x15\x03\x03\x00\x02\x02\x31", 7);
constexpr std::string_view http_refusal =
    "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 57\r\nConnection: close\r\n\r\n"
    "Belljar: this server's rules do not allow the named host\n";

}  // namespace

class Relays::Relay {
 public:
  enum class State {
    resolving,   // by name: addresses are looked up
    connecting,  // to the far side
    asking,      // the proxy for the far side
    meeting,     // the server's socket
    checking,    // the server's first bytes
    moving,
  };

  Relay(Relays& owner, Descriptor server, const NetworkMessage& message)
      : local(message.local), remote(message.remote), name(message.text()), pid(message.pid), owner_(owner), server_(std::move(server)),
        near_(*this), far_(*this) {}

  ~Relay() {
    near_.forget();
    far_.forget();
    for (Direction* one : {&out_, &in_}) {
      if (one->pipe.read && one->held == 0) owner_.give_back(std::move(one->pipe));
    }
  }

  Address local;
  Address remote;
  std::string name;
  int pid;
  State state = State::connecting;
  int64_t deadline = 0;
  bool check = true;
  bool ended = false;

  // ---- To the far side.

  void start(Descriptor upstream) {
    state = State::connecting;
    deadline = 0;  // the server's own patience, and the kernel's
    if (!far_.take(std::move(upstream), EPOLLOUT)) fail(ECONNREFUSED);
  }

  void start_by_name() {
    by_name_ = true;
    HostRules::NameMatch match = owner_.rules_.hosts.name_at(name, remote.port);
    if (!match.allowed) return fail(ECONNREFUSED);
    check = match.checked;
    const UpstreamProxy& proxy = owner_.proxy_;
    through_proxy_ = !proxy.host.empty() && !proxy.goes_direct(name);
    Address fixed;
    if (through_proxy_ && parse_address(proxy.host, fixed)) {
      fixed.port = proxy.port;
      addresses_.push_back(fixed);
      return next_address();
    }
    state = State::resolving;
    for (uint16_t type : {dns_type::a, dns_type::aaaa}) {
      uint64_t lookup = owner_.resolver_.ask(&owner_, through_proxy_ ? proxy.host : name, type);
      if (lookup == 0) continue;
      owner_.lookups_.emplace(lookup, this);
      lookups_++;
    }
    if (lookups_ == 0) fail(ECONNREFUSED);
  }

  void answered(const DnsAnswer& answer, bool of_hosts) {
    lookups_--;
    for (const DnsAddress& one : answer.addresses) {
      Address address = one.address;
      address.port = through_proxy_ ? owner_.proxy_.port : remote.port;
      // The same decision as for a connect of the server's own.
      const NetworkRules& rules = through_proxy_ ? owner_.proxy_rules_ : owner_.rules_;
      ConnectVerdict verdict = judge_connect(rules, address, {{through_proxy_ ? owner_.proxy_.host : name, INT64_MAX, of_hosts}}, {});
      bool good = verdict.way == ConnectVerdict::Way::direct || verdict.way == ConnectVerdict::Way::checked;
      if (good && addresses_.size() < 32) addresses_.push_back(address);
      else if (!good) refused_address_ = address;
    }
    if (lookups_ > 0) return;
    if (addresses_.empty() && refused_address_.port != 0) {
      remote = refused_address_;
      owner_.report(*this, name, true);
      reported_ = true;
    }
    next_address();
  }

  void next_address() {
    int error = ECONNREFUSED;
    while (next_ < addresses_.size()) {
      state = State::connecting;
      deadline = steady_nanoseconds() + connect_wait;
      if (!through_proxy_) remote = addresses_[next_];
      Descriptor upstream = begin_connect(addresses_[next_++]);
      if (!upstream) error = errno;
      else if (far_.take(std::move(upstream), EPOLLOUT)) return;
    }
    fail(error);
  }

  void on_far(uint32_t events) {
    if (state == State::connecting) {
      int error = socket_error(far_.fd());
      if (error == 0 && (events & EPOLLOUT) == 0) return;
      if (error != 0 && by_name_) {
        far_.forget();
        return next_address();
      }
      if (error != 0) return fail(error);
      make_ready(far_.fd());
      if (through_proxy_) return ask_proxy();
      return meet();
    }
    if (state == State::asking) return read_proxy();
    if (state == State::checking) {
      if ((events & EPOLLERR) != 0) return reset();
      // Another protocol, in which the far side speaks first.
      if ((events & EPOLLIN) != 0 && !strict()) return pass(name);
      return;
    }
    if (state == State::moving) return move(events, false);
    if ((events & EPOLLERR) != 0) reset();
  }

  // ---- The proxy.

  void ask_proxy() {
    state = State::asking;
    deadline = steady_nanoseconds() + connect_wait;
    std::string target = name + ":" + std::to_string(remote.port);
    first_ = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (!owner_.proxy_.authorization.empty()) first_ += "Proxy-Authorization: " + owner_.proxy_.authorization + "\r\n";
    first_ += "\r\n";
    ssize_t sent = send(far_.fd(), first_.data(), first_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // A fresh connection takes this much at once, or it is none.
    if (sent != static_cast<ssize_t>(first_.size())) return fail(ECONNREFUSED);
    first_.clear();
    far_.want(EPOLLIN);
  }

  void read_proxy() {
    while (true) {
      // Byte by byte at the end of the head: what follows it is the far side's.
      char byte = 0;
      ssize_t n = recv(far_.fd(), &byte, 1, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0 || first_.size() >= proxy_answer_max) return fail(ECONNREFUSED);
      first_.push_back(byte);
      if (first_.ends_with("\r\n\r\n")) break;
    }
    bool good = first_.size() > 12 && first_.compare(0, 7, "HTTP/1.") == 0 && first_.compare(8, 2, " 2") == 0;
    first_.clear();
    if (!good) return fail(ECONNREFUSED);
    meet();
  }

  // ---- To the server.

  void meet() {
    state = State::meeting;
    deadline = steady_nanoseconds() + connect_wait;
    far_.want(0);
    Descriptor back = connect_back(owner_.holes_, server_, local);
    if (!back || !near_.take(std::move(back), EPOLLOUT)) fail(ECONNRESET);
  }

  void on_near(uint32_t events) {
    if (state == State::meeting) {
      if (socket_error(near_.fd()) != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) return fail(ECONNRESET);
      if ((events & EPOLLOUT) == 0) return;
      if (!has_met(server_, near_.fd())) return fail(ECONNRESET);
      // Connected: from here the socket is the server's alone, so that its end is seen.
      server_.reset();
      make_ready(near_.fd());
      if (!check) return pass(name);
      state = State::checking;
      deadline = 0;  // from the first byte on
      near_.want(EPOLLIN);
      far_.want(strict() ? 0 : static_cast<uint32_t>(EPOLLIN));
      return;
    }
    if (state == State::checking) {
      if ((events & EPOLLERR) != 0) return reset();
      return read_first();
    }
    if (state == State::moving) move(events, true);
  }

  // ---- The check.

  bool strict() const { return remote.port == 443 || remote.port == 80; }

  void read_first() {
    bool over = false;
    while (first_.size() < first_bytes_max) {
      char buffer[4096];
      ssize_t n = recv(near_.fd(), buffer, std::min(sizeof buffer, first_bytes_max - first_.size()), MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) break;
      if (n < 0) return reset();
      if (n == 0) {
        over = true;
        break;
      }
      first_.append(buffer, static_cast<size_t>(n));
    }
    if (deadline == 0 && !first_.empty()) deadline = steady_nanoseconds() + first_bytes_wait;
    FirstBytes found = read_first_bytes(first_);
    using Told = FirstBytes::State;
    if (found.state == Told::more && !over) return;
    // Nothing was said at all: the connection is passed on, and its end with it.
    if (found.state == Told::more && first_.empty()) return pass(name);
    if ((found.state == Told::other || found.state == Told::more) && !strict()) return pass(name);
    if (found.state == Told::named && owner_.rules_.hosts.name_at(found.name, remote.port).allowed) return pass(found.name);
    refuse(found.state == Told::named ? found.name : "(no name)");
  }

  void pass(const std::string& seen) {
    if (!reported_) owner_.report(*this, seen, false);
    reported_ = true;
    state = State::moving;
    deadline = 0;
    out_.ahead = std::move(first_);
    first_.clear();
    move(0, true);
  }

  void refuse(const std::string& other) {
    if (!reported_) owner_.report(*this, other, true);
    reported_ = true;
    bool tls = !first_.empty() && first_[0] == 22;
    std::string_view answer = tls ? tls_refusal : http_refusal;
    // What was read of the server is gone; with nothing unread, the answer arrives before the end.
    if (send(near_.fd(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) near_.reset();
    else shutdown(near_.fd(), SHUT_WR);
    far_.reset();
    near_.forget();
    owner_.end(this);
  }

  // ---- Ends.

  void tell() {
    if (!reported_) owner_.report(*this, name, false);
    reported_ = true;
  }

  void fail(int error) {
    tell();  // it was tried, and allowed; told first, so that it is known before the server can end
    // A server that may have seen its connection already is told by a reset alone: to end it as one that still connects would look to
    // it like an orderly end.
    bool met = server_ && near_ && has_met(server_, near_.fd());
    near_.reset();
    if (server_ && !met) tell_failure(owner_.supervisor_, server_, local, error);
    server_.reset();
    far_.reset();
    owner_.end(this);
  }

  void reset() { fail(ECONNRESET); }

  void late() {
    if (state == State::connecting && by_name_) {
      far_.forget();
      return next_address();
    }
    if (state == State::checking) return refuse("(no name)");
    fail(ETIMEDOUT);
  }

 private:
  // One of the two sockets, and what it is waited for.
  class End : public Watched {
   public:
    explicit End(Relay& relay) : relay_(relay) {}
    int fd() const { return socket_.get(); }
    explicit operator bool() const { return static_cast<bool>(socket_); }
    bool take(Descriptor socket, uint32_t events) {
      forget();
      socket_ = std::move(socket);
      events_ = events;
      listed_ = relay_.owner_.loop_.add(socket_.get(), events, this);
      return listed_;
    }
    void want(uint32_t events) {
      if (!socket_ || (listed_ && events == events_)) return;
      if (!listed_) listed_ = relay_.owner_.loop_.add(socket_.get(), events, this);
      else relay_.owner_.loop_.change(socket_.get(), events, this);
      events_ = events;
    }
    // Errors and hang-ups are told always; who has nothing left to do must not hear them for ever.
    void unlist() {
      if (listed_) relay_.owner_.loop_.remove(socket_.get());
      listed_ = false;
    }
    void forget() {
      unlist();
      socket_.reset();
    }
    void reset() {
      unlist();
      close_with_reset(socket_);
    }
    void ready(uint32_t events) override {
      if (relay_.ended) return;
      if (this == &relay_.near_) relay_.on_near(events);
      else relay_.on_far(events);
    }

   private:
    Relay& relay_;
    Descriptor socket_;
    uint32_t events_ = 0;
    bool listed_ = false;
  };

  // One way: from a socket through a pipe to the other.
  struct Direction {
    std::string ahead;  // first bytes, already read
    Pipe pipe;
    size_t held = 0;
    bool over = false;    // nothing more will come
    bool closed = false;  // and the other side was told
  };
  enum class Step { read, write, turn, over, broken };

  // Moves what it can. The answer says what it waits for. `urgent`: an urgent byte has come, and splice stops before one.
  Step run(Direction& way, const End& from, const End& to, bool urgent) {
    for (int moves = 0; moves < moves_a_turn; moves++) {
      if (!way.ahead.empty()) {
        ssize_t n = send(to.fd(), way.ahead.data(), way.ahead.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN ? Step::write : Step::broken;
        way.ahead.erase(0, static_cast<size_t>(n));
        continue;
      }
      if (way.held > 0) {
        ssize_t n = splice(way.pipe.read.get(), nullptr, to.fd(), nullptr, way.held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 && errno == EAGAIN ? Step::write : Step::broken;
        way.held -= static_cast<size_t>(n);
        if (way.held == 0) owner_.give_back(std::move(way.pipe));
        continue;
      }
      if (way.over) {
        if (!way.closed) shutdown(to.fd(), SHUT_WR);
        way.closed = true;
        return Step::over;
      }
      if (!owner_.take_pipe(way.pipe)) return Step::broken;
      ssize_t n = splice(from.fd(), nullptr, way.pipe.write.get(), nullptr, moved_at_once, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      int error = errno;
      if (n > 0) {
        way.held = static_cast<size_t>(n);
        continue;
      }
      owner_.give_back(std::move(way.pipe));
      if (n < 0 && error == EAGAIN && urgent) {
        char buffer[4096];
        n = recv(from.fd(), buffer, sizeof buffer, MSG_DONTWAIT);
        error = errno;
        if (n > 0) way.ahead.assign(buffer, static_cast<size_t>(n));
      }
      if (n > 0) continue;
      if (n == 0) way.over = true;
      else if (error != EINTR) return error == EAGAIN ? Step::read : Step::broken;
    }
    return way.held > 0 || !way.ahead.empty() ? Step::write : Step::turn;
  }

  void move(uint32_t events, bool near) {
    if ((events & EPOLLERR) != 0 && socket_error(near ? near_.fd() : far_.fd()) != 0) return reset();
    bool urgent = (events & EPOLLPRI) != 0;
    Step out = run(out_, near_, far_, urgent && near);
    Step in = out == Step::broken ? Step::broken : run(in_, far_, near_, urgent && !near);
    if (out == Step::broken || in == Step::broken) return reset();
    if (out == Step::over && in == Step::over) {
      near_.forget();
      far_.forget();
      return owner_.end(this);
    }
    auto reads = [](Step step) { return step == Step::read || step == Step::turn ? static_cast<uint32_t>(EPOLLIN | EPOLLPRI) : 0u; };
    auto writes = [](Step step) { return step == Step::write ? static_cast<uint32_t>(EPOLLOUT) : 0u; };
    uint32_t near_wants = reads(out) | writes(in);
    uint32_t far_wants = reads(in) | writes(out);
    if (near_wants == 0) near_.unlist();
    else near_.want(near_wants);
    if (far_wants == 0) far_.unlist();
    else far_.want(far_wants);
  }

  Relays& owner_;
  Descriptor server_;  // the server's own socket, until it is connected
  End near_;
  End far_;
  Direction out_;  // from the server
  Direction in_;
  std::string first_;
  bool reported_ = false;
  bool by_name_ = false;
  bool through_proxy_ = false;
  size_t lookups_ = 0;
  std::vector<Address> addresses_;
  size_t next_ = 0;
  Address refused_address_;

  friend class Relays;
};

Relays::Relays(EventLoop& loop, UpstreamResolver& resolver, const NetworkRules& rules, const Holes& holes, const UpstreamProxy& proxy,
               int supervisor)
    : loop_(loop), resolver_(resolver), rules_(rules), holes_(holes), proxy_(proxy), supervisor_(supervisor) {
  proxy_rules_.network = Network::hosts;
  if (!proxy.host.empty()) proxy_rules_.hosts.add_own(proxy.host, proxy.port);
}

Relays::~Relays() = default;

bool Relays::take_pipe(Pipe& pipe) {
  if (!pipes_.empty()) {
    pipe = std::move(pipes_.back());
    pipes_.pop_back();
    return true;
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  pipe.read = Descriptor(ends[0]);
  pipe.write = Descriptor(ends[1]);
  fcntl(ends[1], F_SETPIPE_SZ, moved_at_once);  // where the user's budget for pipes is spent, it stays small
  return true;
}

void Relays::give_back(Pipe pipe) {
  if (pipes_.size() < idle_pipes_max) pipes_.push_back(std::move(pipe));
}

void Relays::end(Relay* relay) {
  auto found = relays_.find(relay);
  if (found == relays_.end()) return;
  relay->ended = true;
  std::erase_if(lookups_, [this, relay](const auto& one) {
    if (one.second != relay) return false;
    resolver_.forget(one.first);
    return true;
  });
  // Its own method may be running, and events of this round may still name it.
  ended_.push_back(std::move(found->second));
  relays_.erase(found);
}

void Relays::report(const Relay& relay, const std::string& name, bool refused) {
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::carried;
  message.pid = relay.pid;
  message.refused = refused;
  message.flag = refused && name != relay.name;
  message.remote = relay.remote;
  message.set_text(name);
  send_message(supervisor_, message, nullptr, 0, true);
}

void Relays::carry(Descriptor server, Descriptor upstream, const NetworkMessage& message) {
  if (relays_.size() >= relays_max) return tell_failure(supervisor_, server, message.local, ECONNREFUSED);
  auto relay = std::make_unique<Relay>(*this, std::move(server), message);
  Relay* at = relay.get();
  relays_.emplace(at, std::move(relay));
  at->start(std::move(upstream));
}

void Relays::carry_by_name(Descriptor server, const NetworkMessage& message) {
  if (relays_.size() >= relays_max) return tell_failure(supervisor_, server, message.local, ECONNREFUSED);
  auto relay = std::make_unique<Relay>(*this, std::move(server), message);
  Relay* at = relay.get();
  relays_.emplace(at, std::move(relay));
  at->start_by_name();
}

void Relays::answered(uint64_t lookup, const DnsAnswer& answer, bool of_hosts) {
  auto found = lookups_.find(lookup);
  if (found == lookups_.end()) return;
  Relay* relay = found->second;
  lookups_.erase(found);
  relay->answered(answer, of_hosts);
}

void Relays::tell_all() {
  for (auto& [relay, owned] : relays_) relay->tell();
}

int Relays::tick() {
  ended_.clear();
  int64_t now = steady_nanoseconds();
  std::vector<Relay*> late;
  bool waits = false;
  for (auto& [relay, owned] : relays_) {
    waits = waits || relay->deadline != 0;
    if (relay->deadline != 0 && relay->deadline <= now) late.push_back(relay);
  }
  for (Relay* relay : late) relay->late();
  return waits ? 250 : -1;
}

}  // namespace belljar
