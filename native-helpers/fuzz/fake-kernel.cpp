#include "fake-kernel.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../launcher/linux/kernel.hpp"
#include "targets.hpp"

namespace fuzz {

FakeKernel* FakeKernel::active = nullptr;

namespace {

constexpr int links_max = 40;
constexpr int events_errors[] = {EACCES, EMFILE, ENOMEM, ENOENT, EINTR, ESRCH, EPERM, EFAULT, EINVAL, EAGAIN, ENOSYS, ELOOP, ENFILE, EBADF, ENOTDIR, EIO};

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> out;
  size_t at = 0;
  while (at < path.size()) {
    size_t end = std::min(path.find('/', at), path.size());
    if (end > at) out.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

bool lies_in(std::string_view path, std::string_view folder) {
  return path == folder || (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace

// ---- The tree -------------------------------------------------------------------------------------------------------

int FakeKernel::add_node(int parent, std::string name, char type, std::string text) {
  Node node;
  node.type = type;
  node.parent = parent;
  node.name = std::move(name);
  node.text = std::move(text);
  node.proc = parent >= 0 && nodes[static_cast<size_t>(parent)].proc;
  nodes.push_back(std::move(node));
  int index = static_cast<int>(nodes.size()) - 1;
  if (parent >= 0 && type != 'x') nodes[static_cast<size_t>(parent)].children.push_back(index);
  return index;
}

FakeKernel::FakeKernel(const World& made) : world(made) {
  nodes.reserve(160);
  root = add_node(-1, "", 'd');
  auto make = [this](const char* path, char type, const char* text = "") {
    auto parts = parts_of(path);
    int folder = root;
    for (size_t i = 0; i < parts.size(); i++) {
      int found = -1;
      for (int child : nodes[static_cast<size_t>(folder)].children) {
        if (nodes[static_cast<size_t>(child)].name == parts[i]) found = child;
      }
      bool last = i + 1 == parts.size();
      folder = found >= 0 ? found : add_node(folder, parts[i], last ? type : 'd', last ? text : "");
    }
    return folder;
  };
  for (const char* file : {"/work/file.txt", "/work/sub/inner.txt", "/area/a.txt", "/area/secret.key", "/area/.env", "/area/sub/b.txt", "/area/conf/private", "/area/hidden/x",
                           "/area/.git/config", "/readonly/r.txt", "/readonly/.env", "/home/user/.ssh/id_rsa", "/srv/data", "/usr/bin/prog", "/own/tmp/t", "/own/shm/m"}) {
    make(file, 'f', "#!/usr/bin/prog -x\n");
  }
  make("/etc/hosts", 'f', "127.0.0.1 localhost\n93.184.216.34 api.example\n");
  make("/etc/resolv.conf", 'f', "nameserver 127.0.0.53\n");
  make("/etc/nsswitch.conf", 'f', "hosts: files dns\n");
  make("/work/link", 'l', "/area/secret.key");
  make("/work/up", 'l', "../area");
  make("/work/loop", 'l', "loop");
  make("/work/home", 'l', "/home/user");
  make("/area/out", 'l', "/home/user/.ssh/id_rsa");
  make("/area/in", 'l', "sub/b.txt");
  make("/area/fifo", 'p');
  make("/work/fifo", 'p');
  make("/own/tmp/socket", 's');
  make("/run/docker.sock", 's');
  make("/run/granted.sock", 's');
  make("/run/door.sock", 's');
  make("/dev/shm", 'd');
  make("/dev/null", 'c');
  int proc = make("/proc", 'd');
  nodes[static_cast<size_t>(proc)].proc = true;
  make("/proc/self", 'l', std::to_string(getpid()).c_str());
  auto placeless = [this](const char* label) { return add_node(-1, "", 'x', label); };
  auto process = [&](int number, int parent, int thread_of) {
    int folder = add_node(proc, std::to_string(number), 'd');
    auto file = [&](const char* name, const std::string& text) { return add_node(folder, name, 'f', text); };
    int group = thread_of != 0 ? thread_of : number;
    file("status", "Name:\ta\\nPPid:\t1\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t" + std::to_string(group) + "\nNgid:\t0\nPid:\t" + std::to_string(number) +
                       "\nPPid:\t" + std::to_string(parent) + "\n");
    file("stat", std::to_string(number) + " (a) b) S " + std::to_string(parent) + " " + std::to_string(group) + " 1 0 -1 4194304");
    for (const char* name : {"mem", "comm", "oom_score_adj", "coredump_filter", "uid_map", "maps", "environ"}) file(name, "");
    auto magic = [&](int in, const char* name, int leads) {
      int node = add_node(in, name, 'm');
      nodes[static_cast<size_t>(node)].leads = leads;
      return node;
    };
    int spaces = add_node(folder, "ns", 'd');
    bool apart_users = world.users_apart && parent == getpid();
    magic(spaces, "user", placeless(apart_users ? "user:[2]" : "user:[1]"));
    magic(spaces, "pid", placeless("pid:[1]"));
    int error = 0;
    magic(folder, "root", root);
    magic(folder, "exe", find(root, "/usr/bin/prog", false, 0, error));
    add_node(folder, "net", 'd');
    add_node(folder, "fd", 'd');
    int tasks = add_node(folder, "task", 'd');
    int task = add_node(tasks, std::to_string(number), 'd');
    add_node(task, "children", 'f', parent == 1 ? "" : std::to_string(run_process) + " ");
    return folder;
  };
  int ours = process(getpid(), 2, 0);
  process(2, 1, 0);
  process(other_process, 1, 0);
  process(run_process, caller_process, 0);
  process(caller_process, getpid(), 0);
  int caller = process(caller_thread, getpid(), caller_process);
  for (int child : nodes[static_cast<size_t>(ours)].children) {
    if (nodes[static_cast<size_t>(child)].name == "fd") self_fd = child;
  }
  self_fdinfo = add_node(ours, "fdinfo", 'd');
  // What the caller holds.
  auto held = [&](int number, int node, uint64_t flags) {
    nodes[static_cast<size_t>(node)].of_server = true;
    caller_[number] = add_file(node, flags);
    for (int child : nodes[static_cast<size_t>(caller)].children) {
      if (nodes[static_cast<size_t>(child)].name != "fd") continue;
      int link = add_node(child, std::to_string(number), 'm');
      nodes[static_cast<size_t>(link)].leads = node;
    }
  };
  auto socket_node = [&](int domain, int kind, int protocol) {
    int node = placeless("socket:[7]");
    Node& made = nodes[static_cast<size_t>(node)];
    made.domain = domain;
    made.kind = kind;
    made.protocol = protocol;
    return node;
  };
  int error = 0;
  auto place = [&](const char* path) { return find(root, path, false, 0, error); };
  held(0, placeless("pipe:[1]"), O_RDONLY);
  held(1, placeless("pipe:[2]"), O_WRONLY);
  held(2, placeless("pipe:[3]"), O_WRONLY);
  held(3, place("/work/file.txt"), O_RDWR);
  held(4, place("/work"), O_RDONLY);
  held(5, place("/area/sub"), O_RDONLY);
  held(6, socket_node(AF_INET, SOCK_STREAM, IPPROTO_TCP), O_RDWR);
  held(7, socket_node(AF_UNIX, SOCK_STREAM, 0), O_RDWR);
  held(8, socket_node(AF_INET6, SOCK_DGRAM, IPPROTO_UDP), O_RDWR | O_NONBLOCK);
  held(9, socket_node(AF_NETLINK, SOCK_RAW, 0), O_RDWR);
  held(10, placeless("anon_inode:inotify"), O_RDONLY);
  int inside = placeless("anon_inode:[pidfd]");
  nodes[static_cast<size_t>(inside)].process = run_process;
  held(11, inside, O_RDWR);
  int outside = placeless("anon_inode:[pidfd]");
  nodes[static_cast<size_t>(outside)].process = other_process;
  held(12, outside, O_RDWR);
  held(13, place("/area"), O_PATH);
  held(14, place("/readonly/r.txt"), O_RDONLY);
  held(15, socket_node(AF_INET6, SOCK_STREAM, IPPROTO_TCP), O_RDWR | O_NONBLOCK);
  held(16, place("/area/secret.key"), O_PATH);
  static constexpr const char* folders[] = {"/work", "/area/sub", "/home/user", "/", "/area", "/proc", "/work/sub", "/readonly"};
  for (int number : {caller_thread, caller_process, run_process}) {
    std::string name = "/proc/" + std::to_string(number);
    int link = add_node(place(name.c_str()), "cwd", 'm');
    nodes[static_cast<size_t>(link)].leads = place(folders[world.cwd % 8]);
  }
  active = this;
}

FakeKernel::~FakeKernel() { active = nullptr; }

std::string FakeKernel::path_of(int node) const {
  const Node* one = &nodes[static_cast<size_t>(node)];
  if (one->type == 'x') return one->text;
  if (node == root) return "/";
  std::string out;
  bool gone = false;
  for (int at = node; at >= 0 && at != root; at = nodes[static_cast<size_t>(at)].parent) {
    gone = gone || nodes[static_cast<size_t>(at)].gone;
    out = "/" + nodes[static_cast<size_t>(at)].name + out;
  }
  return gone ? out + " (deleted)" : out;
}

uint8_t FakeKernel::answer() {
  if (answers.empty()) return 0;
  uint8_t byte = static_cast<uint8_t>(answers.front());
  answers.erase(0, 1);
  return byte;
}

int FakeKernel::fail(int error) {
  errno = error;
  return -1;
}

// What happens meanwhile: a call fails, the server swaps two of its own names, the caller is killed or hides its memory.
bool FakeKernel::fails() {
  calls_++;
  bool out = false;
  for (const Event& one : events) {
    if (one.at != calls_) continue;
    switch (one.what) {
      case Event::What::fails:
        errno = events_errors[one.value % std::size(events_errors)];
        out = true;
        break;
      case Event::What::swaps: {
        int error = 0;
        int work = find(root, "/work", false, 0, error);
        if (work < 0) break;
        std::vector<int>& children = nodes[static_cast<size_t>(work)].children;
        if (children.size() < 2) break;
        size_t first = one.value % children.size();
        size_t second = one.value / children.size() % children.size();
        std::swap(nodes[static_cast<size_t>(children[first])].name, nodes[static_cast<size_t>(children[second])].name);
        break;
      }
      case Event::What::leaves:
        waiting_.erase(current);
        break;
      case Event::What::hides:
        hidden = true;
        break;
    }
  }
  return out;
}

int FakeKernel::node_of(int fd) const {
  auto found = files_.find(fd);
  return found == files_.end() ? -1 : found->second.node;
}

int FakeKernel::add_file(int node, uint64_t flags) {
  int fd = fake_descriptors;
  for (const auto& [number, file] : files_) {
    if (number != fd) break;
    fd++;
  }
  files_[fd] = {node, flags, 0};
  return fd;
}

bool FakeKernel::close(int fd) {
  require(files_.erase(fd) == 1, "a descriptor is closed once");
  return true;
}

int FakeKernel::add_channel(Channel channel) {
  int node = add_node(-1, "", 'x', "socket:[1]");
  nodes[static_cast<size_t>(node)].channel = channel;
  nodes[static_cast<size_t>(node)].domain = AF_UNIX;
  nodes[static_cast<size_t>(node)].kind = SOCK_SEQPACKET;
  return add_file(node, O_RDWR);
}

int FakeKernel::add_plain(const char* label) { return add_file(add_node(-1, "", 'x', label), O_RDWR); }

int FakeKernel::open_place(const std::string& path) {
  int error = 0;
  int node = find(root, path, false, 0, error);
  require(node >= 0, "the place is there");
  return add_file(node, O_PATH);
}

uint64_t FakeKernel::inode_of(const std::string& path) {
  int error = 0;
  return static_cast<uint64_t>(find(root, path, false, 0, error)) + 1;
}

void FakeKernel::take_notification(uint64_t id) {
  current = id;
  calls_ = 0;
  waiting_.insert(id);
}

int FakeKernel::find(int from, std::string path, bool follow, uint64_t resolve, int& error, int* folder, std::string* last) {
  error = ENOENT;
  if (path.empty()) return -1;
  int at = from;
  bool below = (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0;
  if (path[0] == '/') {
    if ((resolve & RESOLVE_BENEATH) != 0) return error = EXDEV, -1;
    if ((resolve & RESOLVE_IN_ROOT) == 0) at = root;
  }
  int links = 0;
  while (true) {
    size_t begin = path.find_first_not_of('/');
    if (begin == std::string::npos) return at;
    size_t end = std::min(path.find('/', begin), path.size());
    std::string name = path.substr(begin, end - begin);
    std::string rest = path.substr(end);
    bool final = rest.find_first_not_of('/') == std::string::npos;
    if (name.size() > 255) return error = ENAMETOOLONG, -1;
    if (nodes[static_cast<size_t>(at)].type != 'd') return error = ENOTDIR, -1;
    if (name == "." || name == "..") {
      if (name == ".." && at == from && below) {
        if ((resolve & RESOLVE_BENEATH) != 0) return error = EXDEV, -1;
      } else if (name == ".." && nodes[static_cast<size_t>(at)].parent >= 0) {
        at = nodes[static_cast<size_t>(at)].parent;
      }
      path = rest;
      if (final) return at;
      continue;
    }
    int next = -1;
    if (at == self_fd || at == self_fdinfo) {
      int fd = atoi(name.c_str());
      if (node_of(fd) < 0) return error = ENOENT, -1;
      if (at == self_fd) {
        next = add_node(-1, name, 'm');
        nodes[static_cast<size_t>(next)].leads = node_of(fd);
      } else {
        next = add_node(-1, name, 'f', "pos:\t0\nflags:\t02\nPid:\t" + std::to_string(nodes[static_cast<size_t>(node_of(fd))].process) + "\n");
      }
      nodes[static_cast<size_t>(next)].parent = at;
      nodes[static_cast<size_t>(next)].proc = true;
    } else {
      for (int child : nodes[static_cast<size_t>(at)].children) {
        if (nodes[static_cast<size_t>(child)].name == name) next = child;
      }
    }
    if (final && folder != nullptr) {
      *folder = at;
      *last = name;
    }
    if (next < 0) return error = ENOENT, -1;
    char type = nodes[static_cast<size_t>(next)].type;
    bool wants_folder = final && !rest.empty();
    if ((type == 'l' || type == 'm') && (!final || follow || wants_folder)) {
      if ((resolve & RESOLVE_NO_SYMLINKS) != 0 || (type == 'm' && (resolve & RESOLVE_NO_MAGICLINKS) != 0) || ++links > links_max) return error = ELOOP, -1;
      if (type == 'm') {
        if (below) return error = EXDEV, -1;
        at = nodes[static_cast<size_t>(next)].leads;
        if (final) return at;
        path = rest;
        continue;
      }
      const std::string& text = nodes[static_cast<size_t>(next)].text;
      if (!text.empty() && text[0] == '/') {
        if ((resolve & RESOLVE_BENEATH) != 0) return error = EXDEV, -1;
        at = (resolve & RESOLVE_IN_ROOT) != 0 ? from : root;
      }
      path = text + rest;
      continue;
    }
    if (wants_folder && type != 'd') return error = ENOTDIR, -1;
    at = next;
    if (final) return at;
    path = rest;
  }
}

// ---- The judge ------------------------------------------------------------------------------------------------------

bool FakeKernel::in_run(int process) const { return process == caller_process || process == caller_thread || process == run_process; }

// By the words of the plan that calls.cpp makes: deny **/.env, **/*.key, **/conf/private, /area/hidden.
bool FakeKernel::denied(std::string_view path) const {
  auto parts = parts_of(path);
  for (size_t i = 0; i < parts.size(); i++) {
    if (parts[i] == ".env" || (parts[i].size() >= 4 && parts[i].ends_with(".key"))) return true;
    if (i > 0 && parts[i - 1] == "conf" && parts[i] == "private") return true;
  }
  return lies_in(path, "/area/hidden");
}

bool FakeKernel::allows(std::string_view path, bool change) const {
  if (!world.judged) return true;
  for (const char* folder : {"/work", "/own/tmp", "/own/shm"}) {
    if (lies_in(path, folder)) return true;
  }
  if (!change && (lies_in(path, "/usr") || lies_in(path, "/srv"))) return true;
  if (path == "/dev/null") return true;
  constexpr std::string_view deleted = " (deleted)";
  if (path.ends_with(deleted)) path.remove_suffix(deleted.size());
  if (!lies_in(path, "/area") && !lies_in(path, "/readonly")) return false;
  if (denied(path)) return false;
  if (!change) return true;
  auto parts = parts_of(path);
  return lies_in(path, "/area") && std::find(parts.begin(), parts.end(), ".git") == parts.end();
}

void FakeKernel::changes(int node, const char* what) {
  const Node& one = nodes[static_cast<size_t>(node)];
  if (one.type == 'x') return;
  std::string path = path_of(node);
  if (allows(path, true)) return;
  std::fprintf(stderr, "fuzz: %s %s\n", what, path.c_str());
  require(false, "nothing is changed that no rule lets be changed");
}

void FakeKernel::changes_name(int folder, const std::string& name, const char* what) {
  std::string where = path_of(folder);
  std::string path = (where == "/" ? "" : where) + "/" + name.substr(0, name.find('/'));
  bool root_of_area = path == "/area" || path == "/readonly";
  if (!root_of_area && allows(path, true)) return;
  std::fprintf(stderr, "fuzz: %s %s\n", what, path.c_str());
  require(false, "no name is made, moved or removed that no rule lets be");
}

void FakeKernel::gives(int fd) {
  auto found = files_.find(fd);
  require(found != files_.end(), "what is given to the server is open");
  const Node& one = nodes[static_cast<size_t>(found->second.node)];
  if (one.type == 'x') {
    require(one.process == 0, "no descriptor of a process is given");
    require(one.channel == Channel::none, "no channel of ours is given");
    return;
  }
  require((found->second.flags & O_PATH) == 0, "what is given is open, and no handle");
  bool writes = (found->second.flags & O_ACCMODE) != O_RDONLY;
  std::string path = path_of(found->second.node);
  if (one.proc) {
    auto parts = parts_of(path);
    bool list = parts.size() == 1;
    require(list || (parts.size() >= 2 && in_run(atoi(parts[1].c_str()))), "of /proc only the run's own is given");
    require(list || parts.back() != "mem", "no memory is given");
    bool setting = parts.back() == "comm" || parts.back() == "oom_score_adj" || parts.back() == "coredump_filter" || parts.back() == "uid_map";
    require(!writes || setting, "of /proc only settings are given to write");
    return;
  }
  if (!allows(path, writes)) std::fprintf(stderr, "fuzz: given %s\n", path.c_str());
  require(allows(path, writes), "nothing is opened for the server that no rule lets be");
}

void FakeKernel::reaches(const void* address, size_t size, int node, bool send) {
  sockaddr_storage storage{};
  memcpy(&storage, address, std::min(size, sizeof storage));
  const Node& from = nodes[static_cast<size_t>(node)];
  if (from.domain == AF_NETLINK) {
    uint32_t peer = 0;
    memcpy(&peer, reinterpret_cast<const char*>(&storage) + 4, sizeof peer);
    require(storage.ss_family == AF_UNSPEC || (storage.ss_family == AF_NETLINK && peer == 0), "by netlink only the kernel is reached");
    return;
  }
  if (!world.judged || size < sizeof(sa_family_t) || storage.ss_family == AF_UNSPEC || storage.ss_family == AF_NETLINK) return;
  if (storage.ss_family == AF_UNIX) {
    const char* text = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
    if (text[0] == '\0') {
      std::string name(text + 1, size > 3 ? size - 3 : 0);
      require(name == "granted", "no abstract name is reached that is not granted");
      return;
    }
    int error = 0;
    int found = find(root, text, true, 0, error);
    require(found >= 0, "a socket is reached by its object");
    std::string path = path_of(found);
    require(path == "/run/granted.sock" || path == "/run/door.sock" || lies_in(path, "/own/tmp"), "no socket is reached that is not granted");
    return;
  }
  uint8_t v4[4];
  uint16_t port = 0;
  bool is_v4 = storage.ss_family == AF_INET;
  if (is_v4) {
    memcpy(v4, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, 4);
    port = ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  } else {
    require(storage.ss_family == AF_INET6, "no other family is reached");
    const sockaddr_in6* six = reinterpret_cast<const sockaddr_in6*>(&storage);
    port = ntohs(six->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
      memcpy(v4, six->sin6_addr.s6_addr + 12, 4);
      is_v4 = true;
    } else {
      // Loopback at the port that is granted; the hole; the internet where it is open. 6to4, NAT64 and the like name the address in them.
      const uint8_t* b = six->sin6_addr.s6_addr;
      bool loopback = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
      if (loopback && (port == 8080 || port == 9)) return;
      if (b[0] == 0x20 && b[1] == 0x02) memcpy(v4, b + 2, 4);
      else if (b[0] == 0 && b[1] == 0x64 && b[2] == 0xFF && b[3] == 0x9B) memcpy(v4, b + 12, 4);
      else if (std::all_of(b, b + 12, [](uint8_t byte) { return byte == 0; })) memcpy(v4, b + 12, 4);
      else {
        require((b[0] & 0xE0) == 0x20, "of IPv6 only what is global is reached");
        require(world.open_network || learnt_.contains(std::string(reinterpret_cast<const char*>(b), 16)), "no address is reached that no rule names");
        return;
      }
      is_v4 = true;
    }
  }
  bool loopback = v4[0] == 127 || (v4[0] == 0 && v4[1] == 0 && v4[2] == 0 && v4[3] == 0);
  // Port 9 is the hole's.
  if (loopback && (port == 8080 || port == 9)) return;
  bool near = loopback || v4[0] == 10 || (v4[0] == 192 && v4[1] == 168) || (v4[0] == 172 && (v4[1] & 0xF0) == 16) || (v4[0] == 169 && v4[1] == 254) || v4[0] >= 224 || v4[0] == 0;
  if (near) std::fprintf(stderr, "fuzz: reached %d.%d.%d.%d:%d (send %d, of the server %d)\n", v4[0], v4[1], v4[2], v4[3], port, send, from.of_server);
  require(!near, "neither this machine nor its network is reached");
  bool named = v4[0] == 93 && v4[1] == 184 && v4[2] == 216 && v4[3] == 34;
  require(world.open_network || named || learnt_.contains(std::string(reinterpret_cast<const char*>(v4), 4)), "no address is reached that no rule names");
}

void FakeKernel::binds(const void* address, size_t size, int node) {
  sockaddr_storage storage{};
  memcpy(&storage, address, std::min(size, sizeof storage));
  nodes[static_cast<size_t>(node)].bound = std::string(static_cast<const char*>(address), size);
  if (storage.ss_family == AF_UNIX) {
    std::string text(reinterpret_cast<const sockaddr_un*>(&storage)->sun_path);
    size_t slash = text.rfind('/');
    int error = 0;
    int folder = slash == std::string::npos ? -1 : find(root, text.substr(0, slash), true, 0, error);
    require(folder >= 0, "a socket is bound in a folder that is open");
    changes_name(folder, text.substr(slash + 1), "bound");
    return;
  }
  require(storage.ss_family == AF_INET || storage.ss_family == AF_INET6, "no other family is bound");
}

void FakeKernel::settles(uint64_t id) { waiting_.erase(id); }

std::set<int> FakeKernel::denied_nodes() const {
  std::set<int> out;
  for (size_t i = 0; i < nodes.size(); i++) {
    if (nodes[i].type == 'x' || nodes[i].proc || nodes[i].gone) continue;
    std::string path = path_of(static_cast<int>(i));
    if ((lies_in(path, "/area") || lies_in(path, "/readonly")) && denied(path)) out.insert(static_cast<int>(i));
  }
  return out;
}

int FakeKernel::caller_descriptor(int number) {
  auto found = caller_.find(number);
  if (found == caller_.end()) return fail(EBADF);
  const File& file = files_[found->second];
  return add_file(file.node, file.flags);
}

// ---- Opening --------------------------------------------------------------------------------------------------------

int FakeKernel::open(int at, const char* path, uint64_t flags, uint32_t mode, uint64_t resolve) {
  if (fails()) return -1;
  int from = root;
  if (path[0] != '/' || (resolve & RESOLVE_IN_ROOT) != 0) {
    if (at == AT_FDCWD) from = root;
    else if ((from = node_of(at)) < 0) return fail(EBADF);
  }
  bool handle = (flags & O_PATH) != 0;
  bool unnamed = (flags & O_TMPFILE) == O_TMPFILE;
  bool makes = (flags & O_CREAT) != 0 && !handle;
  bool follow = (flags & O_NOFOLLOW) == 0 && !(makes && (flags & O_EXCL) != 0);
  int error = 0;
  int folder = -1;
  std::string last;
  std::string text = path;
  int node = text.empty() ? (error = ENOENT, -1) : find(from, text, follow, resolve, error, &folder, &last);
  if (node < 0) {
    if (error != ENOENT || !makes || folder < 0 || nodes[static_cast<size_t>(folder)].proc) return fail(error);
    // Where the last part is a link that leads nowhere, `folder` is where it would be made.
    changes_name(folder, last, "made");
    node = add_node(folder, last, 'f');
    (void)mode;
    return add_file(node, flags);
  }
  Node& found = nodes[static_cast<size_t>(node)];
  if (makes && (flags & O_EXCL) != 0) return fail(EEXIST);
  if ((flags & O_DIRECTORY) != 0 && found.type != 'd') return fail(ENOTDIR);
  if ((found.type == 'l' || found.type == 'm') && !handle) return fail(ELOOP);
  if (handle) return add_file(node, flags);
  bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
  if (unnamed) {
    if (found.type != 'd') return fail(ENOTDIR);
    changes_name(node, "#1", "made without a name");
    int made = add_node(-1, "#1", 'f');
    nodes[static_cast<size_t>(made)].parent = node;
    nodes[static_cast<size_t>(made)].gone = true;
    return add_file(made, flags);
  }
  if (found.type == 'd' && (writes || makes)) return fail(EISDIR);
  if (found.type == 's') return fail(ENXIO);
  if (found.type == 'p' && (flags & O_ACCMODE) == O_WRONLY && (flags & O_NONBLOCK) != 0) return fail(ENXIO);
  if (writes && !found.proc && found.type != 'x') changes(node, "opened for writing");
  return add_file(node, flags);
}

}  // namespace fuzz

// ---- The calls ------------------------------------------------------------------------------------------------------

using fuzz::FakeKernel;
using fuzz::Channel;

namespace {

FakeKernel* kernel() { return FakeKernel::active; }
bool fake(int fd) { return kernel() != nullptr && fd >= fuzz::fake_descriptors; }

void fill(FakeKernel& k, int node, struct stat* out) {
  const FakeKernel::Node& one = k.nodes[static_cast<size_t>(node)];
  *out = {};
  out->st_dev = one.proc ? 6 : one.type == 'x' ? 7 : 5;
  out->st_ino = static_cast<ino_t>(node) + 1;
  if (one.type == 'x' && !one.text.empty() && one.text.find(":[") != std::string::npos && one.text.starts_with("user")) out->st_ino = one.text == "user:[2]" ? 9002 : 9001;
  if (one.type == 'x' && one.text.starts_with("pid:[")) out->st_ino = 9003;
  out->st_mode = one.type == 'd'   ? S_IFDIR | 0755
                 : one.type == 'l' || one.type == 'm' ? S_IFLNK | 0777
                 : one.type == 'p' ? S_IFIFO | 0600
                 : one.type == 's' ? S_IFSOCK | 0600
                 : one.type == 'c' ? S_IFCHR | 0666
                 : one.type == 'x' && one.text.starts_with("pipe") ? S_IFIFO | 0600
                 : one.type == 'x' && one.text.starts_with("socket") ? S_IFSOCK | 0600
                                   : S_IFREG | 0644;
  out->st_nlink = one.gone || one.text.starts_with("/memfd:") ? 0 : 1;
  out->st_uid = geteuid();
  out->st_size = static_cast<off_t>(one.text.size());
}

int stat_at(FakeKernel& k, int at, const char* path, bool follow, bool empty, struct stat* out) {
  if (k.fails()) return -1;
  int from = k.root;
  if (path[0] != '/' && at != AT_FDCWD && (from = k.node_of(at)) < 0) return k.fail(EBADF);
  if (path[0] == '\0') {
    if (!empty) return k.fail(ENOENT);
    fill(k, from, out);
    return 0;
  }
  int error = 0;
  int node = k.find(from, path, follow, 0, error);
  if (node < 0) return k.fail(error);
  fill(k, node, out);
  return 0;
}

ssize_t link_text(FakeKernel& k, int at, const char* path, char* out, size_t size) {
  if (k.fails()) return -1;
  int from = k.root;
  if (path[0] != '/' && at != AT_FDCWD && (from = k.node_of(at)) < 0) return k.fail(EBADF);
  int error = 0;
  int node = path[0] == '\0' ? from : k.find(from, path, false, 0, error);
  if (node < 0) return k.fail(error);
  const FakeKernel::Node& one = k.nodes[static_cast<size_t>(node)];
  if (one.type != 'l' && one.type != 'm') return k.fail(EINVAL);
  std::string text = one.type == 'm' ? k.path_of(one.leads) : one.text;
  size_t n = std::min(size, text.size());
  memcpy(out, text.data(), n);
  return static_cast<ssize_t>(n);
}

// Memory of the server, as it is at this look.
ssize_t peek(FakeKernel& k, uint64_t address, void* out, size_t size) {
  if (k.hidden) return k.fail(EPERM);
  for (fuzz::Piece& piece : k.memory) {
    if (address < piece.address || address - piece.address >= piece.bytes.size()) continue;
    const std::string& bytes = piece.changes && piece.looks > 0 ? piece.later : piece.bytes;
    piece.looks++;
    size_t offset = address - piece.address;
    if (offset >= bytes.size()) break;
    size_t n = std::min(size, bytes.size() - offset);
    memcpy(out, bytes.data() + offset, n);
    return static_cast<ssize_t>(n);
  }
  return k.fail(EFAULT);
}

int effect_on(FakeKernel& k, const char* path, const char* what) {
  if (k.fails()) return -1;
  int error = 0;
  int node = k.find(k.root, path, true, 0, error);
  if (node < 0) return k.fail(error);
  k.changes(node, what);
  return 0;
}

int effect_on_fd(FakeKernel& k, int fd, const char* what) {
  if (k.fails()) return -1;
  int node = k.node_of(fd);
  if (node < 0) return k.fail(EBADF);
  k.changes(node, what);
  return 0;
}

// A name in a folder: -1 with errno, or the node (or -2: nothing there).
int named(FakeKernel& k, int at, const char* path, int& folder, std::string& last) {
  int from = at == AT_FDCWD || path[0] == '/' ? k.root : k.node_of(at);
  if (from < 0) return k.fail(EBADF);
  int error = 0;
  folder = -1;
  int node = k.find(from, path, false, 0, error, &folder, &last);
  if (node >= 0 && folder >= 0) return node;
  if (folder < 0 || (node < 0 && error != ENOENT)) return k.fail(node < 0 ? error : EBUSY);
  return -2;
}

void detach(FakeKernel& k, int node) {
  auto& children = k.nodes[static_cast<size_t>(k.nodes[static_cast<size_t>(node)].parent)].children;
  children.erase(std::remove(children.begin(), children.end(), node), children.end());
}

int make_name(FakeKernel& k, int at, const char* path, char type, const char* text) {
  if (k.fails()) return -1;
  int folder = -1;
  std::string last;
  int node = named(k, at, path, folder, last);
  if (node == -1) return -1;
  if (node >= 0) return k.fail(EEXIST);
  k.changes_name(folder, last, "made");
  k.add_node(folder, last, type, text);
  return 0;
}

int remove_name(FakeKernel& k, int at, const char* path, int flags) {
  if (k.fails()) return -1;
  int folder = -1;
  std::string last;
  int node = named(k, at, path, folder, last);
  if (node == -1) return -1;
  if (node == -2) return k.fail(ENOENT);
  bool is_folder = k.nodes[static_cast<size_t>(node)].type == 'd';
  if (((flags & AT_REMOVEDIR) != 0) != is_folder) return k.fail(is_folder ? EISDIR : ENOTDIR);
  if (is_folder && !k.nodes[static_cast<size_t>(node)].children.empty()) return k.fail(ENOTEMPTY);
  k.changes_name(folder, last, "removed");
  detach(k, node);
  k.nodes[static_cast<size_t>(node)].gone = true;
  return 0;
}

int move_name(FakeKernel& k, int from_at, const char* from, int to_at, const char* to, unsigned flags) {
  if (k.fails()) return -1;
  int folder = -1;
  int other_folder = -1;
  std::string last;
  std::string other_last;
  int node = named(k, from_at, from, folder, last);
  if (node == -1) return -1;
  int other = named(k, to_at, to, other_folder, other_last);
  if (other == -1) return -1;
  if (node == -2) return k.fail(ENOENT);
  bool exchange = (flags & 2) != 0;
  if (other >= 0 && (flags & 1) != 0) return k.fail(EEXIST);
  if (other < 0 && exchange) return k.fail(ENOENT);
  for (int up = other_folder; up >= 0; up = k.nodes[static_cast<size_t>(up)].parent) {
    if (up == node) return k.fail(EINVAL);
  }
  for (int up = folder; exchange && up >= 0; up = k.nodes[static_cast<size_t>(up)].parent) {
    if (up == other) return k.fail(EINVAL);
  }
  if (node == other) return 0;
  std::set<int> before = k.denied_nodes();
  k.changes_name(folder, last, "moved");
  k.changes_name(other_folder, other_last, "moved to");
  auto put = [&k](int what, int where, const std::string& name) {
    detach(k, what);
    k.nodes[static_cast<size_t>(what)].parent = where;
    k.nodes[static_cast<size_t>(what)].name = name;
    k.nodes[static_cast<size_t>(where)].children.push_back(what);
  };
  if (other >= 0 && !exchange) {
    if (k.nodes[static_cast<size_t>(other)].type == 'd' && !k.nodes[static_cast<size_t>(other)].children.empty()) return k.fail(ENOTEMPTY);
    if ((k.nodes[static_cast<size_t>(other)].type == 'd') != (k.nodes[static_cast<size_t>(node)].type == 'd')) return k.fail(EISDIR);
    detach(k, other);
    k.nodes[static_cast<size_t>(other)].gone = true;
  }
  put(node, other_folder, other_last);
  if (other >= 0 && exchange) put(other, folder, last);
  std::set<int> after = k.denied_nodes();
  for (int one : before) fuzz::require(!k.world.judged || after.contains(one) || k.nodes[static_cast<size_t>(one)].gone, "what is denied is denied after a move");
  return 0;
}

int link_name(FakeKernel& k, int from_at, const char* from, int to_at, const char* to, int flags) {
  if (k.fails()) return -1;
  int start = from_at == AT_FDCWD || from[0] == '/' ? k.root : k.node_of(from_at);
  int error = 0;
  int source = start < 0 ? -1 : k.find(start, from, (flags & AT_SYMLINK_FOLLOW) != 0, 0, error);
  if (source < 0) return k.fail(start < 0 ? EBADF : error);
  int folder = -1;
  std::string last;
  int there = named(k, to_at, to, folder, last);
  if (there == -1) return -1;
  if (there >= 0) return k.fail(EEXIST);
  if (k.nodes[static_cast<size_t>(source)].type == 'd') return k.fail(EPERM);
  k.changes(source, "linked");
  k.changes_name(folder, last, "linked to");
  k.add_node(folder, last, k.nodes[static_cast<size_t>(source)].type, k.nodes[static_cast<size_t>(source)].text);
  return 0;
}

ssize_t take_packet(FakeKernel& k, int fd, msghdr* header, void* bytes, size_t size) {
  if (k.fails()) return -1;
  int node = k.node_of(fd);
  if (node < 0) return k.fail(EBADF);
  Channel channel = k.nodes[static_cast<size_t>(node)].channel;
  if (channel == Channel::routes) {
    struct {
      nlmsghdr header;
      rtmsg route;
      rtattr gateway;
      uint32_t address;
    } reply{};
    reply.header.nlmsg_len = sizeof reply;
    reply.header.nlmsg_type = RTM_NEWROUTE;
    reply.route.rtm_family = AF_INET;
    reply.route.rtm_type = RTN_UNICAST;
    reply.gateway = {RTA_LENGTH(4), RTA_GATEWAY};
    size_t n = std::min(size, sizeof reply);
    memcpy(bytes, &reply, n);
    return static_cast<ssize_t>(n);
  }
  for (size_t i = 0; i < k.packets.size(); i++) {
    fuzz::Packet& packet = k.packets[i];
    if (packet.channel != channel) continue;
    size_t n = std::min(size, packet.bytes.size());
    memcpy(bytes, packet.bytes.data(), n);
    if (header != nullptr) {
      header->msg_flags = packet.bytes.size() > size ? MSG_TRUNC : 0;
      if (packet.descriptor && header->msg_controllen >= CMSG_SPACE(sizeof(int))) {
        int passed = channel == Channel::plans ? k.add_file(k.add_node(-1, "", 'x', "/memfd:plan (deleted)"), O_RDWR)
                                               : k.add_file(k.node_of(k.caller_[3]), O_RDWR);
        // A new plan's file holds the rest of the packet.
        if (channel == Channel::plans) k.nodes[static_cast<size_t>(k.node_of(passed))].bound = packet.bytes;
        cmsghdr* first = CMSG_FIRSTHDR(header);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(first), &passed, sizeof passed);
        header->msg_controllen = CMSG_SPACE(sizeof(int));
      } else {
        header->msg_controllen = 0;
      }
      if (channel == Channel::plans) header->msg_flags = 0;
    }
    bool plan = channel == Channel::plans;
    k.packets.erase(k.packets.begin() + static_cast<std::ptrdiff_t>(i));
    if (plan) {
      memcpy(bytes, "plan", std::min<size_t>(size, 4));
      return static_cast<ssize_t>(std::min<size_t>(size, 4));
    }
    return static_cast<ssize_t>(n);
  }
  if (header != nullptr) header->msg_controllen = 0;
  return k.fail(EAGAIN);
}

ssize_t give_packet(FakeKernel& k, int fd, const msghdr* header, const void* to, size_t to_size, size_t size) {
  if (k.fails()) return -1;
  int node = k.node_of(fd);
  if (node < 0) return k.fail(EBADF);
  if (to != nullptr && to_size > 0) k.reaches(to, to_size, node, true);
  if (header != nullptr && header->msg_controllen > 0) {
    // Descriptors that are passed on are ones that we hold now.
    for (cmsghdr* one = CMSG_FIRSTHDR(header); one != nullptr; one = CMSG_NXTHDR(const_cast<msghdr*>(header), one)) {
      if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
      for (size_t i = 0; i + sizeof(int) <= one->cmsg_len - CMSG_LEN(0); i += sizeof(int)) {
        int passed = -1;
        memcpy(&passed, CMSG_DATA(one) + i, sizeof passed);
        fuzz::require(k.node_of(passed) >= 0, "what is passed on is open");
        if (k.nodes[static_cast<size_t>(node)].of_server) {
          fuzz::require(k.nodes[static_cast<size_t>(k.node_of(passed))].of_server, "the server passes on only what is its own");
        }
      }
    }
  }
  return static_cast<ssize_t>(size);
}

}  // namespace

extern "C" {

#define REAL(type, name, ...) type __real_##name(__VA_ARGS__)

REAL(int, open, const char*, int, ...);
int __wrap_open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, unsigned) : 0;
  va_end(more);
  return kernel() != nullptr ? kernel()->open(AT_FDCWD, path, static_cast<unsigned>(flags), mode, 0) : __real_open(path, flags, mode);
}
REAL(int, openat, int, const char*, int, ...);
int __wrap_openat(int at, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, unsigned) : 0;
  va_end(more);
  return kernel() != nullptr ? kernel()->open(at, path, static_cast<unsigned>(flags), mode, 0) : __real_openat(at, path, flags, mode);
}
REAL(int, close, int);
int __wrap_close(int fd) { return fake(fd) ? (kernel()->close(fd), 0) : __real_close(fd); }

REAL(int, fstat, int, struct stat*);
int __wrap_fstat(int fd, struct stat* out) {
  if (!fake(fd)) return kernel() != nullptr && fd < 0 ? kernel()->fail(EBADF) : __real_fstat(fd, out);
  if (kernel()->fails()) return -1;
  int node = kernel()->node_of(fd);
  if (node < 0) return kernel()->fail(EBADF);
  fill(*kernel(), node, out);
  return 0;
}
REAL(int, stat, const char*, struct stat*);
int __wrap_stat(const char* path, struct stat* out) { return kernel() != nullptr ? stat_at(*kernel(), AT_FDCWD, path, true, false, out) : __real_stat(path, out); }
REAL(int, lstat, const char*, struct stat*);
int __wrap_lstat(const char* path, struct stat* out) { return kernel() != nullptr ? stat_at(*kernel(), AT_FDCWD, path, false, false, out) : __real_lstat(path, out); }
REAL(int, fstatat, int, const char*, struct stat*, int);
int __wrap_fstatat(int at, const char* path, struct stat* out, int flags) {
  return kernel() != nullptr ? stat_at(*kernel(), at, path, (flags & AT_SYMLINK_NOFOLLOW) == 0, (flags & AT_EMPTY_PATH) != 0, out) : __real_fstatat(at, path, out, flags);
}
REAL(int, fstatfs, int, struct statfs*);
int __wrap_fstatfs(int fd, struct statfs* out) {
  if (!fake(fd)) return kernel() != nullptr ? kernel()->fail(EBADF) : __real_fstatfs(fd, out);
  int node = kernel()->node_of(fd);
  if (node < 0 || kernel()->fails()) return node < 0 ? kernel()->fail(EBADF) : -1;
  *out = {};
  out->f_type = kernel()->nodes[static_cast<size_t>(node)].proc ? PROC_SUPER_MAGIC : 0xEF53;
  return 0;
}
REAL(ssize_t, readlink, const char*, char*, size_t);
ssize_t __wrap_readlink(const char* path, char* out, size_t size) { return kernel() != nullptr ? link_text(*kernel(), AT_FDCWD, path, out, size) : __real_readlink(path, out, size); }
REAL(ssize_t, readlinkat, int, const char*, char*, size_t);
ssize_t __wrap_readlinkat(int at, const char* path, char* out, size_t size) { return kernel() != nullptr ? link_text(*kernel(), at, path, out, size) : __real_readlinkat(at, path, out, size); }

REAL(ssize_t, read, int, void*, size_t);
ssize_t __wrap_read(int fd, void* out, size_t size) {
  if (!fake(fd)) return __real_read(fd, out, size);
  FakeKernel& k = *kernel();
  if (k.fails()) return -1;
  auto found = k.files_.find(fd);
  if (found == k.files_.end()) return k.fail(EBADF);
  const std::string& text = k.nodes[static_cast<size_t>(found->second.node)].text;
  if (k.nodes[static_cast<size_t>(found->second.node)].type != 'f') return k.fail(EAGAIN);
  size_t n = std::min(size, text.size() - std::min(text.size(), found->second.offset));
  memcpy(out, text.data() + found->second.offset, n);
  found->second.offset += n;
  return static_cast<ssize_t>(n);
}
REAL(ssize_t, pread, int, void*, size_t, off_t);
ssize_t __wrap_pread(int fd, void* out, size_t size, off_t at) {
  if (!fake(fd)) return __real_pread(fd, out, size, at);
  FakeKernel& k = *kernel();
  int node = k.node_of(fd);
  if (node < 0 || k.fails()) return node < 0 ? k.fail(EBADF) : -1;
  const std::string& text = k.nodes[static_cast<size_t>(node)].bound;
  size_t from = std::min<size_t>(text.size(), static_cast<size_t>(at));
  size_t n = std::min(size, text.size() - from);
  memcpy(out, text.data() + from, n);
  return static_cast<ssize_t>(n);
}
REAL(ssize_t, write, int, const void*, size_t);
ssize_t __wrap_write(int fd, const void* bytes, size_t size) {
  if (!fake(fd)) return __real_write(fd, bytes, size);
  FakeKernel& k = *kernel();
  int node = k.node_of(fd);
  fuzz::require(node >= 0, "what is written to is open");
  if (k.nodes[static_cast<size_t>(node)].text == "spool") k.said_.append(static_cast<const char*>(bytes), size);
  return static_cast<ssize_t>(size);
}
REAL(ssize_t, pwrite, int, const void*, size_t, off_t);
ssize_t __wrap_pwrite(int fd, const void* bytes, size_t size, off_t at) { return fake(fd) ? static_cast<ssize_t>(size) : __real_pwrite(fd, bytes, size, at); }

REAL(int, fcntl, int, int, ...);
int __wrap_fcntl(int fd, int command, ...) {
  va_list more;
  va_start(more, command);
  long argument = va_arg(more, long);
  va_end(more);
  if (!fake(fd)) return kernel() != nullptr ? kernel()->fail(EBADF) : __real_fcntl(fd, command, argument);
  FakeKernel& k = *kernel();
  if (k.fails()) return -1;
  auto found = k.files_.find(fd);
  if (found == k.files_.end()) return k.fail(EBADF);
  switch (command) {
    case F_DUPFD_CLOEXEC:
      return k.add_file(found->second.node, found->second.flags);
    case F_GETFL:
      return static_cast<int>(found->second.flags & ~static_cast<uint64_t>(O_CLOEXEC));
    case F_SETFL:
      found->second.flags = (found->second.flags & O_ACCMODE) | static_cast<unsigned>(argument);
      return 0;
    case F_ADD_SEALS:
      return 0;
    default:
      fuzz::require(false, "a command of fcntl that is known");
      return -1;
  }
}
REAL(int, poll, pollfd*, nfds_t, int);
int __wrap_poll(pollfd* waits, nfds_t count, int timeout) {
  if (kernel() == nullptr) return __real_poll(waits, count, timeout);
  FakeKernel& k = *kernel();
  if (k.fails()) return -1;
  int ready = 0;
  for (nfds_t i = 0; i < count; i++) {
    waits[i].revents = 0;
    if (waits[i].fd < 0) continue;
    int node = k.node_of(waits[i].fd);
    fuzz::require(node >= 0, "what is waited for is open");
    Channel channel = k.nodes[static_cast<size_t>(node)].channel;
    bool packet = std::any_of(k.packets.begin(), k.packets.end(), [channel](const fuzz::Packet& one) { return one.channel == channel; });
    short events = channel == Channel::none ? static_cast<short>(k.answer()) : packet ? static_cast<short>(POLLIN) : short{0};
    waits[i].revents = static_cast<short>(events & (waits[i].events | POLLHUP | POLLERR));
    ready += waits[i].revents != 0;
  }
  return ready;
}

REAL(ssize_t, process_vm_readv, pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long);
ssize_t __wrap_process_vm_readv(pid_t process, const iovec* local, unsigned long locals, const iovec* remote, unsigned long remotes, unsigned long flags) {
  if (kernel() == nullptr) return __real_process_vm_readv(process, local, locals, remote, remotes, flags);
  fuzz::require(process == fuzz::caller_thread && locals == 1 && remotes == 1, "the caller's own memory is read, in one piece");
  if (kernel()->fails()) return -1;
  return peek(*kernel(), reinterpret_cast<uint64_t>(remote->iov_base), local->iov_base, std::min(local->iov_len, remote->iov_len));
}

REAL(int, ioctl, int, unsigned long, ...);
int __wrap_ioctl(int fd, unsigned long command, ...) {
  va_list more;
  va_start(more, command);
  void* argument = va_arg(more, void*);
  va_end(more);
  if (!fake(fd)) return kernel() != nullptr ? kernel()->fail(EBADF) : __real_ioctl(fd, command, argument);
  FakeKernel& k = *kernel();
  if (command == SECCOMP_IOCTL_NOTIF_ID_VALID) {
    if (k.fails()) return -1;
    return k.waiting_.contains(*static_cast<uint64_t*>(argument)) ? 0 : k.fail(ENOENT);
  }
  if (command == SECCOMP_IOCTL_NOTIF_SEND) {
    const seccomp_notif_resp* response = static_cast<seccomp_notif_resp*>(argument);
    fuzz::require((response->flags & ~1u) == 0 && response->error <= 0 && response->error >= -4095, "an answer is one that the kernel takes");
    fuzz::require(response->flags == 0 || (response->error == 0 && response->val == 0), "what goes on has no other answer");
    if (!k.waiting_.contains(response->id)) return k.fail(ENOENT);
    k.settles(response->id);
    return 0;
  }
  if (command == SECCOMP_IOCTL_NOTIF_ADDFD) {
    const seccomp_notif_addfd* add = static_cast<seccomp_notif_addfd*>(argument);
    if (k.fails()) return -1;
    if (!k.waiting_.contains(add->id)) return k.fail(ENOENT);
    int node = k.node_of(static_cast<int>(add->srcfd));
    bool copy = (add->flags & SECCOMP_ADDFD_FLAG_SETFD) != 0;
    if (copy) fuzz::require(node >= 0 && k.nodes[static_cast<size_t>(node)].of_server && add->newfd == 1000, "only its own output is copied to a number");
    else k.gives(static_cast<int>(add->srcfd));
    if ((add->flags & SECCOMP_ADDFD_FLAG_SEND) != 0) k.settles(add->id);
    return 20;
  }
  if (command == 0xB702 /* NS_GET_PARENT */) return k.fails() ? -1 : k.add_plain("user:[1]");
  return k.fails() ? -1 : k.fail(ENOTTY);
}

// As many arguments as registers hold: a caller that gave fewer has something in them as well.
REAL(long, syscall, long, long, long, long, long, long);
long __wrap_syscall(long number, long a0, long a1, long a2, long a3, long a4) {
  if (kernel() == nullptr) return __real_syscall(number, a0, a1, a2, a3, a4);
  const long a[5] = {a0, a1, a2, a3, a4};
  FakeKernel& k = *kernel();
  int first = static_cast<int>(a[0]);
  const char* path = reinterpret_cast<const char*>(a[1]);
  switch (number) {
    case belljar::number::openat2: {
      open_how how{};
      memcpy(&how, reinterpret_cast<const void*>(a[2]), sizeof how);
      return k.open(first, path, how.flags, static_cast<uint32_t>(how.mode), how.resolve);
    }
    case belljar::number::faccessat2:
      return k.fails() ? -1 : 0;
    case belljar::number::pidfd_open: {
      if (k.fails()) return -1;
      int node = k.add_node(-1, "", 'x', "anon_inode:[pidfd]");
      k.nodes[static_cast<size_t>(node)].process = first;
      return k.add_file(node, O_RDWR);
    }
    case belljar::number::pidfd_getfd: {
      int node = k.node_of(first);
      fuzz::require(node >= 0 && k.in_run(k.nodes[static_cast<size_t>(node)].process), "descriptors are taken from the caller alone");
      return k.fails() ? -1 : k.caller_descriptor(static_cast<int>(a[1]));
    }
    case belljar::number::pidfd_send_signal: {
      int node = k.node_of(first);
      fuzz::require(node >= 0 && k.in_run(k.nodes[static_cast<size_t>(node)].process), "only the run is sent signals");
      return k.fails() ? -1 : 0;
    }
    case SYS_getdents64: {
      if (k.fails()) return -1;
      auto found = k.files_.find(first);
      if (found == k.files_.end()) return k.fail(EBADF);
      const auto& children = k.nodes[static_cast<size_t>(found->second.node)].children;
      size_t used = 0;
      for (size_t& at = found->second.offset; at < children.size(); at++) {
        const FakeKernel::Node& child = k.nodes[static_cast<size_t>(children[at])];
        dirent64 entry{};
        size_t size = (offsetof(dirent64, d_name) + child.name.size() + 8) / 8 * 8;
        if (used + size > static_cast<size_t>(a[2])) break;
        entry.d_reclen = static_cast<unsigned short>(size);
        entry.d_type = child.type == 'd' ? DT_DIR : child.type == 'l' || child.type == 'm' ? DT_LNK : child.type == 'f' ? DT_REG : DT_UNKNOWN;
        char* out = reinterpret_cast<char*>(a[1]) + used;
        memset(out, 0, size);
        memcpy(out, &entry, offsetof(dirent64, d_name));
        memcpy(out + offsetof(dirent64, d_name), child.name.data(), child.name.size());
        used += size;
      }
      return static_cast<long>(used);
    }
    case SYS_memfd_create:
      return k.fails() ? -1 : k.add_file(k.add_node(-1, "", 'x', "/memfd:" + std::string(reinterpret_cast<const char*>(a[0])) + " (deleted)"), O_RDWR);
    case SYS_renameat2:
      return move_name(k, first, path, static_cast<int>(a[2]), reinterpret_cast<const char*>(a[3]), static_cast<unsigned>(a[4]));
    case SYS_utimensat:
      return effect_on_fd(k, first, "given times");
    default:
      std::fprintf(stderr, "fuzz: system call %ld\n", number);
      fuzz::require(false, "a call that is known");
      return -1;
  }
}

REAL(int, mkdirat, int, const char*, mode_t);
int __wrap_mkdirat(int at, const char* path, mode_t mode) { return kernel() != nullptr ? make_name(*kernel(), at, path, 'd', "") : __real_mkdirat(at, path, mode); }
REAL(int, mknodat, int, const char*, mode_t, dev_t);
int __wrap_mknodat(int at, const char* path, mode_t mode, dev_t device) {
  if (kernel() == nullptr) return __real_mknodat(at, path, mode, device);
  fuzz::require(!S_ISDIR(mode) && (mode & 06000) == 0, "no folder and nothing that runs as its owner is made as a node");
  return make_name(*kernel(), at, path, S_ISFIFO(mode) ? 'p' : S_ISSOCK(mode) ? 's' : 'f', "");
}
REAL(int, symlinkat, const char*, int, const char*);
int __wrap_symlinkat(const char* text, int at, const char* path) { return kernel() != nullptr ? make_name(*kernel(), at, path, 'l', text) : __real_symlinkat(text, at, path); }
REAL(int, unlinkat, int, const char*, int);
int __wrap_unlinkat(int at, const char* path, int flags) { return kernel() != nullptr ? remove_name(*kernel(), at, path, flags) : __real_unlinkat(at, path, flags); }
REAL(int, linkat, int, const char*, int, const char*, int);
int __wrap_linkat(int from_at, const char* from, int to_at, const char* to, int flags) {
  return kernel() != nullptr ? link_name(*kernel(), from_at, from, to_at, to, flags) : __real_linkat(from_at, from, to_at, to, flags);
}
REAL(int, truncate, const char*, off_t);
int __wrap_truncate(const char* path, off_t length) { return kernel() != nullptr ? effect_on(*kernel(), path, "shortened") : __real_truncate(path, length); }
REAL(int, chmod, const char*, mode_t);
int __wrap_chmod(const char* path, mode_t mode) { return kernel() != nullptr ? effect_on(*kernel(), path, "given a mode") : __real_chmod(path, mode); }
REAL(int, fchmod, int, mode_t);
int __wrap_fchmod(int fd, mode_t mode) { return kernel() != nullptr ? effect_on_fd(*kernel(), fd, "given a mode") : __real_fchmod(fd, mode); }
REAL(int, fchownat, int, const char*, uid_t, gid_t, int);
int __wrap_fchownat(int fd, const char* path, uid_t user, gid_t group, int flags) { return kernel() != nullptr ? effect_on_fd(*kernel(), fd, "given an owner") : __real_fchownat(fd, path, user, group, flags); }
REAL(int, futimens, int, const timespec*);
int __wrap_futimens(int fd, const timespec* times) { return kernel() != nullptr ? effect_on_fd(*kernel(), fd, "given times") : __real_futimens(fd, times); }
REAL(int, setxattr, const char*, const char*, const void*, size_t, int);
int __wrap_setxattr(const char* path, const char* name, const void* value, size_t size, int flags) {
  return kernel() != nullptr ? effect_on(*kernel(), path, "given an attribute") : __real_setxattr(path, name, value, size, flags);
}
REAL(int, fsetxattr, int, const char*, const void*, size_t, int);
int __wrap_fsetxattr(int fd, const char* name, const void* value, size_t size, int flags) {
  return kernel() != nullptr ? effect_on_fd(*kernel(), fd, "given an attribute") : __real_fsetxattr(fd, name, value, size, flags);
}
REAL(int, removexattr, const char*, const char*);
int __wrap_removexattr(const char* path, const char* name) { return kernel() != nullptr ? effect_on(*kernel(), path, "robbed of an attribute") : __real_removexattr(path, name); }
REAL(int, fremovexattr, int, const char*);
int __wrap_fremovexattr(int fd, const char* name) { return kernel() != nullptr ? effect_on_fd(*kernel(), fd, "robbed of an attribute") : __real_fremovexattr(fd, name); }

REAL(int, inotify_add_watch, int, const char*, uint32_t);
int __wrap_inotify_add_watch(int fd, const char* path, uint32_t mask) {
  if (kernel() == nullptr) return __real_inotify_add_watch(fd, path, mask);
  FakeKernel& k = *kernel();
  if (k.fails()) return -1;
  int error = 0;
  int node = k.find(k.root, path, true, 0, error);
  if (node < 0) return k.fail(error);
  std::string place = k.path_of(node);
  bool placeless = k.nodes[static_cast<size_t>(node)].type == 'x';
  auto parts = fuzz::parts_of(place);
  bool own = k.nodes[static_cast<size_t>(node)].proc && parts.size() >= 2 && k.in_run(atoi(parts[1].c_str()));
  fuzz::require(placeless || own || k.allows(place, false), "nothing is watched that no rule lets be read");
  return 1;
}

REAL(int, socket, int, int, int);
int __wrap_socket(int domain, int kind, int protocol) {
  if (kernel() == nullptr) return __real_socket(domain, kind, protocol);
  if (kernel()->fails()) return -1;
  int fd = kernel()->add_channel(domain == AF_NETLINK ? Channel::routes : Channel::none);
  FakeKernel::Node& made = kernel()->nodes[static_cast<size_t>(kernel()->node_of(fd))];
  made.domain = domain;
  made.kind = kind & 0xF;
  made.protocol = protocol;
  return fd;
}
REAL(int, connect, int, const sockaddr*, socklen_t);
int __wrap_connect(int fd, const sockaddr* to, socklen_t size) {
  if (kernel() == nullptr) return __real_connect(fd, to, size);
  FakeKernel& k = *kernel();
  int node = k.node_of(fd);
  fuzz::require(node >= 0, "what is connected is open");
  k.reaches(to, size, node, false);
  if (k.fails()) return -1;
  return k.nodes[static_cast<size_t>(node)].domain == AF_UNIX ? 0 : k.fail(EINPROGRESS);
}
REAL(int, bind, int, const sockaddr*, socklen_t);
int __wrap_bind(int fd, const sockaddr* to, socklen_t size) {
  if (kernel() == nullptr) return __real_bind(fd, to, size);
  FakeKernel& k = *kernel();
  if (k.fails()) return -1;
  int node = k.node_of(fd);
  if (node < 0) return k.fail(EBADF);
  k.binds(to, size, node);
  return 0;
}
REAL(int, listen, int, int);
int __wrap_listen(int fd, int backlog) { return kernel() != nullptr ? (kernel()->fails() ? -1 : 0) : __real_listen(fd, backlog); }
REAL(int, getsockname, int, sockaddr*, socklen_t*);
int __wrap_getsockname(int fd, sockaddr* out, socklen_t* size) {
  if (kernel() == nullptr) return __real_getsockname(fd, out, size);
  FakeKernel& k = *kernel();
  if (k.fails()) return -1;
  int node = k.node_of(fd);
  if (node < 0) return k.fail(EBADF);
  const FakeKernel::Node& one = k.nodes[static_cast<size_t>(node)];
  sockaddr_storage storage{};
  storage.ss_family = static_cast<sa_family_t>(one.domain);
  socklen_t length = one.domain == AF_UNIX ? 2 : one.domain == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (!one.bound.empty()) {
    length = static_cast<socklen_t>(std::min(one.bound.size(), sizeof storage));
    memcpy(&storage, one.bound.data(), length);
  }
  memcpy(out, &storage, std::min(*size, length));
  *size = length;
  return 0;
}
REAL(int, getpeername, int, sockaddr*, socklen_t*);
int __wrap_getpeername(int fd, sockaddr* out, socklen_t* size) {
  if (kernel() == nullptr) return __real_getpeername(fd, out, size);
  if (kernel()->fails()) return -1;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  memcpy(out, &to, std::min<size_t>(*size, sizeof to));
  *size = sizeof to;
  return 0;
}
REAL(int, getsockopt, int, int, int, void*, socklen_t*);
int __wrap_getsockopt(int fd, int level, int name, void* out, socklen_t* size) {
  if (kernel() == nullptr) return __real_getsockopt(fd, level, name, out, size);
  FakeKernel& k = *kernel();
  if (k.fails()) return -1;
  int node = k.node_of(fd);
  if (node < 0) return k.fail(EBADF);
  const FakeKernel::Node& one = k.nodes[static_cast<size_t>(node)];
  if (one.domain == 0) return k.fail(ENOTSOCK);
  if (level == IPPROTO_TCP) {
    uint8_t state = (k.answer() & 1) != 0 ? 2 : 7;  // TCP_SYN_SENT, TCP_CLOSE
    memcpy(out, &state, 1);
    return 0;
  }
  if (name == SO_BINDTODEVICE) {
    memset(out, 0, *size);
    return 0;
  }
  int value = name == SO_DOMAIN ? one.domain : name == SO_TYPE ? one.kind : name == SO_PROTOCOL ? one.protocol : name == SO_ERROR ? (k.answer() & 1) * ECONNREFUSED : 0;
  memcpy(out, &value, std::min<size_t>(*size, sizeof value));
  return 0;
}
REAL(int, setsockopt, int, int, int, const void*, socklen_t);
int __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t size) { return kernel() != nullptr ? (kernel()->fails() ? -1 : 0) : __real_setsockopt(fd, level, name, value, size); }

REAL(ssize_t, recv, int, void*, size_t, int);
ssize_t __wrap_recv(int fd, void* out, size_t size, int flags) { return kernel() != nullptr ? take_packet(*kernel(), fd, nullptr, out, size) : __real_recv(fd, out, size, flags); }
REAL(ssize_t, recvmsg, int, msghdr*, int);
ssize_t __wrap_recvmsg(int fd, msghdr* header, int flags) {
  return kernel() != nullptr ? take_packet(*kernel(), fd, header, header->msg_iov->iov_base, header->msg_iov->iov_len) : __real_recvmsg(fd, header, flags);
}
REAL(ssize_t, send, int, const void*, size_t, int);
ssize_t __wrap_send(int fd, const void* bytes, size_t size, int flags) { return kernel() != nullptr ? give_packet(*kernel(), fd, nullptr, nullptr, 0, size) : __real_send(fd, bytes, size, flags); }
REAL(ssize_t, sendto, int, const void*, size_t, int, const sockaddr*, socklen_t);
ssize_t __wrap_sendto(int fd, const void* bytes, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  return kernel() != nullptr ? give_packet(*kernel(), fd, nullptr, to, to_size, size) : __real_sendto(fd, bytes, size, flags, to, to_size);
}
REAL(ssize_t, sendmsg, int, const msghdr*, int);
ssize_t __wrap_sendmsg(int fd, const msghdr* header, int flags) {
  return kernel() != nullptr ? give_packet(*kernel(), fd, header, header->msg_name, header->msg_namelen, header->msg_iov->iov_len) : __real_sendmsg(fd, header, flags);
}

REAL(int, kill, pid_t, int);
int __wrap_kill(pid_t process, int signal) {
  if (kernel() == nullptr) return __real_kill(process, signal);
  fuzz::require(signal == 0, "no signal is sent by number");
  return kernel()->fails() ? -1 : process == fuzz::other_process || kernel()->in_run(process) ? 0 : kernel()->fail(ESRCH);
}
REAL(int, eventfd, unsigned, int);
int __wrap_eventfd(unsigned value, int flags) { return kernel() != nullptr ? kernel()->add_plain("anon_inode:[eventfd]") : __real_eventfd(value, flags); }
REAL(int, pipe2, int*, int);
int __wrap_pipe2(int* ends, int flags) {
  if (kernel() == nullptr) return __real_pipe2(ends, flags);
  if (kernel()->fails()) return -1;
  ends[0] = kernel()->add_plain("pipe:[9]");
  ends[1] = kernel()->add_plain("pipe:[9]");
  return 0;
}
REAL(ssize_t, tee, int, int, size_t, unsigned);
ssize_t __wrap_tee(int from, int to, size_t size, unsigned flags) {
  if (kernel() == nullptr) return __real_tee(from, to, size, flags);
  uint8_t answer = kernel()->answer() % 3;
  return answer == 0 ? 0 : answer == 1 ? 1 : kernel()->fail(EAGAIN);
}
REAL(mode_t, umask, mode_t);
mode_t __wrap_umask(mode_t mask) { return kernel() != nullptr ? 022 : __real_umask(mask); }
REAL(int, prlimit, pid_t, int, const rlimit*, rlimit*);
int __wrap_prlimit(pid_t process, int resource, const rlimit* set, rlimit* out) {
  if (kernel() == nullptr) return __real_prlimit(process, resource, set, out);
  fuzz::require(set == nullptr, "no limit of another process is changed");
  if (kernel()->fails()) return -1;
  out->rlim_cur = out->rlim_max = (kernel()->answer() & 1) != 0 ? 100 : RLIM_INFINITY;
  return 0;
}
REAL(int, shmget, int, size_t, int);
int __wrap_shmget(int key, size_t size, int flags) {
  if (kernel() == nullptr) return __real_shmget(key, size, flags);
  fuzz::require(key == 0, "only private segments are made");
  return kernel()->fails() ? -1 : 5;
}
REAL(int, shmctl, int, int, void*);
int __wrap_shmctl(int segment, int command, void* out) {
  if (kernel() == nullptr) return __real_shmctl(segment, command, out);
  fuzz::require(segment == 5 && command == 0, "only the run's own segments are removed");
  return kernel()->fails() ? -1 : 0;
}
REAL(int, sched_getcpu, void);
int __wrap_sched_getcpu(void) { return kernel() != nullptr ? -1 : __real_sched_getcpu(); }
REAL(int, clock_gettime, clockid_t, timespec*);
int __wrap_clock_gettime(clockid_t clock, timespec* out) {
  if (kernel() == nullptr) return __real_clock_gettime(clock, out);
  kernel()->clock_ += 1'000'000;
  out->tv_sec = kernel()->clock_ / 1'000'000'000;
  out->tv_nsec = kernel()->clock_ % 1'000'000'000;
  return 0;
}

REAL(DIR*, opendir, const char*);
DIR* __wrap_opendir(const char* path) {
  if (kernel() == nullptr) return __real_opendir(path);
  FakeKernel& k = *kernel();
  int fd = k.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, 0);
  if (fd < 0) return nullptr;
  auto* listing = new FakeKernel::Listing;
  listing->fd = fd;
  for (int child : k.nodes[static_cast<size_t>(k.node_of(fd))].children) listing->names.push_back(k.nodes[static_cast<size_t>(child)].name);
  return reinterpret_cast<DIR*>(listing);
}
REAL(DIR*, fdopendir, int);
DIR* __wrap_fdopendir(int fd) {
  if (!fake(fd)) return __real_fdopendir(fd);
  FakeKernel& k = *kernel();
  if (k.fails()) return nullptr;
  auto* listing = new FakeKernel::Listing;
  listing->fd = fd;
  for (int child : k.nodes[static_cast<size_t>(k.node_of(fd))].children) listing->names.push_back(k.nodes[static_cast<size_t>(child)].name);
  return reinterpret_cast<DIR*>(listing);
}
REAL(dirent*, readdir, DIR*);
dirent* __wrap_readdir(DIR* folder) {
  if (kernel() == nullptr) return __real_readdir(folder);
  auto* listing = reinterpret_cast<FakeKernel::Listing*>(folder);
  if (listing->next >= listing->names.size()) return nullptr;
  dirent* entry = reinterpret_cast<dirent*>(listing->entry);
  snprintf(entry->d_name, sizeof entry->d_name, "%s", listing->names[listing->next++].c_str());
  return entry;
}
REAL(int, closedir, DIR*);
int __wrap_closedir(DIR* folder) {
  if (kernel() == nullptr) return __real_closedir(folder);
  auto* listing = reinterpret_cast<FakeKernel::Listing*>(folder);
  kernel()->close(listing->fd);
  delete listing;
  return 0;
}

}  // extern "C"
