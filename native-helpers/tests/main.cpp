#include "check.hpp"

int main() {
  test_text();
  test_plan();
  test_spool();
  test_network();
  test_names();
  test_first_bytes();
  test_dns_message();
  test_places();
  test_calls();
  test_package_caches();
  test_link();
  test_sha256();
  test_sealed_tree();
  test_socket_place();
  test_secrets();
  test_run_group();
  test_ask();
  test_pattern();
  test_areas();
  test_setting_door();
  test_user_home();
  test_target();
  test_records();
  std::printf("native: %d passed, %d failed\n", check::passed, check::failed);
  return check::failed == 0 ? 0 : 1;
}
