#include "name-server.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace belljar {

namespace {

constexpr size_t output_max = 256UL * 1024;  // of one client that does not read

bool known_type(uint16_t type) {
  namespace t = dns_type;
  for (uint16_t one : {t::a, t::aaaa, t::cname, t::ns, t::ptr, t::mx, t::txt, t::srv, t::svcb, t::https, t::caa}) {
    if (one == type) return true;
  }
  return false;
}

}  // namespace

bool NameBudget::take(const std::string& name, int64_t now) {
  if (known_.contains(name)) return true;
  if (filled_ != 0) left_ = std::min(a_minute_, left_ + a_minute_ * static_cast<double>(now - filled_) / 60e9);
  filled_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  if (known_.size() >= names_remembered) known_.clear();
  known_.insert(name);
  return true;
}

// One connection: messages with their length before them, many at a time, answered in any order (RFC 7766).
class NameServer::Client : public Watched {
 public:
  Client(NameServer& owner, uint64_t id, int pid, Descriptor server, Descriptor socket)
      : owner_(owner), id_(id), pid_(pid), server_(std::move(server)), socket_(std::move(socket)) {}
  ~Client() override {
    if (socket_) owner_.loop_.remove(socket_.get());
  }

  uint64_t id() const { return id_; }
  int pid() const { return pid_; }
  bool start() { return owner_.loop_.add(socket_.get(), EPOLLOUT, this); }

  void ready(uint32_t events) override {
    if (server_) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) return owner_.close_client(id_);
      if (!has_met(server_, socket_.get())) return owner_.close_client(id_);
      // Connected; from here the socket is the server's alone.
      server_.reset();
      int one = 1;
      setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    } else if ((events & EPOLLERR) != 0) {
      return owner_.close_client(id_);
    }
    if (!flush() || !take_input()) return owner_.close_client(id_);
    if (!buried) interest();
  }

  void send_answer(const std::string& bytes) {
    waiting_--;
    output_.push_back(static_cast<char>(bytes.size() >> 8));
    output_.push_back(static_cast<char>(bytes.size() & 0xFF));
    output_ += bytes;
    if (output_.size() > output_max || !flush()) return owner_.close_client(id_);
    if (!handling_) {
      // What stood back while there were too many questions.
      if (!take_input()) return owner_.close_client(id_);
      if (!buried) interest();
    }
  }

 private:
  bool flush() {
    while (!output_.empty()) {
      ssize_t n = send(socket_.get(), output_.data(), output_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      output_.erase(0, static_cast<size_t>(n));
    }
    return !ended_ || waiting_ > 0;
  }

  bool full() const { return waiting_ >= questions_of_client_max || output_.size() > output_max / 2; }

  bool take_input() {
    handling_ = true;
    bool good = true;
    while (good && !full()) {
      if (input_.size() >= 2) {
        size_t length = static_cast<size_t>(static_cast<uint8_t>(input_[0])) << 8 | static_cast<uint8_t>(input_[1]);
        if (length == 0 || length > dns_query_max) good = false;
        if (!good) break;
        if (input_.size() >= 2 + length) {
          std::string message = input_.substr(2, length);
          input_.erase(0, 2 + length);
          waiting_++;
          owner_.handle(*this, message);
          if (buried) return true;
          continue;
        }
      }
      char buffer[2048];
      ssize_t n = recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        good = errno == EAGAIN;
        break;
      }
      if (n == 0) {
        ended_ = true;
        good = waiting_ > 0 || !output_.empty();
        break;
      }
      input_.append(buffer, static_cast<size_t>(n));
    }
    handling_ = false;
    return good;
  }

  void interest() {
    uint32_t events = (output_.empty() ? 0u : static_cast<uint32_t>(EPOLLOUT)) | (ended_ || full() ? 0u : static_cast<uint32_t>(EPOLLIN));
    if (events == events_) return;
    events_ = events;
    owner_.loop_.change(socket_.get(), events, this);
  }

  NameServer& owner_;
  uint64_t id_;
  int pid_;
  Descriptor server_;  // until connected
  Descriptor socket_;
  std::string input_;
  std::string output_;
  size_t waiting_ = 0;
  bool ended_ = false;
  bool handling_ = false;
  uint32_t events_ = EPOLLOUT;
};

NameServer::~NameServer() = default;

void NameServer::serve(Descriptor server, const Address& local, int pid) {
  Descriptor socket = clients_.size() < name_clients_max ? connect_back(holes_, server, local) : Descriptor();
  if (!socket) return tell_failure(supervisor_, server, local, ECONNREFUSED);
  uint64_t id = next_client_++;
  auto client = std::make_unique<Client>(*this, id, pid, std::move(server), std::move(socket));
  if (!client->start()) return;
  clients_.emplace(id, std::move(client));
}

void NameServer::close_client(uint64_t id) {
  auto found = clients_.find(id);
  if (found == clients_.end()) return;
  loop_.bury(std::move(found->second));
  clients_.erase(found);
}

void NameServer::reply(uint64_t id, const DnsQuery& query, const DnsAnswer& answer) {
  auto found = clients_.find(id);
  if (found != clients_.end()) static_cast<Client*>(found->second.get())->send_answer(build_dns_answer(query, answer));
}

void NameServer::report(int pid, const std::string& name, bool refused) {
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::looked_up;
  message.pid = pid;
  message.refused = refused;
  message.set_text(name);
  send_message(supervisor_, message, nullptr, 0, true);
}

