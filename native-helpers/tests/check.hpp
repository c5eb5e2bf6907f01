// The smallest test harness that does the job: named cases, and a closing line that counts them.
#pragma once
#include <cstdio>
#include <string>
#include <string_view>

namespace check {

inline int passed = 0;
inline int failed = 0;

inline void that(bool ok, std::string_view what) {
  (ok ? passed : failed)++;
  if (!ok) std::printf("FAILED: %.*s\n", static_cast<int>(what.size()), what.data());
}

template <typename A, typename B>
void equal(const A& actual, const B& expected, std::string_view what) {
  bool ok = actual == expected;
  that(ok, what);
  if (!ok) {
    if constexpr (requires { std::string(actual); std::string(expected); }) {
      std::printf("  got:      %s\n  expected: %s\n", std::string(actual).c_str(), std::string(expected).c_str());
    }
  }
}

}  // namespace check

void test_text();
void test_plan();
void test_spool();
void test_network();
void test_names();
void test_first_bytes();
void test_dns_message();
void test_places();
void test_calls();
void test_package_caches();
void test_link();
void test_sha256();
void test_sealed_tree();
void test_socket_place();
void test_secrets();
void test_run_group();
void test_ask();
void test_pattern();
void test_areas();
void test_setting_door();
void test_user_home();
void test_target();
void test_records();
