#include "../launcher/linux/package-caches.hpp"

#include "check.hpp"

using namespace belljar;

void test_package_caches() {
  std::string lock = R"({"node_modules/@a/b": {"version": "1.0.0", "resolved": "https://packages.example/npm/@a/b/-/b-1.0.0.tgz"}})";
  check::equal(registry_of(lock, "@a/b"), "https://packages.example/npm/", "where a package came from");
  check::equal(registry_of(lock, "b"), "https://packages.example/npm/@a/", "by the text alone: a wrong guess only finds no entry");
  check::equal(registry_of(lock, "c"), "", "another package");
  check::equal(package_name("name"), "name", "a plain name");
  check::equal(package_name("name@latest"), "name", "with a version");
  check::equal(package_name("@scope/name@^1.2.3"), "@scope/name", "with a scope and a version");
  for (const char* bad : {"", "-y", "./x", "/x", "../x", "@scope", "a/b", "@a/b/c", "git+ssh://x", "a b", "https://x/y"}) {
    check::equal(package_name(bad), "", std::string("no registry name: ") + bad);
  }
}
