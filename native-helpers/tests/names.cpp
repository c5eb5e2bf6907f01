#include "../launcher/core/host-rules.hpp"
#include "../launcher/core/name-table.hpp"
#include "../launcher/core/resolver-files.hpp"
#include "../launcher/linux/name-server.hpp"
#include "../launcher/linux/proxy.hpp"
#include "check.hpp"

#include <cstdlib>

using namespace belljar;

namespace {

Address host(const char* text) {
  Address address;
  parse_address(text, address);
  return address;
}

void test_rules() {
  for (const char* good : {"a", "api.example.com", "xn--bcher-kva.example", "_srv._tcp.example.com", "a-b.c1"}) check::that(valid_host_name(good), good);
  std::string label(64, 'a');
  for (const std::string& bad : {std::string(""), std::string("."), std::string("a..b"), std::string("a."), std::string(".a"), std::string("A.b"),
                                std::string("1.2.3.4"), std::string("a.1"), std::string("a b"), std::string("a\0b", 3), label, std::string(254, 'a')}) {
    check::that(!valid_host_name(bad), "not a name: " + bad);
  }
  check::equal(normal_host_name("Api.EXAMPLE.com."), "api.example.com", "names in lower case, without a final dot");

  std::string error;
  auto compiles = [&error](const char* pattern) {
    HostRules rules;
    return rules.compile({{pattern, {{1, 65'535}}, true}}, error);
  };
  for (const char* good : {"a.b", "*.a.b", "10.0.0.0/8", "10.0.0.1", "::1", "fd00::/8", "::/0", "::ffff:10.0.0.1"}) check::that(compiles(good), good);
  for (const char* bad : {"10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0", "a/8", "*.10.0.0.1", "*.*.a", "a.*", "::ffff:10.0.0.0/104", "a:443"}) {
    check::that(!compiles(bad), std::string("not a pattern: ") + bad);
  }

  HostRules rules;
  check::that(rules.compile({{"10.128.0.0/9", {{1, 65'535}}, true}, {"fd00::/7", {{1, 65'535}}, true}}, error), "networks");
  auto names = [&rules](const char* text) {
    Address address = host(text);
    address.port = 80;
    return rules.names_address(address, false);
  };
  check::that(names("10.128.0.0") && names("10.255.255.255") && !names("10.127.255.255") && !names("11.128.0.0"), "prefix of 9 bits");
  check::that(names("fc00::1") && names("fdff::1") && !names("fe00::1"), "prefix of 7 bits");

  HostRules suffixes;
  suffixes.compile({{"*.example.com", {{443, 443}}, true}, {"*.deep.example.com", {{443, 443}}, true}, {"full.example.com", {{80, 80}}, true}}, error);
  size_t below = 0;
  check::that(suffixes.may_look_up("a.b.example.com", below) && below == 3, "what stands before the suffix");
  check::that(suffixes.may_look_up("abc.deep.example.com", below) && below == 3, "the longest suffix counts");
  check::that(suffixes.may_look_up("full.example.com", below) && below == 0, "a name in full");
  check::that(!suffixes.may_look_up("example.com", below) && !suffixes.may_look_up("xexample.com", below) && !suffixes.may_look_up(".example.com", below), "not below it");
  suffixes.add_own("proxy.office.example", 3128);
  check::equal(suffixes.full_names().size(), 1u, "names that are held in full, without the machine's own");
  check::that(suffixes.name_at("proxy.office.example", 3128).own && !suffixes.may_look_up("proxy.office.example", below), "the machine's own proxy is not looked up");
  check::that(suffixes.names_host("proxy.office.example") && suffixes.names_host("a.example.com") && suffixes.names_host("full.example.com"), "named by some rule");
  check::that(!suffixes.names_host("example.com") && !suffixes.names_host("office.example"), "named by none");
  suffixes.add_own("full.example.com", 3128);
  check::that(suffixes.full_names().size() == 1 && suffixes.may_look_up("full.example.com", below), "named by the plan as well");
}

void test_table() {
  NameTable table;
  constexpr int64_t second = 1'000'000'000;
  table.learn(host("1.2.3.4"), "a.example", 10 * second, false);
  check::equal(table.names_of(host("1.2.3.4"), 9 * second).size(), 1u, "within its time");
  check::equal(table.names_of(host("1.2.3.4"), 10 * second).size(), 0u, "not after it");
  check::equal(table.names_of(host("::ffff:1.2.3.4"), second).size(), 1u, "the same address in another form");
  check::equal(table.names_of(host("1.2.3.5"), second).size(), 0u, "not another address");
  table.learn(host("1.2.3.4"), "b.example", 20 * second, true);
  table.learn(host("1.2.3.4"), "a.example", 5 * second, false);
  auto both = table.names_of(host("1.2.3.4"), second);
  check::that(both.size() == 2 && both[0].name == "a.example" && both[0].until == 10 * second, "the last learnt first, the longest time kept");
  check::that(both[1].of_hosts && !both[0].of_hosts, "where each came from");
  for (int i = 0; i < 50; i++) table.learn(host("1.2.3.4"), "n" + std::to_string(i) + ".example", (100 + i) * second, false);
  check::equal(table.names_of(host("1.2.3.4"), second).size(), name_table_names, "names of one address are bounded");
  for (int i = 0; i < 20'000; i++) {
    Address one = host("9.0.0.0");
    one.bytes[1] = static_cast<uint8_t>(i >> 16), one.bytes[2] = static_cast<uint8_t>(i >> 8), one.bytes[3] = static_cast<uint8_t>(i);
    table.learn(one, "flood.example", (1000 + i) * second, false);
  }
  check::that(table.size() <= name_table_addresses, "addresses are bounded");
  check::equal(table.names_of(host("9.0.78.31"), second).size(), 1u, "the newest is there");
}

void test_files() {
  auto servers = name_servers_of("# x\nnameserver 127.0.0.53\nnameserver\t10.0.0.2 # y\nnameserver bad\nnameserverx 1.2.3.4\nnameserver fe80::1%eth0\noptions edns0\n");
  check::that(servers.size() == 3 && servers[0].port == 53 && host_text(servers[1]) == "10.0.0.2" && host_text(servers[2]) == "fe80::1", "name servers");
  check::equal(resolv_conf_for("nameserver 10.0.0.2\nsearch corp.example\noptions ndots:2 # x\nsortlist 1.2.3.4\n", host("127.0.0.77"), false),
               "nameserver 127.0.0.77\nsearch corp.example\noptions ndots:2\noptions use-vc\n", "our resolv.conf");
  check::equal(resolv_conf_for("", host("127.0.0.77"), false), "nameserver 127.0.0.77\noptions use-vc\n", "our resolv.conf where there is none");
  check::equal(resolv_conf_for("options timeout:1 attempts:5\n", host("127.0.0.77"), true),
               "nameserver 127.0.0.77\noptions timeout:1 attempts:5\noptions use-vc\noptions timeout:25 attempts:1\n", "a look-up that may wait for a person");
  auto entries = entries_of_hosts("127.0.0.1\tlocalhost LocalHost.Domain # c\n\n10.0.0.5 git.corp\n::1 ip6-localhost\nbad line\n1.2.3.4\n");
  check::that(entries.size() == 4 && entries[1].name == "localhost.domain" && entries[2].name == "git.corp" && !entries[3].address.v4, "entries of hosts");
  std::string file = hosts_file_for("10.0.0.5 git.corp", {"api.example", "git.corp", "b.example"});
  check::equal(file, "10.0.0.5 git.corp\n198.18.0.1 api.example\n198.18.0.3 b.example\n", "made-up addresses for names that the machine does not know");
  for (size_t index : {size_t{0}, size_t{1}, size_t{254}, size_t{255}, size_t{256}, made_up_addresses_max - 1}) {
    size_t back = 0;
    check::that(made_up_index(made_up_address(index), back) && back == index, "made up and back " + std::to_string(index));
  }
  size_t none = 0;
  check::that(!made_up_index(host("198.18.0.0"), none) && !made_up_index(host("198.20.0.1"), none) && !made_up_index(host("::1"), none), "not made up");
}

void test_budget() {
  NameBudget budget(10);
  constexpr int64_t minute = 60'000'000'000;
  int taken = 0;
  for (int i = 0; i < 100; i++) taken += budget.take("n" + std::to_string(i), minute) ? 1 : 0;
  check::equal(taken, 10, "different names in a minute");
  check::that(budget.take("n3", minute), "a name that was asked for costs nothing");
  check::that(!budget.take("n50", minute) && budget.take("n50", minute + minute / 9), "after a while there is room for one more");
  check::that(!budget.take("n51", minute + minute / 9), "and not for two");
}

void test_proxy() {
  auto from = [](const char* value, const char* direct) {
    for (const char* name : proxy_variables) unsetenv(name);
    if (value != nullptr) setenv("https_proxy", value, 1);
    if (direct != nullptr) setenv("NO_PROXY", direct, 1);
    std::string unusable;
    UpstreamProxy proxy = proxy_from_environment(unusable);
    for (const char* name : proxy_variables) unsetenv(name);
    if (!unusable.empty()) proxy.host = "unusable " + unusable;
    return proxy;
  };
  check::that(from(nullptr, nullptr).host.empty(), "no proxy");
  UpstreamProxy proxy = from("http://user:p%40ss@Proxy.Corp:3128/", "localhost, .internal.corp,*.example.com");
  check::that(proxy.host == "proxy.corp" && proxy.port == 3128, "a proxy");
  check::equal(proxy.authorization, "Basic dXNlcjpwQHNz", "with a password");
  check::that(proxy.goes_direct("a.internal.corp") && proxy.goes_direct("internal.corp") && proxy.goes_direct("x.example.com"), "NO_PROXY");
  check::that(!proxy.goes_direct("xinternal.corp") && !proxy.goes_direct("example.org"), "all else through the proxy");
  check::that(from("10.0.0.1:8080", "*").goes_direct("anything.example"), "NO_PROXY for all");
  proxy = from("http://[fd00::1]:3128", nullptr);
  check::that(proxy.host == "fd00::1" && proxy.port == 3128, "a proxy by IPv6 address");
  check::equal(from("socks5://10.0.0.1:1080", nullptr).host, "unusable https_proxy", "another kind of proxy is said");
  for (const char* bad : {"http://", "http://a b:80", "http://a:0", "http://a:99999", "http://[::1:80"}) {
    check::equal(from(bad, nullptr).host, "unusable https_proxy", std::string("not a proxy: ") + bad);
  }
}

}  // namespace

void test_names() {
  test_rules();
  test_table();
  test_files();
  test_budget();
  test_proxy();
}