void NameServer::learnt(const std::string& name, const DnsAddress& address, bool of_hosts) {
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::learnt;
  message.remote = address.address;
  message.seconds = address.ttl;
  message.flag = of_hosts;
  message.set_text(name);
  send_message(supervisor_, message, nullptr, 0, true);
}

void NameServer::made_up(std::vector<std::string> names) {
  for (size_t i = 0; i < names.size(); i++) made_up_.emplace(std::move(names[i]), i);
}

Address NameServer::made_up_for(const std::string& name) {
  auto [found, added] = made_up_.emplace(name, made_up_.size());
  Address address = made_up_address(found->second);
  if (added) {
    NetworkMessage message;
    message.kind = NetworkMessage::Kind::made_up;
    message.remote = address;
    message.set_text(name);
    send_message(supervisor_, message, nullptr, 0, true);
  }
  return address;
}

void NameServer::handle(Client& client, std::string_view bytes) {
  DnsQuery query;
  DnsAnswer answer;
  bool understood = parse_dns_query(bytes, query);
  if (!understood || query.name.empty() || query.type == dns_type::any || !known_type(query.type)) {
    if (!understood) query.question.clear();
    answer.code = !understood ? dns_code::format : query.type == dns_type::any ? dns_code::not_implemented : dns_code::no_error;
    return reply(client.id(), query, answer);
  }
  decide(client.id(), client.pid(), std::move(query), true);
}

// A name that no rule holds waits for a person, once for all who ask for it. What a resolver makes of a refused name by adding
// the machine's own domain is not asked for again.
bool NameServer::ask_for(uint64_t client, int pid, const DnsQuery& query) {
  if (!rules_.asks || rules_.network != Network::hosts || !query.plain || !valid_host_name(query.name)) return false;
  for (const std::string& name : refused_) {
    if (query.name.starts_with(name + ".")) return false;
  }
  auto found = asked_.find(query.name);
  if (found != asked_.end()) {
    if (found->second.size() >= queries_asked_max) return false;
    found->second.push_back({client, pid, query});
    return true;
  }
  if (asked_.size() >= names_asked_max) return false;
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::ask_name;
  message.pid = pid;
  message.set_text(query.name);
  if (!send_message(supervisor_, message, nullptr, 0, true)) return false;
  asked_[query.name].push_back({client, pid, query});
  return true;
}

void NameServer::name_answer(const std::string& name, bool allowed, uint32_t seconds) {
  if (!valid_host_name(name)) return;
  if (allowed) {
    std::erase_if(permits_, [&name](const Permit& one) { return one.name == name; });
    if (permits_.size() >= names_permitted_max) {
      rules_.hosts.withdraw(permits_.front().name);
      permits_.erase(permits_.begin());
    }
    permits_.push_back({name, steady_nanoseconds() + static_cast<int64_t>(seconds) * 1'000'000'000});
    rules_.hosts.permit(name);
  } else {
    if (refused_.size() >= names_refused_max) refused_.erase(refused_.begin());
    refused_.push_back(name);
  }
  auto found = asked_.find(name);
  if (found == asked_.end()) return;
  std::vector<Question> waiting = std::move(found->second);
  asked_.erase(found);
  for (Question& one : waiting) decide(one.client, one.pid, std::move(one.query), false);
}

void NameServer::expire() {
  if (permits_.empty()) return;
  int64_t now = steady_nanoseconds();
  std::erase_if(permits_, [&](const Permit& one) {
    if (now < one.until) return false;
    rules_.hosts.withdraw(one.name);
    return true;
  });
}

void NameServer::decide(uint64_t client, int pid, DnsQuery query, bool may_ask) {
  DnsAnswer answer;
  size_t below = 0;
  bool local = query.name == "localhost" || query.name.ends_with(".localhost");
  bool named = query.plain && rules_.hosts.may_look_up(query.name, below);
  bool allowed = query.plain && query.name.size() <= host_name_max && (local || named || rules_.network == Network::open);
  if (!allowed && may_ask && ask_for(client, pid, query)) return;
  bool wide = allowed && !local && (!named || below > 0);
  if (wide && named && below > name_below_max) allowed = false;
  if (wide && allowed && !budget_.take(query.name, steady_nanoseconds())) allowed = false;
  if (!local) report(pid, query.name, !allowed);
  if (!allowed) {
    answer.code = dns_code::no_such_name;
    return reply(client, query, answer);
  }
  if (by_proxy_ && named && !local) {
    std::vector<Address> made;
    if (query.type == dns_type::a && made_up_.size() < made_up_addresses_max) made.push_back(made_up_for(query.name));
    return reply(client, query, make_dns_answer(query.name, query.type, made, 60));
  }
  uint64_t lookup = questions_.size() < questions_max ? resolver_.ask(this, query.name, query.type) : 0;
  if (lookup == 0) {
    answer.code = dns_code::server_failure;
    return reply(client, query, answer);
  }
  questions_.emplace(lookup, Question{client, pid, std::move(query)});
}

void NameServer::answered(uint64_t lookup, const DnsAnswer& answer, bool of_hosts) {
  auto found = questions_.find(lookup);
  if (found == questions_.end()) return;
  Question question = std::move(found->second);
  questions_.erase(found);
  // The supervisor knows the addresses before the server does.
  for (const DnsAddress& address : answer.addresses) learnt(question.query.name, address, of_hosts);
  reply(question.client, question.query, answer);
}

}  // namespace belljar
