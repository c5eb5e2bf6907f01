#include "socket-place.hpp"

#include "text.hpp"

namespace belljar {

namespace {

constexpr size_t socket_value_max = 4096;
constexpr size_t sockets_found_max = 8;

// A name below the runtime folder: no way out of it.
bool valid_below_runtime(std::string_view text) {
  if (text.empty() || text.size() > socket_name_max || text.front() == '/' || text.back() == '/') return false;
  for (std::string_view part : split(text, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
    for (char c : part) {
      bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
      if (!plain) return false;
    }
  }
  return true;
}

bool valid_socket_variable(std::string_view name) {
  if (name.empty() || name.size() > 255 || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char c : name) {
    bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) return false;
  }
  return true;
}

// D-Bus addresses escape bytes as %xx, in either case.
std::optional<std::string> unescape_bus_value(std::string_view text) {
  auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
    int byte = high * 16 + low;
    if (high < 0 || low < 0 || byte == 0) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<SocketPlace> parse_socket_place(std::string_view field, bool only_paths) {
  SocketPlace place;
  place.text = std::string(field);
  constexpr std::string_view variable = "env:", runtime = "xdg-runtime:";
  if (!only_paths && field == "display") {
    place.kind = SocketPlace::Kind::display;
    return place;
  }
  if (!only_paths && field.substr(0, variable.size()) == variable) {
    place.kind = SocketPlace::Kind::variable;
    place.value = std::string(field.substr(variable.size()));
    return valid_socket_variable(place.value) ? std::optional(place) : std::nullopt;
  }
  if (!only_paths && field.substr(0, runtime.size()) == runtime) {
    place.kind = SocketPlace::Kind::runtime;
    place.value = std::string(field.substr(runtime.size()));
    return valid_below_runtime(place.value) ? std::optional(place) : std::nullopt;
  }
  auto decoded = percent_decode(field);
  if (!decoded) return std::nullopt;
  if (!only_paths && decoded->size() > 1 && decoded->front() == '@') {
    place.kind = SocketPlace::Kind::abstract;
    place.value = decoded->substr(1);
    return place.value.size() <= socket_name_max ? std::optional(place) : std::nullopt;
  }
  if (decoded->empty() || decoded->front() != '/' || decoded->size() > 4095 || lexical_path("/", *decoded) != *decoded) return std::nullopt;
  place.value = std::move(*decoded);
  return place;
}

std::vector<std::string> sockets_of_value(std::string_view value, std::string_view runtime_folder) {
  std::vector<std::string> found;
  if (value.empty() || value.size() > socket_value_max) return found;
  auto add_path = [&found](std::string_view path) {
    if (!path.empty() && path.front() == '/' && found.size() < sockets_found_max) found.push_back(lexical_path("/", path));
  };
  // PulseAudio may name the machine first.
  if (value.front() == '{' && value.find('}') != std::string_view::npos) value = value.substr(value.find('}') + 1);
  if (value.substr(0, 1) == "/") {
    // tmux says a process and a session after the path.
    size_t session = value.rfind(',');
    size_t process = session == std::string_view::npos || session == 0 ? std::string_view::npos : value.rfind(',', session - 1);
    if (process != std::string_view::npos && parse_number(value.substr(process + 1, session - process - 1), UINT32_MAX) &&
        parse_number(value.substr(session + 1), UINT32_MAX)) {
      value = value.substr(0, process);
    }
    add_path(value);
    return found;
  }
  if (valid_below_runtime(value) && value.find('/') == std::string_view::npos) {
    add_path(std::string(runtime_folder) + "/" + std::string(value));
    return found;
  }
  for (std::string_view address : split(value, ';')) {
    constexpr std::string_view scheme = "unix:";
    if (address.substr(0, scheme.size()) != scheme) continue;
    std::string_view rest = address.substr(scheme.size());
    if (rest.substr(0, 2) == "//") rest.remove_prefix(2);
    if (rest.substr(0, 1) == "/") {
      add_path(rest);
      continue;
    }
    for (std::string_view pair : split(rest, ',')) {
      size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      auto text = unescape_bus_value(pair.substr(equals + 1));
      if (!text) continue;
      std::string_view key = pair.substr(0, equals);
      if (key == "path") add_path(*text);
      if (key == "abstract" && !text->empty() && text->size() <= socket_name_max && found.size() < sockets_found_max) found.push_back("@" + *text);
    }
  }
  return found;
}

std::vector<std::string> sockets_of_display(std::string_view value) {
  size_t colon = value.find(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = value.substr(0, colon);
  std::string_view number = value.substr(colon + 1);
  if (!host.empty() && host != "unix") return {};
  size_t dot = number.find('.');
  if (dot != std::string_view::npos) {
    if (!parse_number(number.substr(dot + 1), 65'535)) return {};
    number = number.substr(0, dot);
  }
  auto display = parse_number(number, 65'535);
  if (!display) return {};
  std::string path = "/tmp/.X11-unix/X" + std::to_string(*display);
  return {path, "@" + path};
}

}  // namespace belljar
