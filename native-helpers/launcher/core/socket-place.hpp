// Where a Unix socket is that a plan names: a path, an abstract name, or what the client's environment says at this start.
// Pure: values come in as text, and what comes out is looked at by whoever asked.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belljar {

struct SocketPlace {
  enum class Kind {
    path,
    abstract,  // `@name`
    variable,  // `env:NAME`: where this variable leads
    runtime,   // `xdg-runtime:name`: below the user's runtime folder
    display,   // `display`: of the X11 display that DISPLAY names
  };
  Kind kind = Kind::path;
  std::string value;  // path, name without its mark, variable, or name below the runtime folder
  std::string text;   // as written, for messages
};

constexpr size_t socket_places_max = 8;
constexpr size_t socket_name_max = 107;  // of sockaddr_un's 108 bytes; an abstract name has a zero before it

// `field` as it stands in a plan, percent-encoded; version 2 knew paths only.
std::optional<SocketPlace> parse_socket_place(std::string_view field, bool only_paths);

// What a variable that leads to sockets says: a path, a name below the runtime folder, `unix:/path`, `unix:///path`, or a
// D-Bus address list (`unix:path=…,guid=…;unix:abstract=…`). Abstract names come back with `@` before them, names below the
// runtime folder joined to it. Whatever else it says (a host, a command) leads to none.
std::vector<std::string> sockets_of_value(std::string_view value, std::string_view runtime_folder);

// `:0`, `:0.0`, `unix:0`: both ways to the display of that number. A display of another machine leads to none.
std::vector<std::string> sockets_of_display(std::string_view value);

}  // namespace belljar
