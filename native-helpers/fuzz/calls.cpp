// The supervisor's request path: notifications as the kernel hands them over, decided by the launcher's own code on a kernel made of
// memory (fake-kernel.hpp). An input is a record:
//
//   world     2 bytes: what the run may do, and where the caller stands (world_of)
//   then any number of
//   'M' address:8 length:2 bytes              memory of the caller, for the calls that follow
//   'T' address:8 length:2 bytes              the same address at a second look: another thread wrote there
//   'E' at:1 what:1 value:1                   at the at-th call to the kernel: it fails, names are swapped, the caller is killed
//   'A' byte:1                                chooses where the kernel has a choice
//   'P' channel:1 descriptor:1 length:2 bytes a packet from network process, guardian or its watch of plans
//   'C' number:2 arguments:6*8                the notification itself
//
// Numbers in this machine's order. `recorder.cpp` writes such records of a real run.
#include <cstring>
#include <fcntl.h>
#include <linux/magic.h>
#include <netinet/in.h>

#include "../launcher/core/plan.hpp"
#include "../launcher/linux/ask-wire.hpp"
#include "../launcher/linux/network-messages.hpp"
#include "../launcher/linux/supervisor.hpp"
#include "../launcher/linux/walls.hpp"
#include "fake-kernel.hpp"
#include "json-reader.hpp"
#include "targets.hpp"

