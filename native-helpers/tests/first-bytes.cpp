#include "../launcher/core/first-bytes.hpp"

#include "check.hpp"

using namespace belljar;
using State = FirstBytes::State;

namespace {

std::string be16(size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)}; }

std::string extension(size_t type, const std::string& body) { return be16(type) + be16(body.size()) + body; }

std::string server_name(const std::string& name) { return extension(0, be16(name.size() + 3) + std::string(1, '\0') + be16(name.size()) + name); }

std::string handshake(const std::string& extensions, bool with_extensions = true) {
  std::string body = std::string("\x03\x03", 2) + std::string(32, 'r') + std::string("\x20", 1) + std::string(32, 's') + be16(2) + std::string("\x13\x01", 2) +
                     std::string("\x01\x00", 2);
  if (with_extensions) body += be16(extensions.size()) + extensions;
  return std::string(1, '\x01') + std::string(1, static_cast<char>(body.size() >> 16)) + be16(body.size() & 0xFFFF) + body;
}

std::string records(const std::string& message, size_t size) {
  std::string out;
  for (size_t at = 0; at < message.size(); at += size) {
    std::string part = message.substr(at, size);
    out += std::string("\x16\x03\x01", 3) + be16(part.size()) + part;
  }
  return out;
}

const char* name_of(State state) {
  constexpr const char* names[] = {"more", "other", "named", "unnamed", "broken"};
  return names[static_cast<int>(state)];
}

void expect(std::string_view bytes, State state, const std::string& name, const std::string& what) {
  FirstBytes found = read_first_bytes(bytes);
  check::equal(std::string(name_of(found.state)) + " " + found.name, std::string(name_of(state)) + " " + name, what);
}

