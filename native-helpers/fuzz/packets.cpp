// Packets that the launcher's processes send each other, as a process that was taken over would send them: over real sockets, into the
// code that reads them.
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "../launcher/linux/ask-door.hpp"
#include "../launcher/linux/network-link.hpp"
#include "../launcher/linux/opener.hpp"
#include "../launcher/linux/packets.hpp"
#include "../launcher/linux/plan-update.hpp"
#include "json-reader.hpp"
#include "targets.hpp"

namespace fuzz {

using namespace belljar;

namespace {

struct Pair {
  Descriptor one;
  Descriptor other;
  Pair() {
    int ends[2] = {-1, -1};
    require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a pair of sockets");
    one = Descriptor(ends[0]);
    other = Descriptor(ends[1]);
  }
};

// Some descriptors that mean little.
void send_with(int socket, const uint8_t* bytes, size_t size, size_t count) {
  Descriptor own[packet_descriptors_max];
  int numbers[packet_descriptors_max];
  for (size_t i = 0; i < count; i++) {
    own[i] = Descriptor(open("/dev/null", O_PATH | O_CLOEXEC));
    numbers[i] = own[i].get();
  }
  send_packet(socket, text_of(bytes, size), numbers, count, false);
}

}  // namespace

// The supervisor's question, as the opener reads it.
void opener_question(const uint8_t* bytes, size_t size) {
  if (size < 1) return;
  std::vector<Descriptor> descriptors;
  for (unsigned i = 0; i < bytes[0] % 4u; i++) descriptors.emplace_back(open("/dev/null", O_PATH | O_CLOEXEC));
  AreaCall call;
  AreaObjects objects;
  if (!read_opener_question(std::string(text_of(bytes + 1, size - 1)), descriptors, call, objects)) return;
  require(call.kind >= AreaCall::Kind::open && call.kind <= AreaCall::Kind::bind, "a question is of a kind");
  for (const std::string* name : {&call.name, &call.other_name}) {
    require(name->find('\0') == std::string::npos && *name != "." && *name != ".." && name->find('/') >= name->size() - (name->empty() ? 0 : 1), "a name is one");
  }
  require(objects.object >= 0 || objects.folder >= 0, "something is meant");
}

// The opener's answer, as the supervisor reads it.
void opener_answer(const uint8_t* bytes, size_t size) {
  if (size < 1) return;
  Pair pair;
  send_with(pair.other.get(), bytes + 1, size - 1, bytes[0] % 4u);
  AreaDone done;
  pair.other.reset();
  ask_opener(pair.one.get(), {}, {}, done);
}

// What the network process tells the supervisor, message by message.
void network_messages(const uint8_t* bytes, size_t size) {
  Pair pair;
  NetworkRules rules;
  rules.network = Network::hosts;
  std::string error;
  require(rules.hosts.compile({HostRule{"a.example", {{443, 443}}, true}}, error), "the target's own hosts are some");
  fcntl(pair.other.get(), F_SETFL, O_NONBLOCK);
  for (size_t at = 0, sent = 0; at < size && sent < 32; sent++) {
    // The first byte says how much is left out or added, so that most of them have the right size.
    size_t wanted = sizeof(NetworkMessage) + (bytes[at] == 0xFF ? 1 : 0) - (bytes[at] == 0xFE ? 1 : 0);
    std::string message(wanted, '\0');
    size_t n = std::min(wanted, size - at - 1);
    memcpy(message.data(), bytes + at + 1, n);
    send_with(pair.other.get(), reinterpret_cast<const uint8_t*>(message.data()), message.size(), bytes[at] % 4u == 3 ? 2 : bytes[at] % 4u);
    at += 1 + n;
  }
  NetworkLink link(std::move(pair.one), Holes{}, rules);
  for (int i = 0; i < 2; i++) {
    for (const Observation& one : link.drain()) {
      require(one.target.size() <= sizeof(NetworkMessage) + 8 && one.kind[0] != '\0', "what is recorded is bounded and of a kind");
      require(!one.refused || one.error != nullptr, "a refusal has an error");
    }
  }
  for (const auto& asked : link.asked_names()) require(valid_host_name(asked.name), "only names are asked for");
  Address local;
  link.failure_of(local);
  link.judge(local);
}

// What the supervisor sends the guardian about a refused access.
void ask_messages(const uint8_t* bytes, size_t size) {
  AskMessage message;
  memcpy(static_cast<void*>(&message), bytes, std::min(size, sizeof message));
  std::string body = ask_body("a.b", "run", message, 1000);
  require(body.empty() || is_json(body), "a question is JSON");
  for (uint32_t up : {0u, 1u, 3u, 200u}) {
    AskGrant grant = ask_grant_for(message, up);
    ask_grant_covers(grant, message, 1);
    // What was allowed for one file or host covers it.
    bool whole = message.length <= sizeof message.text && up == 0;
    bool plain = message.kind == AskKind::local || message.kind == AskKind::socket;
    if (whole && plain) require(ask_grant_covers(grant, message, 1), "what was allowed is");
  }
}

// The guardian's memory file with a new plan.
void plan_update(const uint8_t* bytes, size_t size) {
  Descriptor file(memfd_create("fuzz", MFD_CLOEXEC));
  if (!file || write(file.get(), bytes, size) != static_cast<ssize_t>(size)) return;
  PlanUpdate update;
  if (!read_plan_update(file, update)) return;
  Descriptor again = write_plan_update(update);
  PlanUpdate same;
  require(again && read_plan_update(again, same), "an update is read as it was written");
  require(same.event == update.event && same.plan == update.plan && same.areas.size() == update.areas.size() && same.sockets == update.sockets, "and says the same");
}

}  // namespace fuzz
