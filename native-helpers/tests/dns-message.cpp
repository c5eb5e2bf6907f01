#include "../launcher/core/dns-message.hpp"

#include "check.hpp"

using namespace belljar;

namespace {

std::string two(size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)}; }

std::string name(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::string_view label = text.substr(0, text.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    text.remove_prefix(label.size() == text.size() ? text.size() : label.size() + 1);
  }
  return out + '\0';
}

std::string record(const std::string& owner, size_t type, uint32_t ttl, const std::string& data) {
  return owner + two(type) + two(1) + two(ttl >> 16) + two(ttl & 0xFFFF) + two(data.size()) + data;
}

std::string answer_message(const std::string& question, size_t type, const std::vector<std::string>& records, size_t flags = 0x8180, uint16_t id = 7) {
  std::string out = two(id) + two(flags) + two(1) + two(records.size()) + two(0) + two(0) + name(question) + two(type) + two(1);
  for (const std::string& one : records) out += one;
  return out;
}

const std::string same = "\xC0\x0C";  // the question's name
const std::string four("\x08\x08\x08\x08", 4);

void test_queries() {
  DnsQuery query;
  std::string plain = build_dns_query(0x1234, "api.example.com", dns_type::a);
  check::that(parse_dns_query(plain, query), "a query");
  check::that(query.id == 0x1234 && query.recursion && !query.extended && query.type == 1 && query.plain && query.name == "api.example.com", "and what it holds");
  std::string upper = plain;
  upper[13] = 'A', upper[14] = 'P';
  check::that(parse_dns_query(upper, query) && query.name == "api.example.com" && query.question.substr(1, 3) == "APi", "case is kept for the answer only");
  std::string extended = plain;
  extended[11] = 1;
  extended += std::string("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
  check::that(parse_dns_query(extended, query) && query.extended, "with an OPT record");
  for (size_t length = 0; length < extended.size(); length++) {
    if (parse_dns_query(extended.substr(0, length), query)) check::that(false, "a query cut at " + std::to_string(length));
  }
  auto refused = [&query](std::string bytes, const char* what) { check::that(!parse_dns_query(bytes, query), what); };
  refused(plain + "x", "something behind it");
  std::string bytes = plain;
  bytes[2] = '\x81';
  refused(bytes, "an answer");
  bytes = plain, bytes[2] = '\x29';
  refused(bytes, "an update");
  bytes = plain, bytes[5] = 2;
  refused(bytes, "two questions");
  bytes = plain, bytes[bytes.size() - 1] = 3;
  refused(bytes, "another class");
  bytes = plain, bytes[12] = '\xC0';
  refused(bytes, "a pointer in a question");
  bytes = plain, bytes[12] = '\x40';
  refused(bytes, "an odd kind of label");
  std::string long_name;
  for (int i = 0; i < 5; i++) long_name += std::string(62, 'a') + ".";
  refused(build_dns_query(1, long_name + "b", 1), "a name that is too long");
  std::string odd = plain.substr(0, 12) + std::string("\x04" "a.\0b\x03" "com\0\0\x01\0\x01", 14);
  check::that(parse_dns_query(odd, query) && !query.plain && query.name == "a\\046\\000b.com", "odd bytes are seen as such");
  std::string root = plain.substr(0, 12) + std::string("\0\0\x02\0\x01", 5);
  check::that(parse_dns_query(root, query) && query.name.empty() && query.plain, "the root");
}

void test_answers() {
  DnsAnswer answer;
  auto parse = [&answer](const std::string& bytes, const char* asked = "a.example", uint16_t type = dns_type::a, bool bare = true) {
    return parse_dns_answer(bytes, 7, asked, type, bare, answer);
  };
  check::that(parse(answer_message("A.Example", 1, {record(same, 1, 300, four), record(same, 1, 60, "\x01\x02\x03\x04")})), "two addresses");
  check::that(answer.addresses.size() == 2 && answer.count == 2 && answer.addresses[0].ttl == 300 && host_text(answer.addresses[1].address) == "1.2.3.4", "and what they are");
  check::that(parse(answer_message("a.example", 1, {record(same, 5, 30, name("b.example")), record(name("b.example"), 1, 300, four)})), "a chain");
  check::that(answer.addresses.size() == 1 && answer.addresses[0].ttl == 30 && answer.count == 2, "holds as long as its shortest part");
  check::that(parse(answer_message("a.example", 1, {record(name("other.example"), 1, 300, four)})) && answer.addresses.empty() && answer.count == 0, "a record of another name");
  check::that(parse(answer_message("a.example", 1, {record(same, 5, 30, name("b.example")), record(same, 1, 300, four)})) && answer.addresses.empty(), "an address beside a chain");
  check::that(parse(answer_message("a.example", 1, {record(same, 5, 30, same)})) && answer.addresses.empty(), "a chain to itself ends");
  check::that(parse(answer_message("a.example", 1, {record(same, 28, 300, std::string(16, 1))})) && answer.addresses.empty(), "another type");
  check::that(parse(answer_message("a.example", 1, {record(same, 1, 300, "abc")})) && answer.count == 0, "an address of three bytes");
  check::that(parse(answer_message("a.example", 1, {record(same, 1, 0x80000001u, four)})) && answer.addresses[0].ttl == 0, "a negative time is none");
  check::that(parse(answer_message("a.example", 1, {record(same, 1, 0x7FFFFFFFu, four)})) && answer.addresses[0].ttl == dns_ttl_max, "no time is longer than a day");
  check::that(parse(answer_message("a.example", 1, {}, 0x8183)) && answer.code == dns_code::no_such_name, "no such name");
  check::that(parse(answer_message("a.example", 1, {}, 0x8380)) && answer.truncated, "cut");
  auto refused = [&parse](const std::string& bytes, const char* what) { check::that(!parse(bytes), what); };
  refused(answer_message("b.example", 1, {}), "another question");
  refused(answer_message("a.example", 28, {}), "another type of question");
  refused(answer_message("a.example", 1, {}, 0x0180), "a query is no answer");
  refused(answer_message("a.example", 1, {}, 0x8180, 8), "another number");
  std::string good = answer_message("a.example", 1, {record(same, 5, 30, name("b.example")), record(name("b.example"), 1, 300, four)});
  for (size_t length = 0; length < good.size(); length++) {
    if (parse(good.substr(0, length))) check::that(false, "an answer cut at " + std::to_string(length));
  }
  // Pointers: to itself, forwards, each to the next.
  size_t at = 12 + name("a.example").size() + 4;
  refused(answer_message("a.example", 1, {record(std::string("\xC0") + static_cast<char>(at), 1, 60, four)}), "a pointer to itself");
  refused(answer_message("a.example", 1, {record(std::string("\xC0") + static_cast<char>(at + 2), 1, 60, four)}), "a pointer forwards");
  refused(answer_message("a.example", 1, {record(std::string("\xC0\x02", 2), 1, 60, four)}), "a pointer into the header");
  refused(answer_message("a.example", 1, {record("\x01" "a\xC0" + std::string(1, static_cast<char>(at)), 1, 60, four)}), "a pointer to a name's own beginning");

  // HTTPS: a target elsewhere, hints and the encrypted hello.
  auto service = [](const std::string& target, const std::string& parameters) { return two(1) + target + parameters; };
  auto parameter = [](size_t key, const std::string& value) { return two(key) + two(value.size()) + value; };
  std::string alpn = parameter(1, "\x02h2");
  std::string hints = parameter(4, four);
  std::string hello = parameter(5, "secret");
  // Addresses that are made up here: not from outside, in whatever form.
  std::string beside = answer_message("a.example", 1, {record(same, 1, 60, std::string("\xC6\x12\x00\x01", 4)), record(same, 1, 60, std::string("\xC6\x13\x09\x09", 4)), record(same, 1, 60, four)});
  check::that(parse(beside) && answer.count == 1 && answer.addresses.size() == 1 && host_text(answer.addresses[0].address) == "8.8.8.8", "made-up addresses are dropped beside a real one");
  check::that(parse(beside, "a.example", dns_type::a, false) && answer.count == 3, "where none are made up they stay");
  std::string mapped = std::string(10, '\0') + "\xFF\xFF" + std::string("\xC6\x12\x00\x01", 4);
  check::that(parse(answer_message("a.example", 28, {record(same, 28, 60, mapped)}), "a.example", dns_type::aaaa) && answer.count == 0 && answer.addresses.empty(), "mapped ones as well");
  auto https = [&](const std::string& data, bool bare) { return parse(answer_message("a.example", 65, {record(same, 65, 60, data)}), "a.example", dns_type::https, bare); };
  check::that(https(service(std::string(1, '\0'), alpn + hints + hello), false) && answer.count == 1 && answer.addresses.size() == 1 &&
                  answer.records.find("secret") != std::string::npos, "kept whole where names are not checked");
  check::that(https(service(std::string(1, '\0'), alpn + hints + hello), true) && answer.count == 1 && answer.addresses.empty() &&
                  answer.records.find("secret") == std::string::npos && answer.records.find("h2") != std::string::npos, "bare where they are");
  check::that(https(service(name("elsewhere.example"), alpn), true) && answer.count == 0, "no other target where names are checked");
  check::that(https(service(name("elsewhere.example"), alpn), false) && answer.count == 1, "another target where they are not");
  check::that(https(service(std::string(1, '\0'), parameter(0, two(5)) + hello), true) && answer.count == 0, "what needs a part that is left out is left out");
  check::that(https(service(std::string(1, '\0'), hello + alpn), true) && answer.count == 0, "parameters out of order");
  check::that(https(service(std::string(1, '\0'), parameter(4, "abc")), false) && answer.count == 0, "a hint of three bytes");
  check::that(parse(answer_message("a.example", 16, {record(same, 16, 60, "\x03" "abc")}), "a.example", dns_type::txt) && answer.count == 1, "text");
  check::that(parse(answer_message("a.example", 16, {record(same, 16, 60, "\x09" "abc")}), "a.example", dns_type::txt) && answer.count == 0, "text beyond its end");
  check::that(parse(answer_message("a.example", 33, {record(same, 33, 60, two(0) + two(5) + two(27017) + same)}), "a.example", dns_type::srv) &&
                  answer.records.find("example") != std::string::npos, "a service's host is written out");
  std::vector<std::string> many(dns_records_max + 1, record(same, 1, 60, four));
  refused(answer_message("a.example", 1, many), "too many records");
}

void test_building() {
  DnsQuery query;
  parse_dns_query(build_dns_query(9, "a.example", dns_type::a), query);
  Address address;
  parse_address("10.0.0.1", address);
  std::string bytes = build_dns_answer(query, make_dns_answer("a.example", dns_type::a, {address}, 60));
  DnsAnswer answer;
  check::that(parse_dns_answer(bytes, 9, "a.example", dns_type::a, true, answer) && answer.addresses.size() == 1 && host_text(answer.addresses[0].address) == "10.0.0.1",
              "what we build we can read");
  DnsAnswer none;
  none.code = dns_code::no_such_name;
  check::that(parse_dns_answer(build_dns_answer(query, none), 9, "a.example", dns_type::a, true, answer) && answer.code == dns_code::no_such_name, "no such name");
  check::equal(make_dns_answer("a.example", dns_type::aaaa, {address}, 60).count, uint16_t{0}, "no IPv6 address");
}

}  // namespace

void test_dns_message() {
  test_queries();
  test_answers();
  test_building();
}