void test_hello() {
  std::string good = records(handshake(server_name("Api.Example.com")), 16'384);
  expect(good, State::named, "api.example.com", "a client hello");
  for (size_t size : {size_t{1}, size_t{3}, size_t{60}}) expect(records(handshake(server_name("a.b")), size), State::named, "a.b", "cut into records");
  for (size_t length = 1; length < good.size(); length++) {
    if (read_first_bytes(std::string_view(good).substr(0, length)).state != State::more) check::that(false, "a beginning of " + std::to_string(length));
  }
  expect(good + "more", State::named, "api.example.com", "what follows does not matter");
  expect(records(handshake(""), 1000), State::unnamed, "", "no server name");
  expect(records(handshake("", false), 1000), State::unnamed, "", "no extensions");
  expect(records(handshake(server_name("a.b") + server_name("c.d")), 1000), State::broken, "", "two server names");
  expect(records(handshake(server_name("")), 1000), State::broken, "", "an empty server name");
  expect(records(handshake(server_name("a b")), 1000), State::broken, "", "a server name with a blank");
  expect(records(handshake(server_name(std::string("a\0b", 3))), 1000), State::broken, "", "a server name with a zero");
  expect(records(handshake(server_name(std::string(255, 'a'))), 1000), State::broken, "", "a server name that is too long");
  expect(records(handshake(extension(21, std::string(8000, 'p')) + server_name("a.b")), 4000), State::named, "a.b", "a long one");
  expect(records(handshake(extension(21, std::string(16'384, 'p')) + server_name("a.b")), 16'384), State::broken, "", "one that is too long");
  expect(records(handshake(extension(0xFE0D, std::string(200, 'e')) + server_name("outer.example")), 4000), State::named, "outer.example", "encrypted: the outer name counts");
  expect(records("\x02" + handshake(server_name("a.b")).substr(1), 1000), State::broken, "", "another handshake message");
  expect(std::string("\x16\x03\x01\x00\x00", 5), State::broken, "", "an empty record");
  std::string cut = records(handshake(server_name("a.b")), 40);
  cut[45] = 23;
  expect(cut, State::broken, "", "another record between");
  std::string longer = handshake(server_name("a.b"));
  longer[3] = static_cast<char>(longer[3] - 1);
  expect(records(longer, 1000), State::broken, "", "a length that does not fit");
  expect(std::string("\x80\x2e\x01\x03\x01", 5), State::other, "", "an old hello");
}

void test_http() {
  expect("GET / HTTP/1.1\r\nHost: Api.Example.com\r\n\r\n", State::named, "api.example.com", "a request");
  expect("\r\nPOST /x HTTP/1.0\r\nA: b\r\nhOsT:\t a.b:8080 \r\n\r\nbody", State::named, "a.b", "with a port, blanks and an empty line before");
  expect("GET http://a.b/x HTTP/1.1\r\nHost: a.b\r\n\r\n", State::named, "a.b", "an absolute target");
  expect("GET http://a.b/x HTTP/1.1\r\nHost: c.d\r\n\r\n", State::broken, "", "an absolute target of another host");
  expect("GET http://a.b/x HTTP/1.0\r\n\r\n", State::named, "a.b", "an absolute target alone");
  expect("CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n", State::named, "a.b", "a tunnel");
  expect("CONNECT c.d:443 HTTP/1.1\r\nHost: a.b\r\n\r\n", State::broken, "", "a tunnel to another host");
  expect("OPTIONS * HTTP/1.1\r\nHost: a.b\r\n\r\n", State::named, "a.b", "about the server itself");
  expect("GET / HTTP/1.0\r\n\r\n", State::unnamed, "", "no host");
  expect("GET / HTTP/1.1\r\nHost: a.b\r\n", State::more, "", "a head that is not whole");
  expect("GE", State::more, "", "half a method");
  expect("M-SEARCH9 / HTTP/1.1\r\nHost: a.b\r\n\r\n", State::named, "a.b", "a method of more than letters");
  expect(std::string(200, 'A') + " / HTTP/1.1\r\nHost: a.b\r\n\r\n", State::named, "a.b", "a long method");
  expect(std::string(http_head_max, 'A'), State::broken, "", "a method without an end");
  for (const char* bad : {"GET / HTTP/1.1\r\nHost: a.b\r\nHost: a.b\r\n\r\n", "GET / HTTP/1.1\r\nHost: \r\n\r\n", "GET / HTTP/1.1\r\n Host: a.b\r\n\r\n",
                          "GET / HTTP/1.1\r\nHost : a.b\r\n\r\n", "GET / HTTP/1.1\nHost: a.b\n\n", "GET / HTTP/1.1\r\nX: y\rHost: c.d\r\nHost: a.b\r\n\r\n",
                          "GET / HTTP/1.1\r\nHost: u@a.b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a.b/c\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a.b\r\n\r\n",
                          "GET / http/1.1\r\nHost: a.b\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a.b\r\n\r\n", "GET\t/ HTTP/1.1\r\nHost: a.b\r\n\r\n",
                          "GET / HTTP/3.0\r\n\r\n", "GET a://b:x/ HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nnonsense\r\n\r\n", " GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", "\r\n\tGET / HTTP/1.1\r\nHost: a.b\r\n\r\n"}) {
    expect(bad, State::broken, "", std::string("malformed: ") + bad);
  }
  expect(std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 30), State::broken, "", "a zero");
  for (const char* other : {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SSH-2.0-x\r\n", "one 0x55", "HELO me.example\r\n", "get key\r\n", "PING\r\n", "*1\r\n$4\r\n", "{\"a\":1}", "USER a:b\r\n"}) {
    expect(other, State::other, "", std::string("another protocol: ") + other);
  }
  expect("GET /" + std::string(http_head_max, 'x'), State::broken, "", "a line without an end");
  expect("GET / HTTP/1.1\r\nX: " + std::string(http_head_max, 'x') + "\r\n\r\n", State::broken, "", "a head that is too long");
}

}  // namespace

void test_first_bytes() {
  test_hello();
  test_http();
  expect("", State::more, "", "nothing yet");
}
