// The kernel as the supervisor's decisions see it, made of memory: a small tree of files, a stopped thread with its memory and
// descriptors, sockets, and the listener. The linker leads the supervisor's calls here (`--wrap`, the Makefile's WRAPPED), so what is fuzzed is the
// launcher's own code, unchanged; nothing it does reaches the machine.
//
// It also is the judge. What it may be made to do is written down a second time here, in the simplest words there are (`allows`), and
// every call with an effect is held to it: a file that is opened for the server, changed, made, moved or removed; an address that is
// connected, bound or sent to; a signal. A call that is let go on has no effect here: Landlock decides those, not the supervisor.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

// What lies at an address of the server. `later` is what another thread has put there when it is looked at again.
struct Piece {
  uint64_t address = 0;
  std::string bytes;
  std::string later;
  bool changes = false;
  unsigned looks = 0;
};

// Something that happens at the n-th call to the kernel after a notification came.
struct Event {
  enum class What : uint8_t { fails, swaps, leaves, hides };
  unsigned at = 0;
  What what = What::fails;
  uint8_t value = 0;
};

enum class Channel : uint8_t { none, network, ask, plans, notes, routes };

struct Packet {
  Channel channel = Channel::none;
  std::string bytes;
  bool descriptor = false;
};

class FakeKernel {
 public:
  struct World;
  explicit FakeKernel(const World& made);
  ~FakeKernel();
  // Only one at a time; while it is there, calls come here.
  static FakeKernel* active;

  struct World {
    bool contained = true;
    bool open_network = false;
    bool loopback_listener = false;
    bool nested = false;
    bool users_apart = false;
    uint8_t cwd = 0;
    bool judged = true;  // a person or a new plan did not allow more meanwhile
  };
  World world;
  // One notification.
  std::deque<Piece> memory;
  std::vector<Event> events;
  std::deque<Packet> packets;
  std::string answers;  // bytes that choose where the kernel has a choice
  uint64_t current = 0;

  int add_channel(Channel channel);      // a descriptor of ours for it
  int add_plain(const char* label);      // another one (listener, spool)
  int open_place(const std::string& path);
  void take_notification(uint64_t id);
  // Answered once, or held; then what is left is looked at.
  bool is_answered(uint64_t id) const { return !waiting_.contains(id); }
  size_t open_descriptors() const { return files_.size(); }
  const std::string& said() const { return said_; }
  uint64_t inode_of(const std::string& path);
  uint64_t output_inode() const { return static_cast<uint64_t>(node_of(caller_.at(1))) + 1; }
  void learn(const std::string& address) { learnt_.insert(address); }

  struct Node {
    char type = 'x';  // d, f, l (link), m (magic link), p (FIFO), s (socket file), c (device), x (no file)
    bool proc = false;
    bool gone = false;
    int parent = -1;
    int leads = -1;
    std::string name;
    std::string text;  // of a file or link; the label of an x
    std::vector<int> children;
    // Sockets and the like.
    Channel channel = Channel::none;
    int domain = 0;
    int kind = 0;
    int protocol = 0;
    int process = 0;
    std::string bound;
    bool of_server = false;
  };
  struct File {
    int node = -1;
    uint64_t flags = 0;
    size_t offset = 0;
  };
  struct Listing {
    int fd = -1;
    std::vector<std::string> names;
    size_t next = 0;
    alignas(8) char entry[512] = {};  // a dirent
  };

  // What the wrapped calls are made of (fake-kernel.cpp).
  int fail(int error);
  bool fails();  // an event says so; errno is set
  int node_of(int fd) const;
  int add_file(int node, uint64_t flags);
  bool close(int fd);
  int find(int from, std::string path, bool follow, uint64_t resolve, int& error, int* folder = nullptr, std::string* last = nullptr);
  int open(int at, const char* path, uint64_t flags, uint32_t mode, uint64_t resolve);
  std::string path_of(int node) const;
  int add_node(int parent, std::string name, char type, std::string text = {});
  uint8_t answer();
  int caller_descriptor(int number);

  // The judge.
  bool allows(std::string_view path, bool change) const;
  bool denied(std::string_view path) const;
  void changes(int node, const char* what);
  void changes_name(int folder, const std::string& name, const char* what);
  void gives(int fd);
  void reaches(const void* address, size_t size, int node, bool send);
  void binds(const void* address, size_t size, int node);
  void settles(uint64_t id);
  std::set<int> denied_nodes() const;
  bool in_run(int process) const;

  std::vector<Node> nodes;
  std::map<int, File> files_;
  std::set<uint64_t> waiting_;
  std::set<std::string> learnt_;
  std::map<int, int> caller_;  // its descriptors
  std::string said_;
  int64_t clock_ = 1'000'000'000'000;
  unsigned calls_ = 0;
  int root = 0;
  int self_fd = -1;
  int self_fdinfo = -1;
  bool hidden = false;
};

constexpr int fake_descriptors = 1000;
constexpr int caller_thread = 4001;
constexpr int caller_process = 4000;
constexpr int run_process = 4010;
constexpr int other_process = 77;

}  // namespace fuzz
