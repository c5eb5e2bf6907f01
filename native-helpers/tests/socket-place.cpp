#include "../launcher/core/socket-place.hpp"

#include "check.hpp"

using namespace belljar;

namespace {

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) out += (out.empty() ? "" : " ") + one;
  return out;
}

std::string value(std::string_view text) { return joined(sockets_of_value(text, "/run/user/1")); }

}  // namespace

void test_socket_place() {
  using Kind = SocketPlace::Kind;
  auto kind = [](std::string_view field) {
    auto place = parse_socket_place(field, false);
    return place ? static_cast<int>(place->kind) : -1;
  };
  check::equal(kind("/run/a%20b"), static_cast<int>(Kind::path), "a path");
  check::equal(parse_socket_place("/run/a%20b", false)->value, std::string("/run/a b"), "decoded");
  check::equal(kind("@/tmp/.X11-unix/X0"), static_cast<int>(Kind::abstract), "an abstract name");
  check::equal(kind("env:SSH_AUTH_SOCK"), static_cast<int>(Kind::variable), "a variable");
  check::equal(kind("xdg-runtime:pulse/native"), static_cast<int>(Kind::runtime), "below the runtime folder");
  check::equal(kind("display"), static_cast<int>(Kind::display), "the display");
  for (const char* field : {"run/x", "/run/../x", "/run/", "@", "env:", "env:A-B", "env:1A", "env:*", "xdg-runtime:", "xdg-runtime:/x", "xdg-runtime:a/../b",
                            "xdg-runtime:a//b", "xdg-runtime:a/", "xdg-runtime:a%20b", "displays", "Display", "/a%2", "@a%zz", "cwd", "arg:0", "~"}) {
    check::equal(kind(field), -1, std::string("not a socket: ") + field);
  }
  check::equal(kind("@" + std::string(107, 'x')), static_cast<int>(Kind::abstract), "the longest name");
  check::equal(kind("@" + std::string(108, 'x')), -1, "longer than an address holds");
  for (const char* field : {"@x", "env:A", "xdg-runtime:a", "display"}) {
    check::that(!parse_socket_place(field, true), std::string("version 2 knew paths only: ") + field);
  }

  check::equal(value("/tmp/ssh-x/agent.1"), std::string("/tmp/ssh-x/agent.1"), "an agent's path");
  check::equal(value("/tmp/./a/../b"), std::string("/tmp/b"), "made plain");
  check::equal(value("/tmp/tmux-1/default,1234,0"), std::string("/tmp/tmux-1/default"), "as tmux writes it");
  check::equal(value("/tmp/a,b,c"), std::string("/tmp/a,b,c"), "a path that holds commas");
  check::equal(value("wayland-1"), std::string("/run/user/1/wayland-1"), "a name below the runtime folder");
  check::equal(value("unix:///run/user/1/docker.sock"), std::string("/run/user/1/docker.sock"), "as docker writes it");
  check::equal(value("unix:/run/user/1/pulse/native"), std::string("/run/user/1/pulse/native"), "as PulseAudio writes it");
  check::equal(value("{0123abc}unix:/run/p"), std::string("/run/p"), "with the machine before it");
  check::equal(value("unix:path=/run/user/1/bus,guid=0123"), std::string("/run/user/1/bus"), "as D-Bus writes it");
  check::equal(value("unix:path=/run/a%20b;unix:abstract=/tmp/dbus-x,guid=1"), std::string("/run/a b @/tmp/dbus-x"), "a list");
  for (const char* text : {"", "tcp:host=localhost,port=1", "tcp://127.0.0.1:2375", "ssh://host", "unix:", "unix:path=", "unix:path=relative", "unix:path=/a%00b",
                           "unix:path=/a%4", "unix:tmpdir=/tmp", "a/b", "..", "autolaunch:", "name with blank", "unix:abstract="}) {
    check::equal(value(text), std::string(), std::string("leads to none: ") + text);
  }
  check::equal(value(std::string(5000, '/')), std::string(), "too long");

  check::equal(joined(sockets_of_display(":0")), std::string("/tmp/.X11-unix/X0 @/tmp/.X11-unix/X0"), "a display");
  check::equal(joined(sockets_of_display("unix:12.1")), std::string("/tmp/.X11-unix/X12 @/tmp/.X11-unix/X12"), "with a screen");
  for (const char* text : {"", "0", ":", ":x", ":0.", ":0.x", "host:0", "localhost:10.0", ":99999", ":-1", ":../../x"}) {
    check::equal(joined(sockets_of_display(text)), std::string(), std::string("no display of this machine: ") + text);
  }
}
