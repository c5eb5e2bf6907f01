#include "../launcher/linux/package-caches.hpp"

#include "check.hpp"

using namespace belljar;

void test_package_caches() {
  check::equal(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "SHA-256 of nothing");
  check::equal(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "SHA-256 of abc (FIPS 180-4)");
  check::equal(sha256_hex(std::string(1000, 'a')), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3", "SHA-256 over several blocks");
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