namespace fuzz {

using namespace belljar;

namespace {

constexpr size_t calls_max = 24;
constexpr size_t pieces_max = 32;
constexpr const char* plan_text =
    "belljar-plan 3\nserver a.b\nlevel standard\nnetwork hosts\nrecord denials\nspool /s\nspool-limit 65536\nhome /home/user\n"
    "deny **/.env\ndeny **/*.key\ndeny **/conf/private\ndeny /area/hidden\nprotect **/.git\n"
    "host 93.184.216.34 443 checked\nhost api.example 443 checked\nhost *.wild.example 443 checked\nend\n";

class Reader {
 public:
  Reader(const uint8_t* bytes, size_t size) : at_(bytes), end_(bytes + size) {}
  bool done() const { return at_ >= end_; }
  template <typename T>
  T take() {
    T out{};
    size_t size = std::min(sizeof out, static_cast<size_t>(end_ - at_));
    if (size > 0) memcpy(&out, at_, size);
    at_ += size;
    return out;
  }
  std::string text() {
    size_t wanted = take<uint16_t>();
    size_t size = std::min(wanted, static_cast<size_t>(end_ - at_));
    std::string out(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return out;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

Plan make_plan() {
  Plan plan;
  std::string error;
  if (!parse_plan(plan_text, plan, error)) {
    std::fprintf(stderr, "fuzz: %s\n", error.c_str());
    require(false, "the target's own plan is one");
  }
  return plan;
}

// What the network process says of a name that is allowed is believed, and what a person allows.
void believe(FakeKernel& kernel, const Packet& packet) {
  if (packet.channel == Channel::ask && packet.bytes.size() == sizeof(AskAnswer)) {
    AskAnswer answer{};
    memcpy(&answer, packet.bytes.data(), sizeof answer);
    if (answer.allowed != 0) kernel.world.judged = false;
  }
  if (packet.channel == Channel::plans) kernel.world.judged = false;
  if (packet.channel != Channel::network || packet.bytes.size() != sizeof(NetworkMessage)) return;
  NetworkMessage message;
  memcpy(static_cast<void*>(&message), packet.bytes.data(), sizeof message);
  message.name[sizeof message.name - 1] = '\0';
  bool named = message.text() == "api.example" || message.text().ends_with(".wild.example");
  if (message.kind == NetworkMessage::Kind::learnt && named) {
    kernel.learn(std::string(reinterpret_cast<const char*>(message.remote.bytes), message.remote.v4 ? 4 : 16));
  }
}

}  // namespace

void calls(const uint8_t* bytes, size_t size) {
  static const Plan plan = make_plan();
  Reader in(bytes, size);
  uint8_t kinds = in.take<uint8_t>();
  uint8_t more = in.take<uint8_t>();
  FakeKernel::World world;
  world.contained = (kinds & 1) == 0;
  world.open_network = (kinds & 2) != 0;
  world.loopback_listener = (kinds & 4) != 0;
  world.nested = (kinds & 8) != 0;
  world.cwd = more & 7;
  world.users_apart = (more & 8) != 0;
  FakeKernel kernel(world);
  int listener = kernel.add_plain("anon_inode:seccomp notify");
  int spool_file = kernel.add_plain("spool");
  size_t descriptors_before = kernel.open_descriptors();
  {
    Settings settings;
    settings.contained = world.contained;
    settings.record_all = (kinds & 64) != 0;
    settings.nested_sandbox = world.nested;
    settings.sync_wake_up = true;
    settings.landlock_abi = 6;
    settings.patterns = plan.patterns;
    settings.network.network = world.open_network ? Network::open : (more & 128) != 0 ? Network::none : Network::hosts;
    settings.network.local_ports = {8080};
    settings.network.listen_ports = {3000};
    settings.network.loopback_listener = world.loopback_listener;
    settings.network.datagrams = (kinds & 32) != 0;
    settings.network.asks = (kinds & 16) != 0;
    std::string error;
    require(settings.network.hosts.compile(plan.hosts, error), "the target's own hosts are some");
    settings.network_process = Descriptor(kernel.add_channel(Channel::network));
    parse_address("127.0.0.1", settings.holes.v4_address);
    parse_address("::1", settings.holes.v6_address);
    parse_address("127.0.0.1", settings.holes.nobody_address);
    settings.holes.v4_address.port = settings.holes.v6_address.port = settings.holes.nobody_address.port = 9;
    settings.sockets = {"/run/granted.sock", "@granted"};
    settings.private_tmp = "/own/tmp";
    settings.private_shm = "/own/shm";
    settings.link_door = Descriptor(kernel.open_place("/run/door.sock"));
    settings.link_notes = Descriptor(kernel.add_channel(Channel::notes));
    settings.asks = (kinds & 16) != 0;
    settings.ask_channel = Descriptor(kernel.add_channel(Channel::ask));
    settings.output_device = 7;
    settings.output_inode = kernel.output_inode();
    settings.plan_changes = Descriptor(kernel.add_channel(Channel::plans));
    settings.resolver = (more & 64) != 0;
    settings.processes = (kinds & 128) != 0 ? 3 : 0;
    std::vector<Grant> grants;
    auto grant = [&](Access access, const char* path, bool area) {
      Grant one;
      one.access = access;
      one.path = path;
      one.folder = true;
      one.area = area;
      one.dev = 5;
      one.ino = kernel.inode_of(path);
      grants.push_back(std::move(one));
    };
    grant(Access::write, "/work", false);
    grant(Access::exec, "/usr", false);
    grant(Access::read, "/srv", false);
    grant(Access::own, "/own/tmp", false);
    grant(Access::own, "/own/shm", false);
    if ((more & 16) == 0) {
      grant(Access::write, "/area", true);
      grant(Access::read, "/readonly", true);
    }
    Shared shared;
    Spool spool(spool_file, 1 << 20, "20200101t000000-abcdefgh", "a.b", &shared);
    Supervisor supervisor(std::move(settings), std::move(grants), spool, listener);
    uint64_t id = 0;
    while (!in.done() && id < calls_max) {
      switch (in.take<char>()) {
        case 'M': {
          Piece piece;
          piece.address = in.take<uint64_t>();
          piece.bytes = in.text();
          kernel.memory.push_front(std::move(piece));
          if (kernel.memory.size() > pieces_max) kernel.memory.pop_back();
          break;
        }
        case 'T': {
          uint64_t address = in.take<uint64_t>();
          std::string later = in.text();
          for (Piece& piece : kernel.memory) {
            if (piece.address != address) continue;
            piece.later = std::move(later);
            piece.changes = true;
            break;
          }
          break;
        }
        case 'E': {
          Event event;
          event.at = in.take<uint8_t>();
          event.what = static_cast<Event::What>(in.take<uint8_t>() % 4);
          event.value = in.take<uint8_t>();
          if (kernel.events.size() < 16) kernel.events.push_back(event);
          break;
        }
        case 'A':
          kernel.answers.push_back(in.take<char>());
          break;
        case 'P': {
          Packet packet;
          packet.channel = static_cast<Channel>(1 + in.take<uint8_t>() % 4);
          packet.descriptor = (in.take<uint8_t>() & 1) != 0;
          packet.bytes = in.text();
          believe(kernel, packet);
          if (kernel.packets.size() < 16) kernel.packets.push_back(std::move(packet));
          break;
        }
        case 'C': {
          seccomp_notif request{};
          request.id = ++id;
          request.pid = caller_thread;
          request.data.arch = native_audit_arch;
          request.data.nr = in.take<int16_t>();
          for (__u64& argument : request.data.args) argument = in.take<uint64_t>();
          kernel.take_notification(id);
          supervisor.serve_call(request);
          supervisor.poll_pending(0, -1);
          kernel.events.clear();
          for (Piece& piece : kernel.memory) piece.looks = 0;
          break;
        }
        default:
          break;
      }
    }
    supervisor.refuse_waiting();
    supervisor.clean_up();
    spool.flush(true);
  }
  require(kernel.open_descriptors() == descriptors_before, "every descriptor is closed in the end");
  for (size_t at = 0; at < kernel.said().size();) {
    size_t end = kernel.said().find('\n', at);
    require(end != std::string::npos, "an event is a line");
    require(is_json(std::string_view(kernel.said()).substr(at, end - at)), "an event is JSON");
    at = end + 1;
  }
}

}  // namespace fuzz
