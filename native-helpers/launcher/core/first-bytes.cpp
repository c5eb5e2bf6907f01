#include "first-bytes.hpp"

#include <algorithm>
#include <cstdint>

#include "host-rules.hpp"

namespace belljar {

namespace {

using State = FirstBytes::State;

FirstBytes only(State state) { return {state, {}}; }

uint8_t at(std::string_view bytes, size_t index) { return static_cast<uint8_t>(bytes[index]); }
size_t two(std::string_view bytes, size_t index) { return static_cast<size_t>(at(bytes, index)) << 8 | at(bytes, index + 1); }

// A name as it may be compared and shown, or nothing.
FirstBytes name_of(std::string_view text) {
  if (text.empty() || text.size() > host_name_max + 1) return only(State::broken);
  for (char c : text) {
    if (c <= 0x20 || c >= 0x7F) return only(State::broken);
  }
  std::string name = normal_host_name(text);
  if (name.empty() || name.size() > host_name_max) return only(State::broken);
  return {State::named, std::move(name)};
}

// The server name extension's list: one entry, a host name.
FirstBytes server_name(std::string_view body) {
  if (body.size() < 5 || two(body, 0) != body.size() - 2 || at(body, 2) != 0) return only(State::broken);
  if (two(body, 3) != body.size() - 5) return only(State::broken);
  return name_of(body.substr(5));
}

// A whole client hello, without the handshake header.
FirstBytes hello_body(std::string_view body) {
  size_t offset = 2 + 32;
  auto skip = [&body, &offset](size_t width, size_t least) {
    if (offset + width > body.size()) return false;
    size_t length = width == 1 ? at(body, offset) : two(body, offset);
    offset += width;
    if (length < least || length > body.size() - offset) return false;
    offset += length;
    return true;
  };
  if (!skip(1, 0) || !skip(2, 2) || !skip(1, 1)) return only(State::broken);
  if (offset == body.size()) return only(State::unnamed);
  if (offset + 2 > body.size() || two(body, offset) != body.size() - offset - 2) return only(State::broken);
  offset += 2;
  FirstBytes found = only(State::unnamed);
  bool seen = false;
  while (offset < body.size()) {
    if (offset + 4 > body.size()) return only(State::broken);
    size_t type = two(body, offset);
    size_t length = two(body, offset + 2);
    offset += 4;
    if (length > body.size() - offset) return only(State::broken);
    if (type == 0) {
      if (seen) return only(State::broken);
      seen = true;
      found = server_name(body.substr(offset, length));
      if (found.state != State::named) return found;
    }
    offset += length;
  }
  return found;
}

bool token(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// `host`, `host:port`; addresses in brackets stand as they are.
FirstBytes authority(std::string_view text) {
  if (text.find_first_of("@/?#\\") != std::string_view::npos) return only(State::broken);
  size_t colon = text.rfind(':');
  bool bracket = !text.empty() && text.back() == ']';
  if (colon != std::string_view::npos && !bracket) {
    std::string_view port = text.substr(colon + 1);
    if (port.size() > 5 || !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) return only(State::broken);
    text = text.substr(0, colon);
  }
  return name_of(text);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower_case) { return normal_host_name(text) == lower_case; }

// A method, as far as it goes, then a space or tab. Any method, however long: servers take what they do not know.
State method(std::string_view bytes, size_t& length) {
  length = 0;
  while (length < bytes.size() && token(bytes[length])) length++;
  if (length == bytes.size()) return length < http_head_max ? State::more : State::broken;
  return length > 0 && (bytes[length] == ' ' || bytes[length] == '\t') ? State::named : State::other;
}

// What stands after the method and its space: can it be a request's target? A path, `*`, a scheme with `://`, or, after
// CONNECT, a host. Other protocols' lines are told apart here, without waiting for their end.
State target_start(std::string_view method_name, std::string_view rest) {
  if (normal_host_name(method_name) == "connect") return State::named;
  if (rest.empty()) return State::more;
  if (rest[0] == '/' || rest[0] == '*' || rest[0] == ' ' || rest[0] == '\t') return State::named;
  for (size_t i = 0; i < rest.size(); i++) {
    char c = rest[i];
    if (c == ':' && i > 0) {
      std::string_view after = rest.substr(i, 3);
      return after == "://" ? State::named : std::string_view("://").substr(0, after.size()) == after ? State::more : State::other;
    }
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (i > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'));
    if (!letter || i > 32) return State::other;
  }
  return State::more;
}

}  // namespace

FirstBytes read_client_hello(std::string_view bytes) {
  // The hello may be cut into records at any place.
  std::string hello;
  size_t offset = 0;
  while (true) {
    if (offset < bytes.size() && at(bytes, offset) != 22) return only(offset == 0 ? State::other : State::broken);
    if (offset + 1 < bytes.size() && at(bytes, offset + 1) != 3) return only(offset == 0 ? State::other : State::broken);
    bool header = offset + 5 <= bytes.size();
    size_t length = header ? two(bytes, offset + 3) : 0;
    if (header && (length == 0 || length > client_hello_max)) return only(State::broken);
    size_t present = header ? std::min(length, bytes.size() - offset - 5) : 0;
    if (header) hello.append(bytes.substr(offset + 5, present));
    if (!hello.empty() && hello[0] != 1) return only(State::broken);
    if (hello.size() >= 4) {
      size_t size = static_cast<size_t>(at(hello, 1)) << 16 | two(hello, 2);
      if (size > client_hello_max || size < 2 + 32 + 1 + 2 + 2 + 1 + 1) return only(State::broken);
      if (hello.size() >= 4 + size) return hello_body(std::string_view(hello).substr(4, size));
    }
    if (!header || present < length) break;
    offset += 5 + length;
  }
  return only(bytes.size() >= first_bytes_max ? State::broken : State::more);
}

FirstBytes read_http_head(std::string_view bytes) {
  // Web servers skip empty lines before a request, and some skip blanks.
  size_t before = bytes.find_first_not_of("\r\n");
  size_t empty = bytes.find_first_not_of("\r\n \t");
  if (empty == std::string_view::npos) return only(bytes.size() >= http_head_max ? State::broken : State::more);
  bytes.remove_prefix(empty);
  size_t method_length = 0;
  State start = method(bytes, method_length);
  if (start != State::named) return only(start);
  start = target_start(bytes.substr(0, method_length), bytes.substr(method_length + 1));
  if (start != State::named) return only(start);
  size_t line_end = bytes.find('\n');
  if (line_end == std::string_view::npos) return only(bytes.size() >= http_head_max ? State::broken : State::more);
  std::string_view line = bytes.substr(0, line_end);
  // What merely resembles a request of HTTP is none that two programs read alike; what does not is another protocol's line.
  bool resembles = normal_host_name(line).find("http/") != std::string::npos;
  if (resembles && empty != before) return only(State::broken);
  if (line.empty() || line.back() != '\r') return only(resembles ? State::broken : State::other);
  line.remove_suffix(1);
  size_t last_space = line.rfind(' ');
  std::string_view version = last_space == std::string_view::npos ? std::string_view() : line.substr(last_space + 1);
  if (version == "HTTP/2.0" && line.substr(0, method_length) == "PRI") return only(State::other);
  if (version.size() != 8 || version.substr(0, 7) != "HTTP/1.") return only(resembles ? State::broken : State::other);
  if (last_space <= method_length || bytes[method_length] != ' ') return only(State::broken);
  std::string_view target = line.substr(method_length + 1, last_space - method_length - 1);
  if (target.empty() || target.find_first_of(" \t\r\0", 0, 4) != std::string_view::npos) return only(State::broken);
  FirstBytes named = only(State::unnamed);  // by the target itself
  if (line.substr(0, method_length) == "CONNECT") {
    named = authority(target);
  } else if (target[0] != '/' && target != "*") {
    size_t scheme = target.find("://");
    if (scheme == std::string_view::npos) return only(State::broken);
    std::string_view rest = target.substr(scheme + 3);
    named = authority(rest.substr(0, rest.find_first_of("/?#")));
  }
  if (named.state == State::broken) return named;

  FirstBytes host = only(State::unnamed);
  size_t position = line_end + 1;
  while (true) {
    size_t end = bytes.find('\n', position);
    if (end == std::string_view::npos) return only(bytes.size() >= http_head_max ? State::broken : State::more);
    if (end > http_head_max) return only(State::broken);
    line = bytes.substr(position, end - position);
    if (line.empty() || line.back() != '\r') return only(State::broken);
    line.remove_suffix(1);
    if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) return only(State::broken);
    position = end + 1;
    if (line.empty()) break;
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return only(State::broken);
    std::string_view field = line.substr(0, colon);
    // A folded line, or a space before the colon, is read in two ways by two programs.
    if (!std::all_of(field.begin(), field.end(), token)) return only(State::broken);
    if (!equal_ignoring_case(field, "host")) continue;
    if (host.state != State::unnamed) return only(State::broken);
    host = authority(trim(line.substr(colon + 1)));
    if (host.state != State::named) return only(State::broken);
  }
  if (named.state == State::named && host.state == State::named && named.name != host.name) return only(State::broken);
  return host.state == State::named ? host : named;
}

FirstBytes read_first_bytes(std::string_view bytes) {
  if (bytes.empty()) return only(State::more);
  if (at(bytes, 0) == 22) return read_client_hello(bytes);
  return read_http_head(bytes);
}

}  // namespace belljar
