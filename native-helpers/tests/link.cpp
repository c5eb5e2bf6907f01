#include "../launcher/core/link.hpp"

#include <vector>

#include "../launcher/linux/link-door.hpp"
#include "../launcher/linux/link-helper.hpp"
#include "check.hpp"

using namespace belljar;

void test_link() {
  static constexpr struct {
    const char* text;
    const char* host;  // null: refused
    bool loopback;
  } cases[] = {
      {"https://accounts.example.com/authorize?client_id=a&state=b#c", "accounts.example.com", false},
      {"HTTPS://Accounts.Example.COM.", "accounts.example.com", false},
      {"https://example.com:8443/", "example.com", false},
      {"https://xn--e1awd7f.example/", "xn--e1awd7f.example", false},
      {"https://93.184.216.34/", "93.184.216.34", false},
      {"https://example.com?q=a|b{c}", "example.com", false},
      {"http://localhost:3000/callback", "localhost", true},
      {"http://127.0.0.1:3000/", "127.0.0.1", true},
      {"https://app.localhost/", "app.localhost", true},
      {"https://0.0.0.0:80/", "0.0.0.0", true},
      {"http://example.com/", nullptr, false},
      {"http://localhost.example.com/", nullptr, false},
      {"http://127.0.0.1.example.com/", nullptr, false},
      {"https://good.example@evil.example/", nullptr, false},
      {"https://good.example:443@evil.example/", nullptr, false},
      {"https://good.example\\@evil.example/", nullptr, false},
      {"https://good.example/\\", nullptr, false},
      {"https:/example.com", nullptr, false},
      {"https:example.com", nullptr, false},
      {"https:///example.com", nullptr, false},
      {"https://", nullptr, false},
      {"https://:443/", nullptr, false},
      {"https://example.com:0/", nullptr, false},
      {"https://example.com:65536/", nullptr, false},
      {"https://example.com:/", nullptr, false},
      {"https://exa%6Dple.com/", nullptr, false},
      {"https://127.1/", nullptr, false},
      {"https://0x7f.0.0.1/", nullptr, false},
      {"https://127.0.0.0x1/", nullptr, false},
      {"https://2130706433/", nullptr, false},
      {"https://0177.0.0.1/", nullptr, false},
      {"https://[::1]/", nullptr, false},
      {"https://a..b/", nullptr, false},
      {"https://-a.example/", nullptr, false},
      {"https://example.com/ x", nullptr, false},
      {"https://example.com/\nx", nullptr, false},
      {"https://ex\xC3\xA4mple.com/", nullptr, false},
      {"file:///etc/passwd", nullptr, false},
      {"javascript:alert(1)", nullptr, false},
      {"mailto:a@example.com", nullptr, false},
      {"--help", nullptr, false},
      {"", nullptr, false},
  };
  for (const auto& one : cases) {
    auto link = parse_link(one.text);
    check::that(link.has_value() == (one.host != nullptr), one.text);
    if (!link || one.host == nullptr) continue;
    check::equal(link->host, std::string(one.host), one.text);
    check::that(link->loopback == one.loopback, one.text);
  }
  std::string longest = "https://example.com/";
  longest.append(link_max_bytes - longest.size(), 'a');
  check::that(parse_link(longest).has_value(), "8 KiB");
  check::that(!parse_link(longest + "a").has_value(), "more than 8 KiB");
  check::that(!parse_link(std::string_view("https://example.com/\0x", 22)).has_value(), "a zero byte");
  // Every cut and every changed byte of a link: never a crash, and a host is always of the form that rules are written in.
  std::string good = "https://user-accounts.example.com:8443/authorize?a=b#c";
  for (size_t i = 0; i < good.size(); i++) {
    if (auto link = parse_link(std::string_view(good).substr(0, i))) check::that(!link->host.empty(), "a host");
    for (int byte = 0; byte < 256; byte++) {
      std::string changed = good;
      changed[i] = static_cast<char>(byte);
      auto link = parse_link(changed);
      bool plain = !link || link->host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") == std::string::npos;
      if (!plain) check::that(false, changed);
    }
  }

  check::that(link_rule_covers("accounts.example.com", *parse_link("https://accounts.example.com/")), "the host itself");
  check::that(!link_rule_covers("accounts.example.com", *parse_link("https://accounts.example.com.evil.example/")), "another host");
  check::that(link_rule_covers("*.example.com", *parse_link("https://a.b.example.com/")), "a host below");
  check::that(!link_rule_covers("*.example.com", *parse_link("https://example.com/")), "not the name itself");
  check::that(!link_rule_covers("*.example.com", *parse_link("https://badexample.com/")), "not a name that ends alike");
  check::that(!link_rule_covers("localhost", *parse_link("https://localhost/")), "never this machine");

  std::string ok = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
  HostVerdict allowed = host_verdict(ok + "{\"outcome\":\"allowed\",\"asked\":false}");
  check::that(allowed.reason.empty() && !allowed.asked, "allowed by a rule");
  check::that(host_verdict(ok + "{\"outcome\":\"allowed\",\"asked\":true}").asked, "allowed by an answer");
  HostVerdict refused = host_verdict(ok + "{\"outcome\":\"refused\",\"reason\":\"no-answer\",\"asked\":true}");
  check::that(refused.reason == "no-answer" && refused.asked, "refused");
  for (const std::string& wrong : std::vector<std::string>{"", "HTTP/1.1 200 OK\r\n", ok, ok + "{\"outcome\":\"allowed\",\"asked\":true} ", ok + "{\"outcome\":\"allowed\",\"asked\":1}", ok + "{\"outcome\":\"allowed\"}",
                                                          "HTTP/1.1 403 Forbidden\r\n\r\n{\"outcome\":\"allowed\",\"asked\":true}",
                                                          ok + "{\"outcome\":\"refused\",\"reason\":\"\",\"asked\":true}",
                                                          ok + "{\"outcome\":\"refused\",\"reason\":\"a\\nb\",\"asked\":true}"}) {
    check::equal(host_verdict(wrong).reason, std::string("no-host"), wrong);
    check::that(!host_verdict(wrong).asked, wrong);
  }
  check::that(is_link_helper_name("/run/t-1/bin/xdg-open") && is_link_helper_name("www-browser"), "the helper's names");
  check::that(!is_link_helper_name("/data/bin/belljar-launcher") && !is_link_helper_name("") && !is_link_helper_name("xdg-open-x"), "no other name");
}
